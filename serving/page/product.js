// One stored product: what the merchant said, what the model makes of it, and what is like it.
import { request } from "./api.js";
import { card, priceLabel } from "./cards.js";
import { icon, make, show as fill, webAddress } from "./dom.js";
import {
  attributeName,
  attributeValue,
  categoryLevels,
  conflicts,
  decisionBanner,
  otherCategories,
  properties,
  section,
  undisputed,
} from "./findings.js";
import { t } from "./language.js";
import { errorNotice, stopped, waiting } from "./notice.js";
import { productPicture } from "./pictures.js";
import { asHash } from "./search-query.js";
import { loadTaxonomy } from "./taxonomy.js";

const SIMILAR = 8;
const address = (id) => `v1/products/${encodeURIComponent(id)}`;

export async function show(main, { rest: id }, signal) {
  const title = make("h1", { tabindex: "-1" }, t("nav.product"));
  const place = make("div", {});
  fill(main, make("p", { class: "back" }, make("a", { href: "#/search" }, "\u2190 ", t("product.back"))), title, place);
  main.querySelector(".back a").addEventListener("click", (event) => {
    if (!("moved" in main.dataset)) return; // the reader came straight here
    event.preventDefault();
    history.back();
  });
  await load(id, title, place, signal);
}

async function load(id, title, place, signal) {
  const busy = waiting(t("product.busy"), null, signal);
  fill(place, busy);
  try {
    const [product] = await Promise.all([request(address(id), { signal }), loadTaxonomy()]);
    signal.throwIfAborted();
    title.textContent = product.title || product.id;
    document.title = `${title.textContent} \u00b7 Shelflens`;
    fill(place, ...details(product, signal));
  } catch (error) {
    if (!stopped(error))
      fill(
        place,
        errorNotice(error, () => load(id, title, place, signal)),
      );
  } finally {
    busy.done();
  }
}

function details(product, signal) {
  const found = product.understanding;
  const seen = make(
    "section",
    { class: "sheet result" },
    make("h2", {}, t("product.seen")),
    decisionBanner(found),
    section(t("found.category"), categoryLevels(found.category)),
    conflicts(product),
    properties(undisputed(product)),
    otherCategories(found),
    make("p", { class: "soft small" }, t("product.model", { model: product.model })),
  );
  return [make("div", { class: "split" }, said(product, signal), seen), similar(product, signal)];
}

/** What the merchant said. The link is his, not ours: only web addresses become links. */
function said(product, signal) {
  const link = webAddress(product.link);
  const rows = Object.entries({ ...(product.brand && { brand: product.brand }), ...product.attributes });
  return make(
    "section",
    { class: "sheet", "aria-label": t("product.said") },
    make(
      "div",
      { class: "gallery" },
      Array.from({ length: Math.max(1, product.images) }, (_, number) =>
        productPicture(product, { number, alt: t("product.picture", { n: number + 1 }), signal }),
      ),
    ),
    priceLabel(product),
    product.description && make("p", { class: "description" }, product.description),
    make(
      "dl",
      { class: "facts" },
      make("div", {}, make("dt", {}, t("product.id")), make("dd", {}, make("code", {}, product.id))),
      rows.map(([name, value]) =>
        make("div", {}, make("dt", {}, attributeName(name)), make("dd", {}, attributeValue(value))),
      ),
    ),
    link &&
      make(
        "p",
        {},
        make("a", { href: link, rel: "noopener noreferrer", target: "_blank" }, t("product.link"), icon("out")),
      ),
  );
}

function similar(product, signal) {
  const list = make("ul", { class: "cards" });
  const element = make(
    "section",
    { class: "similar-products", "aria-label": t("product.similar"), hidden: true },
    make(
      "div",
      { class: "actions spread" },
      make("h2", {}, t("product.similar")),
      make("a", { href: asHash({ like: product.id }) }, t("product.all_similar")),
    ),
    list,
  );
  request(`${address(product.id)}/similar?limit=${SIMILAR}`, { signal })
    .then(({ results }) => {
      fill(
        list,
        results.map((one) => card(one, signal)),
      );
      element.hidden = !results.length;
    })
    .catch((error) => {
      if (stopped(error)) return;
      element.hidden = false;
      fill(list, make("li", { class: "wide" }, errorNotice(error)));
    });
  return element;
}
