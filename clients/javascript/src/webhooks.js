/** Verifies what the service sends to a webhook, as standardwebhooks.com has it. */

import { WebhookInvalid } from "./errors.js";

const PREFIX = "whsec_";
const TOLERANCE_SECONDS = 300;

/**
 * The event of a webhook request: `{id, type, timestamp, data}`. Take each `id` once: an event may come again.
 *
 * body: the request's body as it came, a string or bytes. headers: a Headers, or an object with names in lower case.
 * secret: the content of the service's secret file. Throws WebhookInvalid.
 */
export async function verifyWebhook(body, headers, secret, { toleranceSeconds = TOLERANCE_SECONDS, now } = {}) {
  const read = (name) => (typeof headers.get === "function" ? headers.get(name) : headers[name]) ?? "";
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(read);
  if (!id || !/^\d{1,12}$/.test(timestamp) || !signatures) {
    throw new WebhookInvalid("The request lacks webhook-id, webhook-timestamp or webhook-signature.");
  }
  const seconds = now ?? Date.now() / 1000;
  if (Math.abs(seconds - Number(timestamp)) > toleranceSeconds) {
    throw new WebhookInvalid("The webhook's time is too far from now.");
  }
  const encoder = new TextEncoder();
  const bytes = typeof body === "string" ? encoder.encode(body) : new Uint8Array(body);
  const head = encoder.encode(`${id}.${timestamp}.`);
  const signed = new Uint8Array(head.length + bytes.length);
  signed.set(head);
  signed.set(bytes, head.length);
  const subtle = (globalThis.crypto ?? (await import("node:crypto")).webcrypto).subtle; // Node 18 has no global one
  const key = await subtle.importKey("raw", secretBytes(secret), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  for (const signature of signatures.split(" ")) {
    const [version, value] = signature.split(",");
    const given = version === "v1" ? fromBase64(value ?? "") : null;
    if (given && (await subtle.verify("HMAC", key, given, signed))) {
      return { id, ...JSON.parse(new TextDecoder().decode(bytes)) };
    }
  }
  throw new WebhookInvalid("The webhook's signature is not of this secret.");
}

function secretBytes(secret) {
  const text = secret.trim();
  const bytes = fromBase64(text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text);
  if (!bytes || bytes.length < 16) throw new WebhookInvalid("The secret is not whsec_ and at least 16 bytes in base64.");
  return bytes;
}

function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
