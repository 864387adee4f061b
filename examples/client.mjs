// The HTTP API from JavaScript: node examples/client.mjs [http://localhost:8000]
// fetch, FormData and Blob are the browser's own, so the same code runs in a page.
import { readFile } from "node:fs/promises";

const base = process.argv[2] ?? "http://localhost:8000";
const key = process.env.SHELFLENS_API_KEY; // needed once the service has keys

async function call(path, { method = "POST", json, form } = {}) {
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  if (json) headers["Content-Type"] = "application/json";
  const response = await fetch(base + path, { method, headers, body: form ?? JSON.stringify(json) });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.error.code}: ${answer.error.message}`);
  return answer;
}

// What is it? An image and a title, as a form. Nothing is stored.
const photo = await readFile(new URL("../assets/demo/images/red-sneakers.jpg", import.meta.url));
const form = new FormData();
form.append("image", new Blob([photo], { type: "image/jpeg" }), "red-sneakers.jpg");
form.append("title", "Runner 5, red");
const { results: [shoe] } = await call("/v1/products/analyze", { form });
console.log(shoe.category?.path.join(" > ") ?? "not sure", shoe.decision);

// Store it, with the image as a data URI; then find it.
const images = [`data:image/jpeg;base64,${photo.toString("base64")}`];
await call("/v1/products/runner-5", { method: "PUT", json: { title: "Runner 5, red", price: 79.9, currency: "EUR", images } });
const { results } = await call("/v1/search", { json: { text: "red", filter: { price: { lte: 100 } }, limit: 3 } });
for (const product of results) console.log(product.id, product.title, product.score.toFixed(2));
