// An image in full: the largest that is kept, over the page. Arrows go to the product's other images.
import { button, icon, make, show } from "./dom.js";
import { t } from "./language.js";

/**
 * addresses: of all images, each a promise of an address for an <img>; first: which of them to begin with; note: what
 * is to be known of them.
 */
export function zoom(addresses, first, name, note = null) {
  const before = document.activeElement;
  const place = make("div", { class: "zoomed" });
  const said = make("p", { class: "soft small" });
  let current = first;

  async function draw() {
    const shown = current;
    said.textContent = addresses.length > 1 ? t("zoom.place", { n: current + 1, total: addresses.length }) : "";
    const address = await Promise.resolve(addresses[current]).catch(() => null);
    if (shown !== current) return;
    const alt = t("product.image", { n: current + 1 });
    show(place, address ? make("img", { src: address, alt }) : icon("image"));
  }

  function move(step) {
    current = (current + step + addresses.length) % addresses.length;
    draw();
  }

  const several = addresses.length > 1;
  const dialog = make(
    "dialog",
    { class: "zoom", "aria-label": t("zoom.title", { name }) },
    place,
    note && make("p", { class: "soft small" }, note),
    make(
      "div",
      { class: "actions spread" },
      several && button(t("zoom.previous"), () => move(-1), { class: "plain" }),
      said,
      several && button(t("zoom.next"), () => move(1), { class: "plain" }),
      button(t("action.close"), () => dialog.close(), { autofocus: true }),
    ),
  );
  dialog.addEventListener("keydown", ({ key }) => {
    if (several && key === "ArrowLeft") move(-1);
    if (several && key === "ArrowRight") move(1);
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    before?.focus?.();
  });
  document.body.append(dialog);
  draw();
  dialog.showModal();
}
