// The form for what a merchant says of a product: to change one, or to add one by hand.
import { button, fresh, icon, make } from "./dom.js";
import { attributeName } from "./findings.js";
import { t } from "./language.js";

const SHORT = ["brand", "product_type", "price", "currency", "link"];
const INPUTS = {
  price: { type: "number", min: "0", step: "any", inputmode: "decimal" },
  currency: { pattern: "[A-Za-z]{3}", maxlength: "3", placeholder: "EUR", class: "currency" },
  link: { type: "url" },
};

/** product: to begin with. save(fields) and cancel() are called; above: more fields, before these. */
export function productForm(product, { save, cancel, saving, above = null }) {
  const fields = {};
  const labelled = (name, element) => {
    const id = fresh(name);
    element.id = id;
    fields[name] = element;
    return make("div", { class: `field of-${name}` }, make("label", { for: id }, t(`column.${name}`)), element);
  };
  const input = (name) =>
    labelled(name, make("input", { type: "text", autocomplete: "off", value: product[name] ?? "", ...INPUTS[name] }));
  const said = Object.entries(product.attributes ?? {});
  const attributes = attributeRows(said.flatMap(([name, values]) => [values].flat().map((value) => [name, value])));
  const problem = make("div", {});
  const element = make(
    "form",
    { class: "product-form" },
    above,
    input("title"),
    labelled("description", make("textarea", { rows: "4" }, product.description ?? "")),
    make("div", { class: "field-pair" }, SHORT.map(input)),
    attributes.element,
    problem,
    make(
      "div",
      { class: "actions" },
      make("button", { type: "submit", class: "main" }, saving),
      cancel && button(t("action.cancel"), cancel, { class: "plain" }),
    ),
  );
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    save(given());
  });

  function given() {
    const text = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value.trim()]));
    return {
      ...text,
      price: text.price === "" ? null : Number(text.price),
      currency: text.currency.toUpperCase(),
      attributes: attributes.given(),
    };
  }

  return { element, problem, focus: () => fields.title.focus() };
}

/** A row for each value of an attribute, and a button for one more. Rows of one name are its values; a row without a name
 * or a value counts for nothing. */
function attributeRows(entries) {
  const rows = make("ul", { class: "attribute-rows" });
  const add = ([name, value] = ["", ""]) => {
    const field = (text, label, given) =>
      make("input", { type: "text", autocomplete: "off", value: given, "aria-label": label, placeholder: text });
    const names = field(t("edit.attribute"), t("edit.attribute"), name);
    const label = name ? attributeName(name) : t("edit.value");
    const row = make(
      "li",
      {},
      names,
      field(t("edit.value"), label, value),
      make(
        "button",
        { type: "button", class: "tool", "aria-label": t("edit.remove", { name: label }), onclick: () => row.remove() },
        icon("close"),
      ),
    );
    rows.append(row);
    return names;
  };
  entries.forEach(add);
  const element = make(
    "fieldset",
    { class: "attributes" },
    make("legend", {}, t("found.attributes")),
    rows,
    button(t("edit.add_attribute"), () => add().focus(), { class: "plain" }, "plus"),
  );
  const given = () => {
    const values = new Map();
    for (const row of rows.children) {
      const [name, value] = [...row.querySelectorAll("input")].map((one) => one.value.trim());
      if (name && value) values.set(name, [...(values.get(name) ?? []), value]);
    }
    return Object.fromEntries([...values].map(([name, several]) => [name, several.length > 1 ? several : several[0]]));
  };
  return { element, given };
}
