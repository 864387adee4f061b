// What was found or browsed as a CSV file, fetched page by page.
import { make } from "./dom.js";
import { pathText } from "./taxonomy.js";

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
  const names = [...new Set(products.flatMap((product) => Object.keys(product.attributes)))].sort();
  const lines = [
    [...COLUMNS, ...names],
    ...products.map((product) => [...fields(product), ...names.map((name) => [product.attributes[name] ?? ""].flat().join(", "))]),
  ];
  save(lines.map((cells) => cells.map(cell).join(",")).join("\r\n"));
  return products.length;
}

function fields(product) {
  const { category, decision } = product.understanding;
  const known = { ...product, category: category ? pathText(category) : "", decision };
  return COLUMNS.map((name) => known[name]);
}

/** A text that a spreadsheet would take for a formula gets an apostrophe; a number does not. */
function cell(value) {
  if (typeof value === "number") return String(value);
  const text = String(value ?? "");
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function save(text) {
  // The mark at the front has spreadsheets read it as UTF-8.
  const address = URL.createObjectURL(new Blob(["\uFEFF", text], { type: "text/csv" }));
  const link = make("a", { href: address, download: "products.csv", hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
