// A search as the address holds it, and as the service takes it.
import { request } from "./api.js";
import { attributeNames } from "./taxonomy.js";

const FIELDS = ["category", "product_type", "brand", "tags", "decision", "currency"]; // other facets are attributes
const MARK = "f.";
const MAX_FACETS = 16; // as many as the service counts at once

const SORTS = ["newest", "price_asc", "price_desc"];

/** -> {text, like, chosen: Map of facet -> values, min, max, collapse, unavailable, sort} */
export function readQuery(parameters) {
  const chosen = new Map();
  for (const name of new Set(parameters.keys())) {
    if (name.startsWith(MARK)) chosen.set(name.slice(MARK.length), parameters.getAll(name));
  }
  const amount = (name) =>
    parameters.get(name) && Number.isFinite(Number(parameters.get(name))) ? parameters.get(name) : "";
  return {
    text: parameters.get("q") ?? "",
    like: parameters.get("like") ?? "",
    chosen,
    min: amount("min"),
    max: amount("max"),
    collapse: parameters.get("collapse") === "1",
    unavailable: parameters.get("unavailable") === "1",
    sort: SORTS.includes(parameters.get("sort")) ? parameters.get("sort") : "",
  };
}

export function asHash({ text = "", like = "", chosen = new Map(), min = "", max = "", ...more }) {
  const parameters = new URLSearchParams();
  if (text) parameters.set("q", text);
  if (like) parameters.set("like", like);
  for (const [name, values] of chosen) for (const value of values) parameters.append(MARK + name, value);
  if (min) parameters.set("min", min);
  if (max) parameters.set("max", max);
  for (const name of ["collapse", "unavailable"]) if (more[name]) parameters.set(name, "1");
  if (more.sort) parameters.set("sort", more.sort);
  const written = parameters.toString();
  return "#/search" + (written ? "?" + written : "");
}

/** The service's filter, or undefined where nothing is chosen. */
export function asFilter({ chosen, min, max }) {
  const filter = {};
  for (const [name, values] of chosen) {
    if (!values.length) continue;
    if (FIELDS.includes(name)) filter[name] = values;
    else (filter.attributes ??= {})[name] = values;
  }
  if (min || max) filter.price = { ...(min && { gte: Number(min) }), ...(max && { lte: Number(max) }) };
  return Object.keys(filter).length ? filter : undefined;
}

/** chosen with one value of one facet put in or taken out. */
export function toggled(chosen, name, value, on) {
  const values = (chosen.get(name) ?? []).filter((one) => one !== value);
  if (on) values.push(value);
  const changed = new Map(chosen);
  if (values.length) changed.set(name, values);
  else changed.delete(name);
  return changed;
}

export async function asDataUri(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

/** Whether there is something to look for. Without, the catalogue is browsed. */
export const looking = (query, image) => Boolean(query.text || query.like || image);

/** Some of what is found, or browsed. counted: facets, too. -> {results, total, facets} */
export async function fetchPart(query, image, { offset, limit, counted = false }, signal) {
  const facets = counted ? ["category", "product_type", "brand", ...attributeNames(), "tags", "decision"].slice(0, MAX_FACETS) : [];
  const filter = asFilter(query);
  if (looking(query, image)) {
    const example = query.like
      ? { product_id: query.like }
      : { text: query.text || undefined, image: image ? await asDataUri(image) : undefined };
    const sort = query.sort || undefined;
    const options = { collapse: query.collapse, include_unavailable: query.unavailable, sort };
    const body = { ...example, filter, limit, offset, facets, include: ["evidence"], ...options };
    return await request("v1/search", { body, signal });
  }
  const asked = new URLSearchParams({ limit, offset, sort: query.sort || "newest" });
  if (filter) asked.set("filter", JSON.stringify(filter));
  for (const name of facets) asked.append("facets", name);
  const { products: results, ...rest } = await request(`v1/products?${asked}`, { signal });
  return { results, ...rest };
}
