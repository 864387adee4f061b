// Products as cards.
import { icon, make, show as fill } from "./dom.js";
import { above, decisionBadge } from "./findings.js";
import { hitReasons } from "./hit-reasons.js";
import { count, decimal, percent, price, t } from "./language.js";
import { errorNotice, stopped } from "./notice.js";
import { saleBadge } from "./offer.js";
import { productImage } from "./product-images.js";
import { asHash } from "./search-query.js";
import { leaf } from "./taxonomy.js";

export const productAddress = (id) => "#/product/" + encodeURIComponent(id);

export function priceLabel(product) {
  if (product.price === null || product.price === undefined) return null;
  const before = product.list_price > product.price && make("del", { class: "small" }, price(product.list_price, product.currency));
  return make("span", { class: "price" }, price(product.price, product.currency), before && " ", before);
}

/** The category that can be promised; else the merchant's own; else that it is not known. */
export function shownCategory({ understanding: { category }, product_type: own }) {
  if (!category) return own ? make("span", { class: "soft", title: t("found.own_category") }, own) : null;
  return make(
    "span",
    {},
    make("span", { class: "soft" }, above(category), above(category) && " \u203a "),
    leaf(category),
    " ",
    make("span", { class: "score" }, percent(category.score)),
  );
}

/** How near it is to the query; why it was found unfolds. */
function similarity(product) {
  const said = t("search.match", { score: decimal(product.score) });
  const reasons = hitReasons(product);
  const known = { class: "soft small", title: t("search.match_why") };
  return reasons ? make("details", { class: "hit" }, make("summary", known, said), reasons) : make("span", known, said);
}

/** product: as a search answers it, with `score` and `duplicates`, or as it is browsed. */
export function card(product, signal) {
  const { decision } = product.understanding;
  const category = shownCategory(product);
  const name = product.title || product.id;
  return make(
    "li",
    { class: "card" },
    make("div", { class: "card-image" }, productImage(product, { signal }), priceLabel(product)),
    make(
      "div",
      { class: "card-text" },
      make("h3", {}, make("a", { href: productAddress(product.id), class: "cover" }, name)),
      product.brand && make("p", { class: "soft small" }, product.brand),
      category && make("p", { class: "small" }, category),
      saleBadge(product),
      decision !== "auto" && decisionBadge(decision),
      product.duplicates?.length > 0 &&
        make("p", { class: "soft small" }, count("search.duplicates", product.duplicates.length)),
      make(
        "div",
        { class: "card-foot" },
        product.score !== undefined && similarity(product),
        make(
          "a",
          { href: asHash({ like: product.id }), class: "similar", "aria-label": t("search.similar_to", { name }) },
          icon("both"),
          t("search.similar"),
        ),
      ),
    ),
  );
}

/** Some products below a heading, hidden while there are none. more: a link beside it, or null; coming: a promise of them. */
export function strip(title, more, coming, signal) {
  const list = make("ul", { class: "cards" });
  const element = make(
    "section",
    { class: "similar-products", "aria-label": title, hidden: true },
    make("div", { class: "actions spread" }, make("h2", {}, title), more),
    list,
  );
  coming
    .then((products) => {
      fill(
        list,
        products.map((one) => card(one, signal)),
      );
      element.hidden = !products.length;
    })
    .catch((error) => {
      if (stopped(error)) return;
      element.hidden = false;
      fill(list, make("li", { class: "wide" }, errorNotice(error)));
    });
  return element;
}
