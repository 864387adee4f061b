// Several pictures of one product from the reader: dropped, chosen or pasted, each of which can be taken out again.
import { announce, button, fresh, icon, make, show } from "./dom.js";
import { bytes, count, t } from "./language.js";
import { plainNotice } from "./notice.js";
import { acceptDrops, PICTURES } from "./picture-field.js";
import { zoom } from "./zoom.js";

const MOST_PICTURES = 8; // of a product, as the model reads them
const MOST_BYTES = 20 * 1024 * 1024; // of a whole request; more would travel for nothing

/** held: `{pictures: File[]}`, which outlives the view. */
export function picturesField(held, { signal }) {
  const place = make("div", { class: "picture-field" });
  let addresses = [];

  function add(files) {
    const left = MOST_PICTURES - held.pictures.length;
    const wanted = [...held.pictures, ...files.slice(0, left)];
    const size = wanted.reduce((sum, file) => sum + file.size, 0);
    if (size > MOST_BYTES) return complain(t("picture.too_large", { size: bytes(size) }));
    choose(wanted);
    announce(count("picture.chosen_several", held.pictures.length));
    if (files.length > left) complain(t("picture.too_many", { most: MOST_PICTURES }));
    return undefined;
  }

  function complain(text) {
    draw();
    place.append(plainNotice(text));
  }

  function choose(files) {
    held.pictures = files;
    draw();
  }

  function draw() {
    addresses.forEach((address) => URL.revokeObjectURL(address));
    addresses = held.pictures.map((file) => URL.createObjectURL(file));
    const more = held.pictures.length < MOST_PICTURES && drop(add, held.pictures.length > 0);
    const several = held.pictures.length > 1 && make("p", { class: "soft small" }, t("picture.as_one"));
    const shown = held.pictures.map((file, number) => preview(file, number));
    show(place, shown.length > 0 && make("ul", { class: "previews" }, shown), several, more);
  }

  function preview(file, number) {
    const image = make("img", { src: addresses[number], alt: t("picture.yours_of", { n: number + 1 }) });
    image.addEventListener("error", () => image.replaceWith(icon("picture"))); // the service will say what is wrong
    const remove = () => {
      choose(held.pictures.filter((one) => one !== file));
      place.querySelector("button, input").focus();
    };
    return make(
      "li",
      {},
      make(
        "button",
        {
          type: "button",
          class: "picture-button",
          "aria-label": t("zoom.open", { n: number + 1 }),
          onclick: () => zoom([...addresses], number, file.name),
        },
        image,
      ),
      make("span", { class: "file-name", title: file.name }, file.name),
      button(t("picture.remove"), remove, { class: "plain small", "aria-label": t("picture.remove_one", { name: file.name }) }),
    );
  }

  const pasted = (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((one) => one.type.startsWith("image/"));
    if (!files.length) return;
    event.preventDefault();
    add(files);
  };
  document.addEventListener("paste", pasted, { signal });
  acceptDrops(place, (_first, all) => add(all));
  signal.addEventListener("abort", () => addresses.forEach((address) => URL.revokeObjectURL(address)));
  draw();
  return { element: place, choose };
}

function drop(add, smaller) {
  const hint = fresh("hint");
  const input = make("input", {
    type: "file",
    accept: PICTURES,
    multiple: true,
    class: "unseen",
    "aria-describedby": smaller ? null : hint,
  });
  input.addEventListener("change", () => input.files.length && add([...input.files]));
  return make(
    "label",
    { class: smaller ? "drop small-drop" : "drop" },
    input,
    icon("picture"),
    make("span", { class: "drop-title" }, t(smaller ? "picture.add_more" : "picture.drop_several")),
    !smaller && make("span", { class: "soft small", id: hint }, t("picture.hint")),
  );
}
