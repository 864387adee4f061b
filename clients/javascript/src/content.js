/** What requests carry: images as data URIs, files in forms, ids in paths. */

import { ShelflensError } from "./errors.js";

const CHUNK = 0x8000;

/** Whether a value holds bytes: a Blob (a File is one), an ArrayBuffer, or a view of one (a Buffer is one). */
export function isBinary(value) {
  return value instanceof Blob || value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

export function asBlob(value) {
  return value instanceof Blob ? value : new Blob([value]);
}

/** The same with a data URI in place of each value that holds bytes. */
export async function withUris(value) {
  if (isBinary(value)) return dataUri(value);
  if (Array.isArray(value)) return Promise.all(value.map(withUris));
  if (value === null || typeof value !== "object" || typeof value.toJSON === "function") return value;
  const entries = Object.entries(value).map(async ([name, each]) => [name, await withUris(each)]);
  return Object.fromEntries(await Promise.all(entries));
}

async function dataUri(value) {
  const bytes = new Uint8Array(await asBlob(value).arrayBuffer());
  let text = "";
  for (let start = 0; start < bytes.length; start += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return `data:application/octet-stream;base64,${btoa(text)}`;
}

/** Fields as a multipart form: bytes as files (called `filename`), texts as they are, all else as JSON; a list as several fields. */
export function form(fields, filename) {
  const sent = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue;
    const several = Array.isArray(value) ? value : [value];
    if (several.length > 0 && several.every(isBinary)) {
      for (const each of several) sent.append(name, asBlob(each), filename ?? each.name ?? name);
    } else {
      for (const each of several) sent.append(name, typeof each === "string" ? each : JSON.stringify(each));
    }
  }
  return sent;
}

/** An id as one segment of a path. Throws for "." and "..", which fetch takes for steps in the path, also escaped. */
export function segment(id) {
  const text = String(id);
  if (text === "" || text === "." || text === "..") {
    throw new ShelflensError(`The id ${JSON.stringify(text)} cannot stand in an address.`, "id_not_addressable");
  }
  return encodeURIComponent(text);
}
