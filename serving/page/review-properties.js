// Tags and attributes of a product, taken out and added, from the vocabularies of the model.
import { icon, make, show } from "./dom.js";
import { attributeName, attributeValue, section } from "./findings.js";
import { t } from "./language.js";
import { attributeNames, attributeValues, tagLabel, tagNames } from "./taxonomy.js";

/** The editor, and `edited()`: tags and attributes as they now are, or null if they are the model's. */
export function propertyEditor({ tags, attributes }) {
  const before = {
    tags: tags.map(({ name }) => name),
    attributes: Object.fromEntries(Object.entries(attributes).map(([name, { value }]) => [name, value])),
  };
  const now = structuredClone(before);
  const element = make("div", { class: "properties" });

  function draw(focus = null) {
    show(element, tagPart(now, draw), attributePart(now, draw));
    if (focus) element.querySelector(`[data-part="${focus}"]`)?.focus();
  }

  draw();
  const same = () => JSON.stringify(sorted(now)) === JSON.stringify(sorted(before));
  return { element, edited: () => (same() ? null : now) };
}

const sorted = ({ tags, attributes }) => [[...tags].sort(), Object.entries(attributes).sort()];

function tagPart(now, draw) {
  const others = tagNames().filter((name) => !now.tags.includes(name));
  if (!now.tags.length && !others.length) return null;
  const without = (name) => {
    now.tags = now.tags.filter((one) => one !== name);
    draw("tags");
  };
  const chips = now.tags.map((name) => chip(tagLabel(name), () => without(name)));
  const add = adder("tags", t("review.add_tag"), others, tagLabel, (name) => {
    now.tags.push(name);
    draw("tags");
  });
  return section(t("found.tags"), make("ul", { class: "chips edited" }, chips, add && make("li", {}, add)));
}

function attributePart(now, draw) {
  const names = Object.keys(now.attributes);
  const others = attributeNames().filter((name) => !names.includes(name));
  if (!names.length && !others.length) return null;
  const rows = names.map((name) => attributeRow(name, now, draw));
  const add = adder("attributes", t("review.add_attribute"), others, attributeName, (name) => {
    [now.attributes[name]] = attributeValues(name);
    draw(`value-${name}`);
  });
  return section(t("found.attributes"), rows.length > 0 && make("div", { class: "values" }, rows), add);
}

function attributeRow(name, now, draw) {
  const values = [...new Set([now.attributes[name], ...attributeValues(name)])].sort();
  const options = values.map((value) =>
    make("option", { value, selected: value === now.attributes[name] }, attributeValue(value)),
  );
  const label = attributeName(name);
  const select = make("select", { "aria-label": label, "data-part": `value-${name}` }, options);
  select.addEventListener("change", () => (now.attributes[name] = select.value));
  const remove = () => {
    delete now.attributes[name];
    draw("attributes");
  };
  return make("div", { class: "value" }, make("span", {}, label), select, cross(label, remove));
}

function chip(text, remove) {
  return make("li", { class: "chip" }, text, cross(text, remove));
}

function cross(text, remove) {
  return make(
    "button",
    { type: "button", class: "cross", "aria-label": t("review.remove", { what: text }), onclick: remove },
    icon("close"),
  );
}

/** A list that adds what is chosen; null where there is nothing left to add. */
function adder(part, text, names, labelOf, add) {
  if (!names.length) return null;
  const select = make(
    "select",
    { class: "adder", "aria-label": text, "data-part": part },
    make("option", { value: "" }, text),
    names.map((name) => make("option", { value: name }, labelOf(name))),
  );
  select.addEventListener("change", () => select.value && add(select.value));
  return select;
}
