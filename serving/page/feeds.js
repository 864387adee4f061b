// What the reader chose to bring in, as feeds: each becomes a job of its own.
import { bytes } from "./language.js";

const TEXT = /\.(csv|tsv|tab|txt|jsonl|ndjson)$/i;
const FEED = /\.(csv|tsv|jsonl|ndjson|parquet|xlsx)(\.gz)?$/i; // in a folder, where a .txt is most often a note
const DOCUMENT = /\.(xml|json)(\.gz)?$/i; // in a folder, a feed only where there is no other
const IMAGE = /\.(jpe?g|jfif|png|webp|gif|bmp)$/i;
const BEGINNING = 1024 * 1024; // bytes of a feed that are looked at
export const AT_ONCE = 16 * 1024 * 1024; // bytes that go in one request; more goes in parts

/**
 * A feed: `name` and `size` as shown; `file` to send, or `entries` to zip first, or `source`, a path on the server.
 * upload: how far it has been sent in parts; columns: what the reader changed, field -> column; encoding: what the reader
 * chose, "" to have it recognised; look: what is sent to have it looked at; preview: what the service made of that.
 */
function feed(name, more) {
  const unsent = { upload: null, columns: {}, encoding: "", key: null, preview: null };
  return { name, size: "", file: null, entries: null, source: null, ...unsent, ...more };
}

export const ofFile = (file) => feed(file.name, { size: bytes(file.size), file, look: beginning(file) });

export const ofSource = ({ path, bytes: size }) => feed(path, { size: bytes(size), source: path, look: { source: path } });

/** Each feed in the folder with all of its images; without a feed, the images alone. */
export function ofFolder(files) {
  const named = [...files].map((file) => ({ name: file.webkitRelativePath.replace(/^[^/]*\//, ""), file }));
  const kept = named.filter(({ name }) => !/(^|\/)\./.test(name));
  const images = kept.filter(({ name }) => IMAGE.test(name));
  const tables = kept.filter(({ name }) => FEED.test(name));
  const feeds = tables.length ? tables : kept.filter(({ name }) => DOCUMENT.test(name));
  const folder = files[0]?.webkitRelativePath.split("/")[0] ?? "";
  const size = (entries) => bytes(entries.reduce((sum, { file }) => sum + file.size, 0));
  const zipped = (name, entries, look) => feed(name, { size: size(entries), entries, look, images: images.length });
  if (!feeds.length) return images.length ? [zipped(`${folder}.zip`, images, null)] : [];
  return feeds.map((one) => zipped(one.name, [one, ...images], inFolder(one.file)));
}

/** Of a feed that will be in a zip: a large one that only the whole tells of is not looked at before. */
function inFolder(file) {
  const look = beginning(file);
  return look.cut || file.size <= AT_ONCE ? look : null;
}

/** The whole where only that tells: Parquet and zip are read from their end. */
function beginning(file) {
  if (TEXT.test(file.name) && file.size > BEGINNING)
    return { file: new File([file.slice(0, BEGINNING)], file.name), cut: true };
  return { file };
}
