/** Of all errors of the client. `code` is stable across releases, the message is for people. */
export declare class ShelflensError extends Error {
  readonly code: string;
}

/** An error response of the service. If it is not the service's, but a proxy's, its code is `answer_unknown`. */
export declare class RequestFailed extends ShelflensError {
  readonly status: number;
  /** The invalid field, if there is one. */
  readonly param: string | null;
  /** Of the request in the service's log. */
  readonly requestId: string;
}

/** Code `service_unreachable`. */
export declare class ServiceUnreachable extends ShelflensError {}

/** Code `service_timeout`. */
export declare class ServiceTimeout extends ShelflensError {}

/** Code `webhook_invalid`: a webhook whose signature or time is not right, or that is none. */
export declare class WebhookInvalid extends ShelflensError {}
