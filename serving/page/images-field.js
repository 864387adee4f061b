// Several images of one product from the reader: dropped, chosen or pasted, each of which can be taken out again.
import { announce, button, fresh, icon, make, show } from "./dom.js";
import { bytes, count, t } from "./language.js";
import { plainNotice } from "./notice.js";
import { acceptDrops, acceptPastes, imageDrop } from "./image-field.js";
import { zoom } from "./zoom.js";

const MAX_IMAGES = 8; // of a product, as the model reads them
const MAX_BYTES = 20 * 1024 * 1024; // of a whole request; more would travel for nothing

/** held: `{images: File[]}`, which outlives the view. */
export function imagesField(held, { signal }) {
  const place = make("div", { class: "image-field" });
  let addresses = [];

  function add(files) {
    const left = MAX_IMAGES - held.images.length;
    const wanted = [...held.images, ...files.slice(0, left)];
    const size = wanted.reduce((sum, file) => sum + file.size, 0);
    if (size > MAX_BYTES) return complain(t("image.too_large", { size: bytes(size) }));
    choose(wanted);
    announce(count("image.chosen_several", held.images.length));
    if (files.length > left) complain(t("image.too_many", { max: MAX_IMAGES }));
    return undefined;
  }

  function complain(text) {
    draw();
    place.append(plainNotice(text));
  }

  function choose(files) {
    held.images = files;
    draw();
  }

  function draw() {
    addresses.forEach((address) => URL.revokeObjectURL(address));
    addresses = held.images.map((file) => URL.createObjectURL(file));
    const more = held.images.length < MAX_IMAGES && moreDrop(held.images.length > 0);
    const several = held.images.length > 1 && make("p", { class: "soft small" }, t("image.as_one"));
    const shown = held.images.map((file, number) => preview(file, number));
    show(place, shown.length > 0 && make("ul", { class: "previews" }, shown), several, more);
  }

  function moreDrop(smaller) {
    const title = t(smaller ? "image.add_more" : "image.drop_several");
    const name = smaller ? "drop small-drop" : "drop";
    return imageDrop((_first, all) => add(all), title, { hinted: !smaller, several: true, name });
  }

  function preview(file, number) {
    const image = make("img", { src: addresses[number], alt: t("image.yours_of", { n: number + 1 }) });
    image.addEventListener("error", () => image.replaceWith(icon("image"))); // the service will say what is wrong
    const remove = () => {
      choose(held.images.filter((one) => one !== file));
      place.querySelector("button, input").focus();
    };
    return make(
      "li",
      {},
      make(
        "button",
        {
          type: "button",
          class: "image-button",
          "aria-label": t("zoom.open", { n: number + 1 }),
          onclick: () => zoom([...addresses], number, file.name),
        },
        image,
      ),
      make("span", { class: "file-name", title: file.name }, file.name),
      button(t("image.remove"), remove, { class: "plain small", "aria-label": t("image.remove_one", { name: file.name }) }),
    );
  }

  acceptPastes((_first, all) => add(all), signal);
  acceptDrops(place, (_first, all) => add(all));
  signal.addEventListener("abort", () => addresses.forEach((address) => URL.revokeObjectURL(address)));
  draw();
  return { element: place, choose };
}
