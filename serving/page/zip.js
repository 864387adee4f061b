// Files in one zip, stored as they are: images are compressed already. The content stays where it is, on the reader's
// disk: each file is read once for its checksum, and the zip is a Blob that points to it.
// The layout is that of PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
import { ApiError } from "./api.js";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const UTF8_NAMES = 0x0800;
const VERSION = 20;
const DATE = 0x21; // 1 January 1980, the first that there is
const MAX_FILES = 65_535;
const MAX_BYTES = 0xffffffff; // of the whole; more would need another layout
const REFUSED = { status: 413 }; // trying again would not help

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** entries: [{name, file}]. onprogress(share). -> a Blob. Raises ApiError where it is too much, AbortError by the signal. */
export async function zip(entries, { signal, onprogress = () => {} }) {
  const content = entries.reduce((sum, { file }) => sum + file.size, 0);
  if (entries.length > MAX_FILES || content > MAX_BYTES) throw new ApiError("folder_too_large", "", REFUSED);
  const parts = [];
  const index = [];
  let [offset, number] = [0, 0];
  for (const { name, file } of entries) {
    signal.throwIfAborted();
    const encodedName = new TextEncoder().encode(name);
    const facts = [VERSION, UTF8_NAMES, 0, 0, DATE, await checksum(file, signal), file.size, file.size, encodedName.length, 0];
    const header = fields([[4, LOCAL], ...shaped(facts)]);
    const more = [[2, 0], [2, 0], [2, 0], [4, 0], [4, offset]];
    parts.push(header, encodedName, file);
    index.push(fields([[4, CENTRAL], [2, VERSION], ...shaped(facts), ...more]), encodedName);
    offset += header.length + encodedName.length + file.size;
    number += 1;
    onprogress(number / entries.length);
  }
  const size = index.reduce((sum, part) => sum + part.length, 0);
  if (offset + size > MAX_BYTES) throw new ApiError("folder_too_large", "", REFUSED);
  const end = fields([[4, END], [2, 0], [2, 0], [2, number], [2, number], [4, size], [4, offset], [2, 0]]);
  return new Blob([...parts, ...index, end]);
}

/** How many bytes each of these facts of a file has: both kinds of header hold them in this order. */
const shaped = (facts) => [2, 2, 2, 2, 2, 4, 4, 4, 2, 2].map((width, place) => [width, facts[place]]);

/** [[bytes, number]] -> the bytes, the lowest first. */
function fields(numbers) {
  const view = new DataView(new ArrayBuffer(numbers.reduce((sum, [width]) => sum + width, 0)));
  let place = 0;
  for (const [width, number] of numbers) {
    if (width === 2) view.setUint16(place, number, true);
    else view.setUint32(place, number, true);
    place += width;
  }
  return new Uint8Array(view.buffer);
}

/** CRC-32 (ISO 3309). */
async function checksum(file, signal) {
  let value = 0xffffffff;
  for await (const part of partsOf(file)) {
    signal.throwIfAborted();
    for (const byte of part) value = TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  }
  return (value ^ 0xffffffff) >>> 0;
}

async function* partsOf(file) {
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
