// The way to the service: requests with the key, errors as one kind, uploads with progress.
import { translated } from "./language.js";
import { problem } from "./problems.js";

const KEY = "shelflens.key";

/** What the service, or the way to it, says went wrong. `code` is the service's, or "network". */
export class ApiError extends Error {
  constructor(code, message, { status = 0, requestId = "", retryAfter = 0 } = {}) {
    super(message);
    Object.assign(this, { code, status, requestId, retryAfter });
  }

  /** In the reader's language where the code is known there; else as the service says it. */
  get text() {
    return problem(this.code, this.message).text || translated("error.unknown", "");
  }

  /** The service's own sentence, where its parts would be lost in the reader's language; else "". */
  get more() {
    return problem(this.code, this.message).more;
  }
}

let given = readKey();

function readKey() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return ""; // a browser that keeps nothing: the key then lasts as long as the page
  }
}

/** The key lasts as long as the tab and goes nowhere but into the header. */
export const key = {
  get: () => given,
  set(value) {
    given = value;
    try {
      if (value) sessionStorage.setItem(KEY, value);
      else sessionStorage.removeItem(KEY);
    } catch {
      // see readKey
    }
  },
};

let askForKey = async () => false;
let asking = null;
let declined = false; // the reader would not give a key: he is asked again once he does something

/** ask: shows the key's dialog; resolves to whether a key was given. */
export function onKeyNeeded(ask) {
  askForKey = ask;
}

export function askAgain() {
  declined = false;
}

/** Many requests may find at once that there is no key; the reader is asked once. */
async function keyGiven(used) {
  if (key.get() !== used) return true;
  if (declined) return false;
  asking ??= askForKey(used !== "").finally(() => (asking = null));
  declined = !(await asking);
  return !declined;
}

/**
 * body: an object for JSON, a FormData, or a Blob. as: "json", "blob", "text", or "response" with its headers. keepalive: sent even if the reader closes the
 * page meanwhile. Raises ApiError, or AbortError by the signal.
 */
export async function request(path, { method, body, signal, headers = {}, as = "json", keepalive = false } = {}) {
  const json = body !== undefined && !(body instanceof FormData || body instanceof Blob);
  for (;;) {
    const used = key.get();
    const response = await reach(path, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      body: json ? JSON.stringify(body) : body,
      signal,
      headers: { ...(json && { "Content-Type": "application/json" }), ...authorization(used), ...headers },
      credentials: "same-origin",
      keepalive,
    });
    if (response.ok) return response.status === 204 ? null : await read(response, as, signal);
    const error = refusal(response.status, response.headers, await response.text().catch(() => ""));
    if (response.status !== 401 || !(await keyGiven(used))) throw error;
    signal?.throwIfAborted();
  }
}

const authorization = (used) => (used ? { Authorization: `Bearer ${used}` } : {});

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    throw error.name === "AbortError" ? error : unreachable();
  }
}

async function read(response, as, signal) {
  if (as === "response") return response;
  try {
    return await response[as]();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable(); // the connection ended within the answer
  }
}

const unreachable = () => new ApiError("network", translated("error.network", ""));

function refusal(status, headers, text) {
  const facts = {
    status,
    requestId: headers.get("x-request-id") ?? "",
    retryAfter: Number(headers.get("retry-after")) || 0,
  };
  try {
    const { code, message } = JSON.parse(text).error;
    return new ApiError(String(code), String(message), facts);
  } catch {
    return new ApiError("unknown", "", facts); // not this service's answer: a proxy's, say
  }
}

/** POST a form and tell how much of it has gone: `onprogress(share)`. fetch cannot tell, so this is XMLHttpRequest. */
export async function upload(path, form, { headers = {}, signal, onprogress }) {
  for (;;) {
    const used = key.get();
    const answer = await send(path, form, { ...authorization(used), ...headers }, signal, onprogress);
    if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.responseText);
    const read = { get: (name) => answer.getResponseHeader(name) };
    const error = refusal(answer.status, read, answer.responseText);
    if (answer.status !== 401 || !(await keyGiven(used))) throw error;
  }
}

function send(path, form, headers, signal, onprogress) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", path);
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    call.upload.onprogress = (event) => event.lengthComputable && onprogress(event.loaded / event.total);
    call.onload = () => resolve(call);
    call.onerror = () => reject(unreachable());
    call.onabort = () => reject(new DOMException("", "AbortError"));
    signal.addEventListener("abort", () => call.abort());
    call.send(form);
  });
}

/** A key for a request that must not be carried out twice. crypto.randomUUID is not there on plain http. */
export function onceOnly() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
