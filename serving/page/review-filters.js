// What part of the queue is shown, and in which order. All of it stands in the address.
import { make } from "./dom.js";
import { t, whole } from "./language.js";
import { depth, path, position } from "./taxonomy.js";

const DECISIONS = ["review", "abstain"];
const ORDERS = ["informative", "surest", "least_sure"];

export function filtersOf(parameters) {
  const known = (name, values) => (values.includes(parameters.get(name)) ? parameters.get(name) : "");
  return {
    decision: known("decision", DECISIONS),
    category: parameters.get("category") ?? "",
    order: known("order", ORDERS) || ORDERS[0],
    text: parameters.get("text") ?? "",
  };
}

export const hasFilters = ({ decision, category, text }) => Boolean(decision || category || text);

/** As the service is asked with `limit`; without it, as the address has it. */
export function toQuery({ decision, category, order, text }, limit = null, after = null) {
  const shown = limit === null && order === ORDERS[0] ? "" : order;
  const parts = { limit, after, decision, category, order: shown, text };
  return new URLSearchParams(Object.entries(parts).filter(([, value]) => value)).toString();
}

/** menu: how many products wait, as the service counts them; null: not known yet. changed(): called with `filters` as they now are. */
export function filterBar(filters, menu, changed) {
  const text = make("input", { type: "search", "data-filter": "text", value: filters.text, maxlength: 256, placeholder: t("review.any_text") });
  text.addEventListener("change", () => set("text", text.value.trim()));
  function set(name, value) {
    filters[name] = value;
    changed();
  }
  return make(
    "div",
    { class: "queue-filters" },
    labelled(t("facet.decision"), picker("decision", decisions(menu), filters, set)),
    labelled(t("review.guessed"), picker("category", guesses(menu, filters), filters, set)),
    labelled(t("review.order"), picker("order", orders(), filters, set)),
    labelled(t("review.text"), text),
  );
}

const labelled = (text, field) => make("label", {}, make("span", {}, text), field);

function picker(name, options, filters, set) {
  const select = make(
    "select",
    { "data-filter": name },
    options.map(([value, text]) => make("option", { value, selected: value === filters[name] }, text)),
  );
  select.addEventListener("change", () => set(name, select.value));
  return select;
}

const counted = (text, number) => (number === null ? text : `${text} (${whole(number)})`);

function decisions(menu) {
  const number = (name) => menu && (menu.decisions[name] ?? 0);
  const all = menu && DECISIONS.reduce((sum, name) => sum + number(name), 0);
  return [["", counted(t("review.all"), all)], ...DECISIONS.map((name) => [name, counted(t(`decision.${name}`), number(name))])];
}

/** In the order of the tree, each below its parent. */
function guesses(menu, { category }) {
  const counts = menu?.guesses ?? [];
  const known = counts.some((one) => one.category === category);
  const listed = known || !category ? counts : [...counts, { category, count: menu && 0 }];
  const lines = [...listed].sort((one, other) => position(one.category) - position(other.category));
  return [
    ["", t("review.all")],
    ...lines.map(({ category: id, count }) => [id, "\u2003".repeat(depth(id)) + counted(path({ id }).at(-1), count)]),
  ];
}

const orders = () => ORDERS.map((name) => [name, t(`review.order.${name}`)]);
