// A product's offer: whether it can be had, its numbers, its variants.
import { make } from "./dom.js";
import { count, price, t } from "./language.js";

const STATES = ["status", "availability"];
const TEXTS = ["sku", "gtin", "mpn", "google_product_category"];
const NOT_FOR_SALE = ["draft", "archived", "discontinued", "out_of_stock"];

const state = (value) => t(`offer.${value}`);

/** Why the product is not for sale; null where it is. */
export function saleBadge(product) {
  const why = STATES.map((name) => product[name]).find((value) => NOT_FOR_SALE.includes(value));
  return why ? make("span", { class: "badge" }, state(why)) : null;
}

/** -> [term, text or element], of what is said. */
export function offerFacts(product) {
  const unit = product.unit_price === null ? "" : price(product.unit_price, product.currency);
  return [
    ...STATES.map((name) => [t(`offer.${name}`), product[name] && state(product[name])]),
    [t("offer.unit_price"), unit && [unit, product.unit_measure].filter(Boolean).join(" / ")],
    ...TEXTS.map((name) => [t(`offer.${name}`), product[name]]),
    [t("offer.variants"), product.variants.length > 0 && variantList(product)],
  ].filter(([, said]) => said);
}

function variantList({ variants, currency }) {
  const lines = variants.map((one) =>
    make(
      "li",
      {},
      [
        Object.values(one.options).join(", "),
        one.sku || one.gtin || one.mpn,
        one.price !== null && price(one.price, currency),
        one.availability && state(one.availability),
      ]
        .filter(Boolean)
        .join(" \u00b7 "),
    ),
  );
  return make("details", {}, make("summary", {}, count("offer.variant", variants.length)), make("ul", {}, lines));
}
