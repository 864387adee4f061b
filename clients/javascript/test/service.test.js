// Against a running service with a tiny model: SHELFLENS_TEST_ADDRESS, SHELFLENS_TEST_IMAGE (a file). The tests store
// products of their own, one after another.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";

import { Client, RequestFailed, ServiceTimeout } from "../src/index.js";

const address = process.env.SHELFLENS_TEST_ADDRESS;
const skip = address ? false : "SHELFLENS_TEST_ADDRESS is not set";
const client = address ? new Client(address) : null;
const SOON = { everySeconds: 0.02, waitSeconds: 30 };
let image;

before(async () => {
  if (address) image = await readFile(process.env.SHELFLENS_TEST_IMAGE);
});

async function listed(rows) {
  const found = [];
  for await (const row of rows) found.push(row);
  return found;
}

test("products are analyzed, as JSON and as a form", { skip }, async () => {
  const items = [{ id: "1", title: "red shirt", images: [image] }, { id: "2", images: ["https://x.example/a.jpg"] }];
  const { results } = await client.analyze({ items, top_k: 2, include: ["category", "embedding"] });
  assert.deepEqual(results[0].modalities_used, ["image", "text"]);
  assert.equal(results[0].embedding.length, 32);
  assert.equal(results[1].error.code, "image_url_not_allowed");
  const form = await client.analyze({ image: [image, new Blob([image])], title: "red shirt", include: ["category", "tags"] });
  assert.equal(form.results.length, 1);
  assert.deepEqual(form.results[0].modalities_used, ["image", "text"]);
});

test("inputs are embedded", { skip }, async () => {
  const { data } = await client.embed({ input: ["red shirt", { text: "red shirt", image }], dimensions: 16 });
  assert.deepEqual(data.map((one) => one.embedding.length), [16, 16]);
});

test("a product is stored, found, changed and forgotten", { skip }, async () => {
  const fields = { title: "red shirt", images: [image], price: 9.5, currency: "EUR", attributes: { size: "M" } };
  const stored = await client.putProduct("a/1", fields);
  assert.deepEqual([stored.id, stored.images, stored.price], ["a/1", 1, 9.5]);
  assert.deepEqual(await client.getProduct("a/1"), stored);
  assert.equal((await client.getProduct("a/1", { include: "embedding" })).embedding.length, 32);
  await client.putProduct("b ü?#", { title: "blue shoe", brand: "Acme" });
  assert.equal((await client.getProduct("b ü?#")).title, "blue shoe");
  const found = await client.search({ text: "red shirt", image, filter: { price: { lte: 10 } }, facets: ["brand"] });
  assert.deepEqual(found.results.map((one) => one.id), ["a/1"]);
  const similar = await client.similar("a/1", { filter: { brand: "Acme" }, limit: 1 });
  assert.deepEqual(similar.results.map((one) => one.id), ["b ü?#"]);
  const changed = await client.patchProduct("a/1", { price: null, brand: "Other" });
  assert.deepEqual([changed.price, changed.brand, changed.images], [null, "Other", 1]);
  assert.equal((await client.image("a/1", { n: 0 })).type, "image/webp");
  assert.equal(await client.deleteProduct("a/1"), undefined);
  await client.deleteProduct("b ü?#", { erase: true });
  await assert.rejects(client.getProduct("a/1"), (error) => {
    assert(error instanceof RequestFailed);
    assert.deepEqual([error.status, error.code], [404, "product_not_found"]);
    return error.requestId.length === 32 && /404 product_not_found/.test(String(error));
  });
});

test("a feed becomes a job that is waited for, and products that are listed page after page", { skip }, async () => {
  const rows = Array.from({ length: 7 }, (_, n) => `p${n},red shirt ${n}`);
  const file = new Blob([["id,title", ...rows, ",nameless", ""].join("\n")]);
  const preview = await client.previewFeed({ file, filename: "feed.csv" });
  assert.deepEqual(preview.columns.map((one) => one.name), ["id", "title"]);
  const started = await client.submitJob({ file, filename: "feed.csv", columns: { title: "title" } }, { idempotencyKey: "k" });
  const again = await client.submitJob({ file, filename: "feed.csv", columns: { title: "title" } }, { idempotencyKey: "k" });
  assert.equal(again.id, started.id);
  const seen = [];
  const job = await client.waitForJob(started.id, { progress: (state) => seen.push(state), ...SOON });
  assert.deepEqual([job.state, job.added, job.failed], ["complete", 7, 1]);
  assert.deepEqual(seen.at(-1), job);
  assert.deepEqual((await listed(client.jobErrors(job.id))).map((row) => row.code), ["row_id_missing"]);
  assert.match(await client.jobErrorsSheet(job.id), /failed_line/);
  await assert.rejects(client.cancelJob(job.id), { code: "job_finished" });
  const ids = (await listed(client.allProducts({ limit: 3, sort: "newest" }))).map((one) => one.id);
  assert.deepEqual(ids.sort(), rows.map((row) => row.split(",")[0]));
  assert.equal((await listed(client.allResults({ text: "red shirt", limit: 2, floor: false }))).length, 7);
  await listed(client.allToReview({ limit: 3 }));
});

test("a large file goes in parts", { skip }, async () => {
  const upload = await client.upload(new Blob(["id,title\nq1,blue shoe\n"]), { filename: "parts.csv" });
  assert.equal(upload.received, upload.bytes);
  const job = await client.waitForJob((await client.submitJob({ upload: upload.id, dry_run: true })).id, SOON);
  assert.deepEqual([job.state, job.dry_run, job.done], ["complete", true, 1]);
});

test("the catalogue is exported, as rows and as a file", { skip }, async () => {
  const rows = await listed(client.exportedProducts());
  assert.equal(rows.length, 7);
  assert.equal(rows[0].embedding.length, 32);
  const chunks = await listed(await client.export({ format: "parquet" }));
  assert.equal(Buffer.concat(chunks).subarray(0, 4).toString(), "PAR1");
  for await (const row of client.exportedProducts({ embeddings: false })) {
    assert.equal(row.embedding, undefined);
    break; // the rest is not read
  }
});

test("verdicts are given, listed and taken back", { skip }, async () => {
  const given = await client.feedback({ product_id: "p0", verdict: "accept" }).catch((error) => error.code);
  if (given === "nothing_to_accept") return;
  assert.deepEqual(await listed(client.feedbackGiven()), [given]);
  assert.equal(await client.takeBack(given.id), undefined);
});

test("what concerns the service", { skip }, async () => {
  assert.equal((await client.ready()).status, "ready");
  assert.equal((await client.models()).data.length, 1);
  assert.equal((await client.taxonomy()).version, "tiny-1");
  assert.match(await client.metrics(), /shelflens_requests_total/);
  assert.equal((await client.overview()).products, 7);
  await assert.rejects(client.comparison(), { code: "no_shadow", status: 404 });
  await assert.rejects(client.embed({ input: "x", dimensions: 7 }), { code: "embedding_dimensions_unsupported", param: "dimensions" });
  await assert.rejects(client.waitForJob("0".repeat(32), SOON), { code: "job_not_found" });
  const late = client.search({ text: "x" }, { timeoutSeconds: 0.000001 });
  await assert.rejects(late, (error) => error instanceof ServiceTimeout || error.code === "deadline_invalid");
});
