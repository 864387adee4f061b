// Without a service: answers that are made up, and signatures.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";

import { Client, ServiceUnreachable, verifyWebhook } from "../src/index.js";

const READY = { status: "ready", model: "m", taxonomy_version: "1", products: 0, indexed: 1 };
const AT_ONCE = { waitSeconds: 0 };

function answered(status, body, headers = {}) {
  return () => new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });
}

function refused(status, code, headers) {
  return answered(status, { error: { message: "Not now.", type: "server_error", param: null, code } }, headers);
}

function unreachable(code) {
  return () => {
    throw Object.assign(new TypeError("fetch failed"), { cause: { code } });
  };
}

/** A client of a service that goes through these answers, the last one for ever; `asked` holds its requests. */
function clientOf(answers, options = {}) {
  const asked = [];
  const fetch = async (url, init) => {
    asked.push({ url, ...init, headers: new Headers(init.headers) });
    return (answers.length > 1 ? answers.shift() : answers[0])();
  };
  return { client: new Client("http://shop.example/", { retries: AT_ONCE, fetch, ...options }), asked };
}

for (const [name, failure] of Object.entries({
  "429": refused(429, "overloaded"),
  "503": refused(503, "model_not_ready", { "retry-after": "0" }),
  "a broken connection": unreachable("UND_ERR_SOCKET"),
})) {
  test(`${name} is tried again`, async () => {
    const { client, asked } = clientOf([failure, failure, answered(200, READY)]);
    assert.equal((await client.ready()).model, "m");
    assert.equal(asked.length, 3);
  });
}

test("tries are bounded, and so are waits", async () => {
  const { client, asked } = clientOf([refused(503, "model_not_ready")], { retries: { limit: 2, waitSeconds: 0 } });
  await assert.rejects(client.ready(), { status: 503, code: "model_not_ready", message: "Not now." });
  assert.equal(asked.length, 3);
  const date = new Date(Date.now() + 60_000).toUTCString();
  for (const value of ["31", date]) {
    const late = clientOf([refused(429, "rate_limited", { "retry-after": value })]);
    await assert.rejects(late.client.ready(), { code: "rate_limited" });
    assert.equal(late.asked.length, 1);
  }
});

test("a verdict is sent again only if it was not taken", async () => {
  const cases = [[refused(503, "x"), 1], [unreachable("UND_ERR_SOCKET"), 1], [unreachable("ECONNREFUSED"), 4], [refused(429, "x"), 4]];
  for (const [failure, requests] of cases) {
    const { client, asked } = clientOf([failure]);
    await assert.rejects(client.feedback({ product_id: "a", verdict: "accept" }));
    assert.equal(asked.length, requests);
  }
});

test("answers of others are told apart", async () => {
  for (const answer of [answered(502, "<html>", { "x-request-id": "r" }), answered(200, "hello"), answered(302, "")]) {
    await assert.rejects(clientOf([answer]).client.ready(), { code: "answer_unknown" });
  }
  await assert.rejects(clientOf([unreachable("x")]).client.ready(), (error) => error instanceof ServiceUnreachable);
});

test("an abort ends a request and a wait", async () => {
  const reason = new Error("enough");
  await assert.rejects(clientOf([answered(200, READY)]).client.ready({ signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const { client } = clientOf([answered(200, { id: "j", state: "running" })]);
  const progress = () => controller.abort(reason);
  await assert.rejects(client.waitForJob("j", { progress, everySeconds: 60, signal: controller.signal }), reason);
});

test("what is asked is sent: key, deadline, path, query and forms", async () => {
  const { client, asked } = clientOf([answered(200, READY)], { apiKey: "sl-1", timeoutSeconds: 7 });
  await client.listProducts({ facets: ["brand", "decision"], filter: { brand: "A&B" }, sort: undefined });
  const [{ url, headers }] = asked;
  assert.equal(headers.get("authorization"), "Bearer sl-1");
  assert.equal(headers.get("x-request-deadline-seconds"), "7.000");
  const { pathname, searchParams } = new URL(url);
  assert.equal(pathname, "/v1/products");
  assert.deepEqual(searchParams.getAll("facets"), ["brand", "decision"]);
  assert.deepEqual(JSON.parse(searchParams.get("filter")), { brand: "A&B" });
  await client.getProduct("a/b ü");
  assert.equal(asked[1].url, "http://shop.example/v1/products/a%2Fb%20%C3%BC");
  for (const id of ["", ".", ".."]) await assert.rejects(client.getProduct(id), { code: "id_not_addressable" });
  await client.search({ image: new Uint8Array([1, 2, 3]) });
  assert.deepEqual(JSON.parse(asked[2].body), { image: "data:application/octet-stream;base64,AQID" });
  await client.submitJob({ file: new Uint8Array([97]), filename: "f.csv", columns: { id: "nr" }, dry_run: true });
  assert.equal(asked[3].body.get("file").name, "f.csv");
  assert.deepEqual([asked[3].body.get("columns"), asked[3].body.get("dry_run")], ['{"id":"nr"}', "true"]);
  assert.equal(asked[3].headers.get("idempotency-key").length > 20, true);
});

test("a feed that is too large for the service goes in parts, from where the service has it", async () => {
  const upload = { id: "u", filename: "f.csv", bytes: 3, received: 0, part_bytes: 2 };
  const { client, asked } = clientOf([
    refused(413, "body_too_large"),
    answered(201, upload),
    answered(200, { received: 2 }),
    refused(409, "upload_offset_wrong"),
    answered(200, { ...upload, received: 3 }),
    answered(202, { id: "j" }),
  ]);
  assert.equal((await client.submitJob({ file: new Blob(["abc"]), filename: "f.csv", strict: true })).id, "j");
  const parts = asked.filter((one) => one.method === "PATCH");
  assert.deepEqual(parts.map((one) => [one.headers.get("upload-offset"), one.body.size]), [["0", 2], ["2", 1]]);
  assert.deepEqual(JSON.parse(asked.at(-1).body), { strict: true, upload: "u" });
});

test("lines arrive one by one, cut anywhere", async () => {
  const bytes = new TextEncoder().encode('{"id":"ü"}\n{"id":"b"}\n');
  const cut = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  const found = [];
  for await (const row of clientOf([() => new Response(cut)]).client.feedbackGiven()) found.push(row.id);
  assert.deepEqual(found, ["ü", "b"]);
  const other = clientOf([answered(200, "<html>")]).client.feedbackGiven();
  await assert.rejects(other.next(), { code: "answer_unknown" });
});

test("a webhook is verified", async () => {
  const secret = "whsec_" + Buffer.alloc(32, 7).toString("base64");
  const body = JSON.stringify({ type: "job.ended", timestamp: "2026-03-01T09:30:00Z", data: { id: "j" } });
  const sign = (text) => createHmac("sha256", Buffer.alloc(32, 7)).update(text).digest("base64");
  const headers = { "webhook-id": "e1", "webhook-timestamp": "1000", "webhook-signature": `v1,AAAA v1,${sign(`e1.1000.${body}`)}` };
  const at = { now: 1100 };
  assert.deepEqual(await verifyWebhook(body, headers, secret, at), { id: "e1", ...JSON.parse(body) });
  assert.equal((await verifyWebhook(Buffer.from(body), new Headers(headers), `${secret}\n`, at)).data.id, "j");
  for (const [sent, named, key, time] of [
    [body + " ", headers, secret, 1100],
    [body, { ...headers, "webhook-id": "e2" }, secret, 1100],
    [body, headers, "whsec_" + Buffer.alloc(32, 8).toString("base64"), 1100],
    [body, headers, secret, 1301],
    [body, {}, secret, 1100],
    [body, headers, "whsec_AAAA", 1100],
  ]) {
    await assert.rejects(verifyWebhook(sent, named, key, { now: time }), { code: "webhook_invalid" });
  }
});
