// A feed on its way to the service: at once if it is small, else in parts that go on where the connection was lost.
import { ApiError, request, upload } from "./api.js";
import { AT_ONCE } from "./feeds.js";
import { pause } from "./poll.js";

const PATIENCE = 8; // tries without a byte more
const LONGEST = 15_000; // milliseconds between two tries
const PASSING = new Set(["network", "upload_offset_wrong", "body_timeout", "deadline_exceeded"]);

/** Makes a job of the feed. options: as the service names them. onprogress(share) of what has to go over the wire. -> the job. */
export async function submit(feed, options, { signal, onprogress }) {
  const headers = { "Idempotency-Key": feed.key };
  const said = { columns: feed.columns, encoding: feed.encoding, ...options };
  if (feed.source) return request("v1/jobs", { body: { source: feed.source, ...said }, headers, signal });
  await packed(feed, { signal, onprogress });
  if (feed.file.size <= AT_ONCE && !feed.upload) {
    const form = asForm(feed.file, feed.file.name, said);
    return upload("v1/jobs", form, { headers, signal, onprogress });
  }
  const id = await uploaded(feed, { signal, onprogress });
  return request("v1/jobs", { body: { upload: id, ...said }, headers, signal });
}

/** What the service makes of the feed's beginning; a large one that can be read only as a whole is sent first. */
export async function lookAt(feed, { signal, onprogress }) {
  const { source, file, cut = false } = feed.look;
  const said = { columns: feed.columns, encoding: feed.encoding };
  if (source) return request("v1/jobs/preview", { body: { source, ...said }, signal });
  if (file.size > AT_ONCE) {
    const id = await uploaded(feed, { signal, onprogress });
    return request("v1/jobs/preview", { body: { upload: id, ...said }, signal });
  }
  const form = asForm(file, file.name, { ...said, cut });
  return request("v1/jobs/preview", { body: form, signal });
}

function asForm(file, name, { columns, ...fields }) {
  const form = new FormData();
  form.append("file", file, name);
  form.append("columns", JSON.stringify(columns));
  for (const [field, value] of Object.entries(fields)) form.append(field, typeof value === "object" ? JSON.stringify(value) : String(value));
  return form;
}

/** A folder's files become one zip. What packs them is fetched only now: most feeds are single files. */
async function packed(feed, { signal, onprogress }) {
  if (feed.file) return;
  const { zip } = await import("./zip.js").catch(() => {
    throw new ApiError("network", "");
  });
  const blob = await zip(feed.entries, { signal, onprogress });
  feed.file = new File([blob], feed.name.replace(/^.*\//, "").replace(/\.\w+$/, "") + ".zip");
}

/** Sends the parts that the service does not have yet. -> the upload's id. */
async function uploaded(feed, { signal, onprogress }) {
  const { file } = feed;
  let failed = 0;
  for (;;) {
    try {
      feed.upload = await (feed.upload && !failed ? feed.upload : known(feed, signal));
      while (feed.upload.received < file.size) {
        const { id, received, part_bytes: limit } = feed.upload;
        onprogress(received / file.size);
        const body = file.slice(received, received + limit);
        const now = await request(`v1/uploads/${id}`, {
          method: "PATCH",
          body,
          signal,
          headers: { "Upload-Offset": String(received) },
        });
        feed.upload = { ...feed.upload, received: now.received };
        failed = 0;
      }
      onprogress(1);
      return feed.upload.id;
    } catch (error) {
      failed += 1;
      if (!(error instanceof ApiError) || !passing(error) || failed > PATIENCE) throw error;
      await pause(Math.min(LONGEST, 500 * 2 ** failed), signal);
    }
  }
}

const passing = (error) => PASSING.has(error.code) || error.status === 429 || error.status === 503;

/** How much of it the service has; a new upload where it has none. */
async function known(feed, signal) {
  if (feed.upload) {
    try {
      return await request(`v1/uploads/${feed.upload.id}`, { signal });
    } catch (error) {
      if (error.code !== "upload_not_found") throw error;
    }
  }
  return request("v1/uploads", { body: { filename: feed.file.name, bytes: feed.file.size }, signal });
}
