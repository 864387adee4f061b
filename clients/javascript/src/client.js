/** The client: the operations of the API, and what takes several of them. */

import { asBlob, segment } from "./content.js";
import { ServiceTimeout } from "./errors.js";
import { Operations } from "./operations.js";
import { sleep } from "./transport.js";

const ENDED = new Set(["complete", "failed", "cancelled"]);
// Bytes of a feed that is sent with its job. A larger one is uploaded first.
const AT_ONCE = 16 * 1024 * 1024;
// Bytes of a larger feed that are sent for a preview.
const BEGINNING = 1024 * 1024;
// Bytes. A part that times out is sent again in smaller parts, down to this size.
const SMALLEST_PART = 64 * 1024;
const LATE = new Set(["body_timeout", "deadline_exceeded", "service_timeout"]);
// As far as the service lists without a cursor.
const FURTHEST = 10_000;
const PAGE = 100;

export class Client extends Operations {
  /**
   * Ingest a feed: `file` (bytes or a Blob, with `filename`, whose end gives the format), `source` or `upload`. A file
   * that is too large for one request is uploaded in parts. The same `options.idempotencyKey` creates no second job.
   */
  async submitJob(feed, options = {}) {
    const sent = { idempotencyKey: newKey(), ...options };
    const { file, filename, ...said } = feed;
    if (file === undefined) return super.submitJob(said, sent);
    const content = asBlob(file);
    const named = { ...sent, filename: filename ?? file.name ?? "feed" };
    if (content.size <= AT_ONCE) {
      try {
        return await super.submitJob({ ...said, file: content }, named);
      } catch (error) {
        if (error.code !== "body_too_large") throw error;
      }
    }
    const { id } = await this.upload(content, { ...options, filename: named.filename });
    return super.submitJob({ ...said, upload: id }, sent);
  }

  /** The first rows of a feed and the meaning of its columns. Only the beginning of a large file is sent. */
  async previewFeed(feed, options = {}) {
    const { file, filename, ...said } = feed;
    if (file === undefined) return super.previewFeed(said, options);
    const content = asBlob(file);
    const cut = content.size > AT_ONCE;
    const sent = { ...said, cut, file: cut ? content.slice(0, BEGINNING) : content };
    return super.previewFeed(sent, { ...options, filename: filename ?? file.name ?? "feed" });
  }

  /** A feed with the corrections of the audits in it, and all else byte for byte as it is. Arguments: see `submitJob`. */
  async correctedFeed(feed, options = {}) {
    const { filename, ...said } = feed;
    return super.correctedFeed(said, { ...options, filename: filename ?? feed.file?.name ?? "feed" });
  }

  /** Upload a feed in parts, for a later job. After a lost connection it goes on where it was. */
  async upload(file, options = {}) {
    const content = asBlob(file);
    const filename = options.filename ?? file.name ?? "feed";
    let upload = await this.beginUpload({ filename, bytes: content.size }, options);
    let part = upload.part_bytes;
    while (upload.received < content.size) {
      const bytes = content.slice(upload.received, upload.received + part);
      try {
        const sent = await this.appendToUpload(upload.id, bytes, { ...options, uploadOffset: upload.received });
        upload = { ...upload, received: sent.received };
        options.progress?.(upload);
      } catch (error) {
        part = smallerPart(part, error);
        upload = await this.getUpload(upload.id, options);
      }
    }
    return upload;
  }

  /**
   * Wait until the job has ended. `progress` is called with each state of it. Throws ServiceTimeout after
   * `waitSeconds`, by default never.
   */
  async waitForJob(id, { progress, everySeconds = 1, waitSeconds = Infinity, ...options } = {}) {
    const end = Date.now() + waitSeconds * 1000;
    for (;;) {
      const job = await this.job(id, options);
      progress?.(job);
      if (ENDED.has(job.state)) return job;
      if (Date.now() + everySeconds * 1000 > end) {
        throw new ServiceTimeout(`The job has not ended within ${waitSeconds} seconds.`);
      }
      await sleep(everySeconds, options.signal);
    }
  }

  /** The rows that failed so far as CSV, to correct in a spreadsheet and ingest again. */
  async jobErrorsSheet(id, options) {
    return this._text({ method: "GET", path: `/v1/jobs/${segment(id)}/errors`, query: { format: "csv" } }, options);
  }

  /** Every stored product with all that the index holds of it, one after another, while the service reads them. */
  exportedProducts({ embeddings = true } = {}, options) {
    return this._lines({ method: "GET", path: "/v1/export", query: { format: "jsonl", embeddings } }, options);
  }

  /** Stored products in an order, page after page: the first 10,100. `exportedProducts` has all. */
  allProducts(query = {}, options) {
    return byOffset(query, async (page) => {
      const { products, total } = await this.listProducts(page, options);
      return [products, total];
    });
  }

  /** Search results, page after page. */
  allResults(body, options) {
    return byOffset(body, async (page) => {
      const { results, total } = await this.search(page, options);
      return [results, total];
    });
  }

  /** Products that wait for a person, page after page. */
  allToReview(query = {}, options) {
    return byCursor(query, async (page) => {
      const { products, after } = await this.review(page, options);
      return [products, after];
    });
  }

  /** Findings of the last audit, page after page. */
  allFindings(query = {}, options) {
    return byCursor(query, async (page) => {
      const { findings, after } = await this.findings(page, options);
      return [findings, after];
    });
  }

  /** The map from the model's categories to others, page after page. */
  allMapped(query = {}, options) {
    return byCursor(query, async (page) => {
      const { results, after } = await this.categoryMap(page, options);
      return [results, after];
    });
  }
}

async function* byOffset(query, read) {
  const limit = query.limit ?? PAGE;
  for (let offset = query.offset ?? 0; offset <= FURTHEST; offset += limit) {
    const [found, total] = await read({ ...query, limit, offset });
    yield* found;
    if (found.length < limit || offset + limit >= total) return;
  }
}

async function* byCursor(query, read) {
  let { after } = query;
  do {
    const [found, next] = await read({ limit: PAGE, ...query, after });
    yield* found;
    after = next;
  } while (after);
}

/** The size of the next part after an error. Throws the error if the upload cannot go on. */
function smallerPart(part, error) {
  if (error.code === "upload_offset_wrong") return part; // the part had arrived, and only its answer was lost
  if (LATE.has(error.code) && part > SMALLEST_PART) return Math.max(SMALLEST_PART, Math.floor(part / 2));
  throw error;
}

function newKey() {
  const random = () => Math.random().toString(36).slice(2).padEnd(11, "0");
  return globalThis.crypto?.randomUUID?.() ?? random() + random() + random();
}
