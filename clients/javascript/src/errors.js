/** Errors of the client. `code` is stable across releases, the message is for people. */

export class ShelflensError extends Error {
  constructor(message, code) {
    super(message);
    this.name = new.target.name;
    this.code = code;
  }
}

/**
 * An error response of the service: its `status`, `code` and `message`, `param` (the invalid field, or null) and
 * `requestId` (of the request in the service's log).
 */
export class RequestFailed extends ShelflensError {
  constructor(message, { status, code, param = null, requestId = "" }) {
    super(message, code);
    this.status = status;
    this.param = param;
    this.requestId = requestId;
  }

  toString() {
    return `${this.name}: ${this.message} (${this.status} ${this.code})`;
  }
}

export class ServiceUnreachable extends ShelflensError {
  constructor(cause) {
    super("The service cannot be reached, or the connection broke.", "service_unreachable");
    this.cause = cause;
  }
}

export class ServiceTimeout extends ShelflensError {
  constructor(message = "The service did not respond in time.") {
    super(message, "service_timeout");
  }
}

/** A webhook whose signature or time is not right, or that is none. */
export class WebhookInvalid extends ShelflensError {
  constructor(message) {
    super(message, "webhook_invalid");
  }
}

/** The error of a response. If it is not the service's, but a proxy's, its code is `answer_unknown`. */
export async function failed(response) {
  const requestId = response.headers.get("x-request-id") ?? "";
  let said;
  try {
    said = (await response.json()).error;
  } catch {
    said = undefined;
  }
  if (typeof said?.code !== "string" || typeof said.message !== "string") {
    return unknownAnswer(response, `The answer with status ${response.status} is not one of Shelflens.`);
  }
  return new RequestFailed(said.message, { status: response.status, code: said.code, param: said.param, requestId });
}

export function unknownAnswer(response, message = "The answer is not one of Shelflens.") {
  const requestId = response.headers.get("x-request-id") ?? "";
  return new RequestFailed(message, { status: response.status, code: "answer_unknown", requestId });
}
