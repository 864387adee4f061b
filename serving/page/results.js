// What a search found, or what is browsed: as cards or as a table, in an order that the reader chooses.
import { card, priceLabel, productAddress, shownCategory } from "./cards.js";
import { icon, keep, kept, make } from "./dom.js";
import { decisionBadge } from "./findings.js";
import { t } from "./language.js";
import { productImage } from "./product-images.js";

const SORTS = ["newest", "price_asc", "price_desc"];

const asList = () => kept("view") === "list";

/** The order, the kind of view, and what else is given. looking: whether there is a query, which has a best match. */
export function toolbar({ sort, looking, changeSort, changeView, more }) {
  const orders = looking ? ["relevance", ...SORTS] : SORTS;
  const select = make(
    "select",
    { "aria-label": t("sort.label") },
    orders.map((name) => make("option", { value: name, selected: name === (sort || orders[0]) }, t(`sort.${name}`))),
  );
  select.addEventListener("change", () => changeSort(select.value === orders[0] ? "" : select.value));
  return make("div", { class: "toolbar" }, select, viewButtons(changeView), more);
}

function viewButtons(changeView) {
  const one = (name, sign) =>
    make(
      "button",
      {
        type: "button",
        class: "tool",
        "aria-pressed": String((name === "list") === asList()),
        "aria-label": t(`view.${name}`),
        title: t(`view.${name}`),
        onclick: () => {
          keep("view", name);
          changeView();
        },
      },
      icon(sign),
    );
  return make(
    "div",
    { class: "views-of", role: "group", "aria-label": t("view.label") },
    one("grid", "grid"),
    one("list", "list"),
  );
}

export function productList(products, signal) {
  if (asList()) return table(products, signal);
  return make(
    "ul",
    { class: "cards" },
    products.map((product) => card(product, signal)),
  );
}

function table(products, signal) {
  const head = ["image", "title", "price", "category", "state"].map((name) =>
    make("th", { scope: "col", class: `of-${name}` }, make("span", {}, t(`list.${name}`))),
  );
  const rows = products.map((product) => row(product, signal));
  return make("table", { class: "listing" }, make("thead", {}, make("tr", {}, head)), make("tbody", {}, rows));
}

function row(product, signal) {
  const { decision } = product.understanding;
  return make(
    "tr",
    { class: "card-row" },
    make("td", { class: "of-image" }, productImage(product, { signal })),
    make(
      "td",
      { class: "of-title" },
      make("a", { href: productAddress(product.id), class: "cover" }, product.title || product.id),
      product.brand && make("span", { class: "soft small above" }, product.brand),
    ),
    make("td", { class: "of-price" }, priceLabel(product)),
    make("td", { class: "of-category" }, shownCategory(product)),
    make("td", { class: "of-state" }, decisionBadge(decision)),
  );
}
