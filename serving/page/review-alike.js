// Products that wait and are nearly the same as the one under review, to be judged with it.
import { request } from "./api.js";
import { make, show } from "./dom.js";
import { count, decimal, t } from "./language.js";
import { productImage } from "./product-images.js";

const MAX_ALIKE = 24;

/** The box, empty until there are such products, and `chosen()`: those that were ticked. */
export function alikeBox(product, signal) {
  const element = make("div", { class: "alike-place" });
  let ticked = () => [];
  request(`v1/review/${encodeURIComponent(product.id)}/alike?limit=${MAX_ALIKE}`, { signal })
    .then(({ products }) => {
      if (!products.length) return;
      const box = fieldset(products, signal);
      ticked = box.ticked;
      show(element, box.element);
    })
    .catch(() => {}); // the product can be judged without them
  return { element, chosen: () => ticked() };
}

function fieldset(products, signal) {
  const boxes = products.map((one) => make("input", { type: "checkbox", value: one.id }));
  const all = make("input", { type: "checkbox" });
  const sync = () => {
    const on = boxes.filter(({ checked }) => checked).length;
    all.checked = on === boxes.length;
    all.indeterminate = on > 0 && on < boxes.length;
  };
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
  });
  for (const box of boxes) box.addEventListener("change", sync);
  const lines = products.map((one, place) => make("li", {}, tile(one, boxes[place], signal)));
  const element = make(
    "fieldset",
    { class: "sheet alike" },
    make("legend", {}, count("review.alike", products.length)),
    make("label", { class: "check" }, all, make("span", {}, t("review.alike_all"))),
    make("ul", { class: "tiles" }, lines),
  );
  return { element, ticked: () => products.filter((_, place) => boxes[place].checked) };
}

function tile(product, box, signal) {
  return make(
    "label",
    { class: "tile" },
    productImage(product, { signal }),
    make("span", { class: "tile-text" }, box, make("span", {}, product.title || product.id)),
    make("span", { class: "soft small" }, t("search.match", { score: decimal(product.score) })),
  );
}
