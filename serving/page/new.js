// A product added by hand.
import { request } from "./api.js";
import { productAddress } from "./cards.js";
import { fresh, make, show as fill } from "./dom.js";
import { t } from "./language.js";
import { errorNotice, plainNotice, stopped } from "./notice.js";
import { imagesField } from "./images-field.js";
import { productForm } from "./product-form.js";
import { asDataUri } from "./search-query.js";

export async function show(main, _query, signal) {
  const held = { images: [] };
  const number = fresh("id");
  const id = make("input", { id: number, type: "text", autocomplete: "off", required: true, maxlength: "256" });
  const above = [
    imagesField(held, { signal }).element,
    make("div", { class: "field" }, make("label", { for: number }, t("column.id")), id),
  ];
  const form = productForm({}, { save, saving: t("new.do"), above });

  async function save(fields) {
    fill(form.problem);
    const empty = !held.images.length && !fields.title && !fields.description;
    if (empty) return fill(form.problem, plainNotice(t("error.product_empty")));
    const address = `v1/products/${encodeURIComponent(id.value.trim())}`;
    try {
      if (await known(address)) return fill(form.problem, plainNotice(t("new.known")));
      const images = await Promise.all(held.images.map(asDataUri));
      await request(address, { method: "PUT", body: { ...fields, images }, signal });
      location.hash = productAddress(id.value.trim());
    } catch (error) {
      if (!stopped(error)) fill(form.problem, errorNotice(error));
    }
  }

  const known = (address) =>
    request(address, { signal }).then(
      () => true,
      (error) => {
        if (error.code !== "product_not_found") throw error;
        return false;
      },
    );
  fill(
    main,
    make("h1", { tabindex: "-1" }, t("new.title")),
    make("p", { class: "lead" }, t("new.lead")),
    make("div", { class: "sheet narrow" }, form.element),
  );
}
