/** Sends requests, again where that helps, and reads the answers. */

import { form, isBinary, withUris } from "./content.js";
import { RequestFailed, ServiceTimeout, ServiceUnreachable, ShelflensError, failed, unknownAnswer } from "./errors.js";

const ADDRESS = "http://127.0.0.1:8000";
const TIMEOUT_SECONDS = 60;
const RETRIES = { limit: 3, waitSeconds: 0.5, longestSeconds: 30 };
const DEADLINE = "X-Request-Deadline-Seconds";
// Nothing was sent: Node says so, browsers do not.
const NOT_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);
const JSON_TYPE = "application/json";

/** A request is `{method, path, query, headers, json, formed, bytes, repeatable}`. */
export class Transport {
  #address;
  #headers;
  #timeout;
  #retries;
  #fetch;

  constructor(address = ADDRESS, { apiKey, timeoutSeconds = TIMEOUT_SECONDS, retries = {}, fetch } = {}) {
    const key = apiKey ?? globalThis.process?.env?.SHELFLENS_API_KEY ?? "";
    this.#address = new URL(address).href.replace(/\/+$/, "");
    this.#headers = key ? { Authorization: `Bearer ${key}` } : {};
    this.#timeout = timeoutSeconds;
    this.#retries = { ...RETRIES, ...retries };
    this.#fetch = fetch ?? globalThis.fetch.bind(globalThis);
  }

  async _json(request, options) {
    return this.#read(request, options, async (response) => {
      try {
        return await response.json();
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        throw unknownAnswer(response);
      }
    });
  }

  async _nothing(request, options) {
    await this.#read(request, options, (response) => response.arrayBuffer());
  }

  async _text(request, options) {
    return this.#read(request, options, (response) => response.text());
  }

  async _blob(request, options) {
    return this.#read(request, options, (response) => response.blob());
  }

  /** A stream of bytes, while the service is still sending. What breaks it off makes reading fail. */
  async _stream(request, options) {
    return this.#read(request, options, (response) => response.body);
  }

  /** Each line of the answer, which is JSON Lines, while the service is still sending. */
  async *_lines(request, options) {
    const reader = (await this._stream(request, options)).getReader();
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for (;;) {
        const { value, done } = await reader.read();
        const lines = (rest + (done ? decoder.decode() : decoder.decode(value, { stream: true }))).split("\n");
        rest = done ? "" : lines.pop();
        for (const line of lines) if (line) yield parsed(line);
        if (done) return;
      }
    } catch (error) {
      throw error instanceof TypeError ? new ServiceUnreachable(error) : error;
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  async #read(request, options = {}, read) {
    const { url, init } = await this.#prepared(request, options);
    for (let attempt = 0; ; attempt += 1) {
      const { result, again, error, response } = await this.#attempt(url, init, options, request, read);
      if (error === undefined) return result;
      const seconds = again ? waitSeconds(this.#retries, attempt, response) : null;
      if (seconds === null) throw error;
      await sleep(seconds, options.signal);
    }
  }

  async #prepared({ method, path, query, headers, json, formed, bytes }, options) {
    const sent = { [DEADLINE]: this.#seconds(options).toFixed(3), ...this.#headers, ...headers, ...options.headers };
    let body = bytes;
    if (formed !== undefined) {
      body = form(formed, options.filename);
    } else if (json !== undefined) {
      body = JSON.stringify(await withUris(json));
      sent["Content-Type"] = JSON_TYPE;
    } else if (bytes !== undefined) {
      sent["Content-Type"] = "application/octet-stream";
    }
    const given = Object.entries(sent).filter(([, value]) => value !== undefined);
    return { url: this.#address + path + queryText(query), init: { method, headers: given, body, redirect: "manual" } };
  }

  #seconds(options) {
    return options.timeoutSeconds ?? this.#timeout;
  }

  /** One attempt: `{result}`, or `{error, again, response}`; again: whether it may be repeated. */
  async #attempt(url, init, options, { repeatable = true }, read) {
    const { signal } = options;
    signal?.throwIfAborted();
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new ServiceTimeout()), this.#seconds(options) * 1000);
    const leave = () => controller.abort(signal.reason);
    signal?.addEventListener("abort", leave);
    try {
      const response = await this.#fetch(url, { ...init, signal: controller.signal });
      if (response.ok) return { result: await read(response) };
      // A request answered by 429 had no effect.
      const again = response.status === 429 || (response.status === 503 && repeatable);
      return { error: await failed(response), again, response };
    } catch (error) {
      if (controller.signal.aborted) return { error: controller.signal.reason, again: false };
      if (error instanceof RequestFailed) return { error, again: false };
      return { error: new ServiceUnreachable(error), again: repeatable || NOT_SENT.has(error.cause?.code) };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", leave);
    }
  }
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    throw new ShelflensError("The answer is not one of Shelflens.", "answer_unknown");
  }
}

/** How a body goes: as a form where the field that holds its file, or its files, holds bytes; else as JSON. */
export function content(body, field) {
  const value = body?.[field];
  return isBinary(value) || (Array.isArray(value) && value.some(isBinary)) ? { formed: body } : { json: body };
}

/** Seconds to wait after an attempt, counted from 0. null: no more of them. */
function waitSeconds({ limit, waitSeconds, longestSeconds }, attempt, response) {
  if (attempt >= limit) return null;
  // Jitter: clients that were refused together must not return together.
  const own = waitSeconds * 2 ** attempt * (0.75 + Math.random() / 4);
  const seconds = Math.max(own, retryAfter(response));
  return seconds <= longestSeconds ? seconds : null;
}

/** Seconds that Retry-After asks to wait: a number or a date (RFC 9110, 10.2.3). 0 if there is none. */
function retryAfter(response) {
  const value = response?.headers.get("retry-after") ?? "";
  if (/^\d+$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? 0 : (date - Date.now()) / 1000;
}

export function sleep(seconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const leave = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", leave);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", leave, { once: true });
  });
}

/** Lists become several parameters of one name, objects JSON. What is undefined or null is left out. */
function queryText(query = {}) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each === undefined || each === null) continue;
      parameters.append(name, typeof each === "object" ? JSON.stringify(each) : String(each));
    }
  }
  const text = parameters.toString();
  return text ? `?${text}` : "";
}
