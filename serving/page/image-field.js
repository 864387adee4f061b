// An image from the reader: dropped, chosen or pasted.
import { announce, button, fresh, icon, make, show } from "./dom.js";
import { bytes, t } from "./language.js";
import { plainNotice } from "./notice.js";

const IMAGES = "image/jpeg,image/png,image/webp,image/gif,image/bmp";
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
    const title = t(compact ? "image.add" : "image.drop");
    show(place, held.image ? preview(address, held.image, remove) : imageDrop(choose, title, { hinted: !compact }));
  }

  function remove() {
    choose(null);
    place.querySelector("input").focus();
  }

  acceptPastes(choose, signal);
  acceptDrops(place, choose);
  signal.addEventListener("abort", () => address && URL.revokeObjectURL(address));
  draw();
  return { element: place, choose };
}

/**
 * What to click or drop on; the files chosen go to `choose(first, all)`. hinted: whether the kinds of images are named
 * below the title.
 */
export function imageDrop(choose, title, { hinted, several = false, name = "drop" }) {
  const hint = fresh("hint");
  const input = make("input", {
    type: "file",
    accept: IMAGES,
    multiple: several,
    class: "unseen",
    "aria-describedby": hinted && hint,
  });
  input.addEventListener("change", () => input.files.length && choose(input.files[0], [...input.files]));
  return make(
    "label",
    { class: name },
    input,
    icon("image"),
    make("span", { class: "drop-title" }, title),
    hinted && make("span", { class: "soft small", id: hint }, t("image.hint")),
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

/** Images pasted anywhere go to `choose(first, all)`, until the signal. */
export function acceptPastes(choose, signal) {
  const pasted = (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((one) => one.type.startsWith("image/"));
    if (!files.length) return;
    event.preventDefault();
    choose(files[0], files);
  };
  document.addEventListener("paste", pasted, { signal });
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
