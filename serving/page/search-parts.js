// What the view Search is made of: the form, the place of the filters, the place of the results.
import { productAddress } from "./cards.js";
import { button, icon, make, show } from "./dom.js";
import { t } from "./language.js";
import { imageField } from "./image-field.js";
import { fetchProduct, productImage } from "./product-images.js";
import { asHash } from "./search-query.js";
import { depth, leaf } from "./taxonomy.js";

const SUGGESTED = 3; // categories, and brands

const wide = matchMedia("(min-width: 60rem)"); // as in views.css: there the filters cannot be folded away

/** held: `{image}`. submit(text) is called when the reader asks, and when he changes the image. */
export function searchParts(text, held, submit, signal) {
  const field = make("input", {
    id: "search-text",
    type: "search",
    value: text,
    autocomplete: "off",
    placeholder: t("search.hint"),
    enterkeyhint: "search",
  });
  const ask = () => submit(field.value.trim());
  const form = make(
    "form",
    { class: "sheet search-form", role: "search" },
    make("label", { for: "search-text", class: "unseen" }, t("search.text")),
    field,
    imageField(held, { compact: true, signal, onchange: ask }).element,
    make("button", { type: "submit", class: "main" }, icon("search"), make("span", {}, t("search.do"))),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  const filters = make("div", { class: "filters" });
  const summary = make("summary", {}, icon("filter"), t("search.filters"));
  const aside = make("details", { class: "sheet aside", hidden: true, open: wide.matches }, summary, filters);
  wide.addEventListener("change", () => (aside.open = wide.matches), { signal });
  return { form, field, filters, aside, found: make("section", { class: "found", "aria-label": t("search.results") }) };
}

/** What the found products are like, by title and image: an id says nothing to the reader. */
export function likeness(id, end, signal) {
  const place = make("div", { class: "like" }, t("search.like"));
  const named = (product) =>
    show(
      place,
      make("div", { class: "like-image" }, productImage(product, { signal })),
      make(
        "p",
        {},
        t("search.like"),
        " ",
        make("a", { href: productAddress(product.id) }, product.title || product.id),
      ),
      button(t("search.like_end"), end, { class: "plain" }),
    );
  fetchProduct(id, signal).then(named, () => named({ id, images: 0 }));
  return place;
}

/** Words to begin with, from the catalogue itself: its commonest categories and brands. */
export function suggestions(facets) {
  const leaves = (facets.category ?? []).filter(({ value }) => depth(value) > 0).map(({ value }) => leaf({ id: value }));
  const brands = (facets.brand ?? []).map(({ value }) => value);
  const suggestions = [...leaves.slice(0, SUGGESTED), ...brands.slice(0, SUGGESTED)];
  if (!suggestions.length) return null;
  const links = suggestions.map((text) => make("a", { href: asHash({ text }), class: "button" }, text));
  return make("div", { class: "suggestions" }, make("span", { class: "soft small" }, t("search.try")), links);
}
