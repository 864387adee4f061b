// A picture from the reader: dropped, chosen or pasted.
import { announce, button, fresh, icon, make, show } from "./dom.js";
import { bytes, t } from "./language.js";
import { plainNotice } from "./notice.js";

export const PICTURES = "image/jpeg,image/png,image/webp,image/gif,image/bmp";
const MOST_BYTES = 20 * 1024 * 1024; // of a whole request; a larger picture would travel for nothing

/** held: `{picture: File | null}`, which outlives the view. compact: one line, for the search form. */
export function pictureField(held, { compact = false, signal, onchange = () => {} }) {
  const place = make("div", { class: compact ? "picture-field compact" : "picture-field" });
  let address = null;

  function choose(file) {
    if (file && file.size > MOST_BYTES) {
      draw();
      place.append(plainNotice(t("picture.too_large", { size: bytes(file.size) })));
      return;
    }
    held.picture = file;
    draw();
    if (file) announce(t("picture.chosen", { name: file.name }));
    onchange();
  }

  function draw() {
    if (address) URL.revokeObjectURL(address);
    address = held.picture ? URL.createObjectURL(held.picture) : null;
    show(place, held.picture ? preview(address, held.picture, remove) : drop(choose, compact));
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
    accept: PICTURES,
    class: "unseen",
    "aria-describedby": compact ? null : hint,
  });
  input.addEventListener("change", () => input.files[0] && choose(input.files[0]));
  return make(
    "label",
    { class: "drop" },
    input,
    icon("picture"),
    make("span", { class: "drop-title" }, t(compact ? "picture.add" : "picture.drop")),
    !compact && make("span", { class: "soft small", id: hint }, t("picture.hint")),
  );
}

function preview(address, file, remove) {
  const image = make("img", { src: address, alt: t("picture.yours") });
  image.addEventListener("error", () => image.replaceWith(icon("picture"))); // the service will say what is wrong
  return make(
    "figure",
    { class: "preview" },
    image,
    make(
      "figcaption",
      {},
      make("span", { class: "file-name" }, file.name),
      button(t("picture.remove"), remove, { class: "plain" }),
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
