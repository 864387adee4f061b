// What was found or browsed as a CSV file, fetched page by page.
import { request } from "./api.js";
import { saveFile } from "./save.js";
import { pathText, upwards } from "./taxonomy.js";

const AT_ONCE = 100;
const MAX_PRODUCTS = 10_000; // products: as far as the service pages
const COLUMNS = [
  "id",
  "title",
  "description",
  "brand",
  "price",
  "list_price",
  "currency",
  "availability",
  "status",
  "sku",
  "gtin",
  "mpn",
  "link",
  "product_type",
  "google_product_category",
  "category",
  "decision",
];

/** ask(offset, limit) -> {results}. onprogress(count). Resolves to how many products the file has. */
export async function exportCsv(ask, onprogress) {
  const products = [];
  while (products.length < MAX_PRODUCTS) {
    const { results } = await ask(products.length, AT_ONCE);
    products.push(...results);
    onprogress(products.length);
    if (results.length < AT_ONCE) break;
  }
  const { confirmed } = await request("v1/taxonomy/map/confirmed");
  const google = new Map(confirmed.map(({ category, counterpart }) => [category, googles(counterpart)]));
  const names = [...new Set(products.flatMap((product) => Object.keys(product.attributes)))].sort();
  const lines = [
    [...COLUMNS, ...names],
    ...products.map((product) => [...fields(product, google), ...names.map((name) => [product.attributes[name] ?? ""].flat().join(", "))]),
  ];
  // The mark at the front has spreadsheets read it as UTF-8.
  saveFile(new Blob(["\uFEFF", lines.map((cells) => cells.map(cell).join(",")).join("\r\n")], { type: "text/csv" }), "products.csv");
  return products.length;
}

/** As Google takes it: its id, else the whole path. */
const googles = (counterpart) => (counterpart && !/^\d+$/.test(counterpart.id) ? counterpart.path.join(" > ") : (counterpart?.id ?? ""));

/** google: what people confirmed, by category. It holds for all below that have nothing of their own. */
function fields(product, google) {
  const { category, decision } = product.understanding;
  const nearest = category ? upwards(category.id).find((id) => google.has(id)) : null;
  const known = { ...product, category: category ? pathText(category) : "", decision };
  known.google_product_category ||= google.get(nearest) ?? "";
  return COLUMNS.map((name) => known[name]);
}

/** A text that a spreadsheet would take for a formula gets an apostrophe; a number does not. */
function cell(value) {
  if (typeof value === "number") return String(value);
  const text = String(value ?? "");
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
