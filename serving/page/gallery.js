// All kept images of a product. A click shows one in full.
import { make } from "./dom.js";
import { t } from "./language.js";
import { addressOf, productImage } from "./product-images.js";
import { zoom } from "./zoom.js";

export function gallery(product, signal) {
  const name = product.title || product.id;
  const images = Array.from({ length: Math.max(1, product.images) }, (_, number) => {
    const frame = productImage(product, { number, alt: t("product.image", { n: number + 1 }), signal });
    if (number >= product.images) return frame;
    const open = () => {
      const all = Array.from({ length: product.images }, (_none, one) => addressOf(product.id, one, signal));
      zoom(all, number, name, t("zoom.kept"));
    };
    return make(
      "button",
      { type: "button", class: "image-button", onclick: open, "aria-label": t("zoom.open", { n: number + 1 }) },
      frame,
    );
  });
  return make("div", { class: "gallery" }, images);
}
