// A feed's columns with their first values and what each is read as, and what its first rows become.
import { ApiError } from "./api.js";
import { make, show } from "./dom.js";
import { encodingField } from "./feed-encoding.js";
import { lookAt } from "./feed-upload.js";
import { count, percent, price, t, translated } from "./language.js";
import { errorNotice, stopped, waiting } from "./notice.js";
import { sentence } from "./problems.js";

const SINGLE = [
  ...["id", "title", "description", "images", "brand", "price", "list_price", "sale_price", "currency", "unit_price", "unit_measure"],
  ...["sale_dates", "sale_starts", "sale_ends", "offers", "variants", "position"],
  ...["link", "product_type", "google_product_category", "availability", "stock", "status", "sku", "gtin", "mpn"],
];
const ATTRIBUTE = "attributes.";
// What was last chosen: the next feed of the same columns, or the sheet of this one's failed rows, is read alike.
const remembered = { names: null, columns: {} };

/**
 * feed: see feeds.js; what the reader changes is kept in its `columns` and `encoding`. signal: ends with the view.
 * looked(found): called with what the service makes of the feed, each time.
 */
export function feedPreview(feed, signal, looked = () => {}) {
  const element = make("section", { class: "feed-preview", "aria-label": t("feed.preview", { name: feed.name }) });
  const columns = make("div", {});
  const outcome = make("div", { "aria-live": "polite" });
  const selects = new Map();
  let asked = null;

  async function look() {
    asked?.abort();
    const one = (asked = new AbortController());
    signal.addEventListener("abort", () => one.abort());
    const share = make("span", { class: "small" });
    const busy = waiting(t("feed.looking"), null, one.signal);
    busy.append(share);
    show(outcome, busy);
    try {
      const onprogress = (part) => (share.textContent = percent(part));
      const found = await lookAt(feed, { signal: one.signal, onprogress });
      one.signal.throwIfAborted();
      feed.preview ??= found;
      if (recall(feed)) return await look();
      if (!selects.size) show(columns, taken(found), table(feed, found, selects, changed));
      show(outcome, became(found));
      looked(found);
    } catch (error) {
      if (!stopped(error)) show(outcome, errorNotice(error, look));
    } finally {
      busy.done();
    }
  }

  function changed(name) {
    const mine = selects.get(name).value;
    if (mine && mine !== "images")
      for (const [other, select] of selects) if (other !== name && select.value === mine) select.value = "";
    feed.columns = mapping(feed.preview.columns, selects);
    Object.assign(remembered, { names: namesOf(feed), columns: feed.columns });
    feed.key = null;
    look();
  }

  /** In another encoding the columns may have other names. */
  function reread() {
    selects.clear();
    show(columns);
    Object.assign(feed, { columns: {}, key: null, preview: null, recalled: false });
    if (feed.look) look();
  }

  const heading = make("h2", {}, feed.name, " ", make("span", { class: "soft small" }, feed.size));
  const imagesAlone = feed.entries && feed.images === feed.entries.length;
  const isText = !imagesAlone && !/\.(parquet|xlsx)$/i.test(feed.name);
  show(element, heading, isText && encodingField(feed, reread), columns, outcome);
  if (feed.look) look();
  else if (imagesAlone) show(outcome, make("p", {}, count("feed.images_alone", feed.images)));
  return element;
}

const namesOf = (feed) => feed.preview.columns.map(({ name }) => name).join("\n");

/** Reads the feed's columns as the last feed's of the same names. -> whether that changes anything. */
function recall(feed) {
  if (feed.recalled || Object.keys(feed.columns).length || remembered.names !== namesOf(feed)) return false;
  feed.recalled = true;
  feed.columns = remembered.columns;
  return Object.keys(feed.columns).length > 0;
}

/** What differs from what was recognised, as the service takes it: field -> column. */
function mapping(columns, selects) {
  const chosen = (field) => columns.filter(({ name }) => selects.get(name).value === field).map(({ name }) => name);
  const before = (field) => columns.filter((one) => one.field === field).map(({ name }) => name);
  const fields = new Set(columns.flatMap(({ name, field }) => [selects.get(name).value, field ?? ""]));
  fields.delete("");
  const differing = [...fields].filter((field) => chosen(field).join("\n") !== before(field).join("\n"));
  return Object.fromEntries(differing.map((field) => [field, chosen(field).join(",")]));
}

/** Whose export the feed is taken for, and how much of it is not read. */
function taken({ system, columns, prices }) {
  if (!columns.length) return [];
  const unread = columns.filter(({ field }) => field === null).map(({ name }) => name);
  const told = [
    t("feed.taken_for", { system }),
    unread.length ? `${count("feed.unread", unread.length)} ${unread.join(" \u00b7 ")}` : t("feed.all_read"),
    prices.length &&
      `${t("feed.prices_read")} ${prices.map(({ written, code, ...read }) => `${written} \u2192 ${code ? t("feed.price_not_read") : price(read.price, read.currency)}`).join(" \u00b7 ")}`,
  ];
  return make("ul", { class: "reading small" }, told.filter(Boolean).map((text) => make("li", {}, text)));
}

function table(feed, { columns }, selects, changed) {
  if (!columns.length) return [];
  const rows = columns.map(({ name, field, examples }) => {
    const select = make(
      "select",
      { "aria-label": t("feed.read_as_of", { name }) },
      options(name, field).map(([value, text]) => make("option", { value, selected: value === given(feed, name, field) }, text)),
    );
    select.addEventListener("change", () => changed(name));
    selects.set(name, select);
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, name),
      make("td", { class: "read-as" }, select),
      make("td", { class: "soft small values" }, examples.join(" \u00b7 ") || t("feed.no_values")),
    );
  });
  const heads = ["feed.column", "feed.read_as", "feed.values"].map((word) => make("th", { scope: "col" }, t(word)));
  return make(
    "table",
    { class: "feed-columns" },
    make("thead", {}, make("tr", {}, heads)),
    make("tbody", {}, rows),
  );
}

/** What was chosen for the column when the view was left, else what is recognised. */
function given(feed, name, field) {
  const mine = Object.entries(feed.columns).find(([, column]) => column.split(",").includes(name));
  if (mine) return mine[0];
  return field in feed.columns ? "" : (field ?? "");
}

function options(name, field) {
  const own = `${ATTRIBUTE}${name.trim()}`;
  const known = SINGLE.map((one) => [one, t(`column.${one}`)]);
  const attributes = [field?.startsWith(ATTRIBUTE) && field !== own ? field : null, own].filter(Boolean);
  const named = (one) => {
    const attribute = one.slice(ATTRIBUTE.length);
    return t("feed.attribute", { name: translated(`attribute.${attribute}`, attribute) });
  };
  const several = field === "attributes" ? [["attributes", t("feed.attributes")]] : [];
  return [["", t("feed.not_read")], ...known, ...several, ...attributes.map((one) => [one, named(one)])];
}

function became({ rows, error }) {
  const problem = error && errorNotice(new ApiError(error.code, error.message));
  if (!rows.length) return [problem];
  return [
    problem,
    make("h3", {}, t("feed.first_rows")),
    make(
      "ol",
      { class: "first-rows" },
      rows.map((row) => make("li", { class: row.error ? "has-problem" : null }, row.error ? bad(row) : good(row))),
    ),
  ];
}

function bad(row) {
  return [
    make("strong", {}, row.id || t("job.line", { n: row.line })),
    make("span", { class: "bad small" }, sentence(row.error.code, row.error.message)),
  ];
}

function good(row) {
  const facts = [
    row.price !== null && price(row.price, row.currency),
    row.product_type,
    row.images ? count("feed.images", row.images) : t("feed.no_images"),
  ].filter(Boolean);
  return [
    make("strong", {}, row.title || row.id),
    make("span", { class: "soft small" }, [row.title && row.id, ...facts].filter(Boolean).join(" \u00b7 ")),
    ...row.warnings.map(({ code, message }) => make("span", { class: "bad small" }, sentence(code, message))),
  ];
}
