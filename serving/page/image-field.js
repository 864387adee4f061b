// An image from the reader: dropped, chosen or pasted.
import { announce, button, fresh, icon, make, show } from "./dom.js";
import { bytes, t } from "./language.js";
import { plainNotice } from "./notice.js";

export const IMAGES = "image/jpeg,image/png,image/webp,image/gif,image/bmp";
const MAX_BYTES = 20 * 1024 * 1024; // of a whole request; a larger image would travel for nothing

/** held: `{image: File | null}`, which outlives the view. compact: one line, for the search form. */
export function imageField(held, { compact = false, signal, onchange = () => {} }) {
  const place = make("div", { class: compact ? "image-field compact" : "image-field" });
  let address = null;

  function choose(file) {
    if (file && file.size > MAX_BYTES) {
      draw();
      place.append(plainNotice(t("image.too_large", { size: bytes(file.size) })));
      return;
    }
    held.image = file;
    draw();
    if (file) announce(t("image.chosen", { name: file.name }));
    onchange();
  }

  function draw() {
    if (address) URL.revokeObjectURL(address);
    address = held.image ? URL.createObjectURL(held.image) : null;
    show(place, held.image ? preview(address, held.image, remove) : drop(choose, compact));
  }

  function remove() {
    choose(null);
    place.querySelector("input").focus();
  }

  document.addEventListener("paste", (event) => pasted(event, choose), { signal });
  acceptDrops(place, (file) => choose(file));
  signal.addEventListener("abort", () => address && URL.revokeObjectURL(address));
  draw();
  return { element: place, choose };
}

function drop(choose, compact) {
  const hint = fresh("hint");
  const input = make("input", {
    type: "file",
    accept: IMAGES,
    class: "unseen",
    "aria-describedby": compact ? null : hint,
  });
  input.addEventListener("change", () => input.files[0] && choose(input.files[0]));
  return make(
    "label",
    { class: "drop" },
    input,
    icon("image"),
    make("span", { class: "drop-title" }, t(compact ? "image.add" : "image.drop")),
    !compact && make("span", { class: "soft small", id: hint }, t("image.hint")),
  );
}

function preview(address, file, remove) {
  const image = make("img", { src: address, alt: t("image.yours") });
  image.addEventListener("error", () => image.replaceWith(icon("image"))); // the service will say what is wrong
  return make(
    "figure",
    { class: "preview" },
    image,
    make(
      "figcaption",
      {},
      make("span", { class: "file-name" }, file.name),
      button(t("image.remove"), remove, { class: "plain" }),
    ),
  );
}

function pasted(event, choose) {
  const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
  if (!file) return;
  event.preventDefault();
  choose(file);
}

/** Files dropped on the element go to `choose(first, all)`; what is dropped beside it, app.js keeps from leaving the page. */
export function acceptDrops(element, choose) {
  const mark = (over) => element.classList.toggle("over", over);
  element.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  element.addEventListener("dragleave", () => mark(false));
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    const files = [...event.dataTransfer.files];
    if (files.length) choose(files[0], files);
  });
}
