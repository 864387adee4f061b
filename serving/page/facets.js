// The filters beside the results: a group of checkboxes for each facet, and the price.
import { button, fresh, make } from "./dom.js";
import { attributeName, attributeValue } from "./findings.js";
import { t, whole } from "./language.js";
import { depth, leaf, pathText, position, tagLabel } from "./taxonomy.js";

const SHORT = 8; // values shown before "show all"
const opened = new Set();

// What a group had before one of its values was chosen: the service counts only what the filter leaves, so the other
// values of the group would be gone, and the reader could not choose a second one.
const before = new Map();

const LABELS = {
  category: (value) => leaf({ id: value }),
  tags: tagLabel,
  decision: (value) => t(`decision.${value}`),
};

function label(name, value) {
  return (LABELS[name] ?? (["product_type", "brand", "currency"].includes(name) ? String : attributeValue))(value);
}

function groupName(name) {
  return ["category", "product_type", "brand", "tags", "decision", "currency"].includes(name)
    ? t(`facet.${name}`)
    : attributeName(name);
}

/** change(name, value, on) and changePrice(min, max) are called as the reader chooses. */
export function facetPanel(facets, query, { change, changePrice, reset }) {
  const groups = Object.entries(facets).map(([name, values]) => group(name, shown(name, values, query), query, change));
  const any = query.chosen.size > 0 || query.min || query.max;
  return [
    make(
      "div",
      { class: "actions" },
      make("h2", {}, t("search.filters")),
      any && button(t("search.reset"), reset, { class: "plain" }),
    ),
    priceRange(query, changePrice),
    ...groups.filter(Boolean),
  ];
}

/** The values to offer: of a group with choices also those that its own choice has hidden, without a count where others changed. */
function shown(name, values, query) {
  const chosen = query.chosen.get(name) ?? [];
  const others = JSON.stringify([[...query.chosen].filter(([other]) => other !== name), query.min, query.max]);
  if (!chosen.length) {
    before.set(name, { values, others });
    return values;
  }
  const earlier = before.get(name) ?? { values: [], others: "" };
  const counts = new Map(values.map(({ value, count }) => [value, count]));
  const fits = earlier.others === others;
  const kept = earlier.values.map(({ value, count }) => ({
    value,
    count: fits ? count : chosen.includes(value) ? counts.get(value) : undefined,
  }));
  const missing = chosen.filter((value) => !kept.some((one) => one.value === value));
  return [...kept, ...missing.map((value) => ({ value, count: counts.get(value) }))];
}

function group(name, values, query, change) {
  if (!values.length) return null;
  const chosen = query.chosen.get(name) ?? [];
  const folded = values.length > SHORT && !opened.has(name);
  let visible = folded ? values.filter(({ value }, place) => place < SHORT || chosen.includes(value)) : values;
  if (name === "category") visible = [...visible].sort((one, other) => position(one.value) - position(other.value));
  const lines = visible.map((one) => line(name, one, chosen.includes(one.value), change));
  const list = make("ul", {}, lines);
  const element = make("fieldset", { class: "facet" }, make("legend", {}, groupName(name)), list);
  if (folded) {
    const all = button(
      t("search.show_all", { n: values.length }),
      () => {
        opened.add(name);
        const whole = group(name, values, query, change);
        element.replaceWith(whole);
        whole.querySelector("input").focus();
      },
      { class: "plain small" },
    );
    element.append(all);
  }
  return element;
}

function line(name, { value, count }, checked, change) {
  const box = make("input", { type: "checkbox", checked, "data-facet": name, "data-value": value });
  box.addEventListener("change", () => change(name, value, box.checked));
  const level = name === "category" ? depth(value) : 0;
  const title = name === "category" ? pathText({ id: value }) : null;
  return make(
    "li",
    { style: { "--level": String(level) } },
    make(
      "label",
      { title },
      box,
      make("span", { class: "value" }, label(name, value)),
      count !== undefined && make("span", { class: "count" }, whole(count)),
    ),
  );
}

function priceRange(query, changePrice) {
  const [low, high] = [fresh("price"), fresh("price")];
  const number = { type: "number", min: "0", step: "any", inputmode: "decimal", "data-facet": "price" };
  const field = (id, value, text) =>
    make("div", {}, make("label", { for: id }, text), make("input", { ...number, id, value, "data-value": text }));
  const element = make(
    "fieldset",
    { class: "facet" },
    make("legend", {}, t("facet.price")),
    make("div", { class: "range" }, field(low, query.min, t("search.from")), field(high, query.max, t("search.to"))),
  );
  element.addEventListener("change", () => {
    const [min, max] = [...element.querySelectorAll("input")].map((input) => input.value);
    changePrice(min, max);
  });
  return element;
}
