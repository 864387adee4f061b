// One stored product: what the merchant said, what the model makes of it, and what is like it.
import { request } from "./api.js";
import { priceLabel, strip } from "./cards.js";
import { announce, button, icon, make, show as fill, webAddress } from "./dom.js";
import { doubles } from "./doubles.js";
import {
  attributeName,
  attributeValue,
  categoryLevels,
  contradictions,
  decisionBanner,
  judgement,
  otherCategories,
  properties,
  section,
  undisputed,
} from "./findings.js";
import { gallery } from "./gallery.js";
import { count, percent, t } from "./language.js";
import { errorNotice, stopped, waiting } from "./notice.js";
import { askToDelete } from "./product-delete.js";
import { offerFacts } from "./offer.js";
import { productForm } from "./product-form.js";
import { verdictPart } from "./product-verdict.js";
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
  if (!place.children.length) fill(place, busy);
  try {
    const [product] = await Promise.all([request(address(id), { signal }), loadTaxonomy()]);
    signal.throwIfAborted();
    title.textContent = product.title || product.id;
    document.title = `${title.textContent} \u00b7 Shelflens`;
    const changed = async (text) => {
      await load(id, title, place, signal);
      announce(text);
      if (!signal.aborted) title.focus();
    };
    fill(place, ...details(product, { changed, signal }));
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

function details(product, page) {
  return [
    make("div", { class: "split" }, said(product, page), seen(product, page)),
    similar(product, page.signal),
    sold(product, page.signal),
  ];
}

function seen(product, { changed, signal }) {
  const found = product.understanding;
  return make(
    "section",
    { class: "sheet result" },
    make("h2", {}, t("product.seen")),
    decisionBanner(found),
    product.conflicts.length > 0 &&
      make("p", { class: "soft small differing" }, count("conflict.some", product.conflicts.length)),
    judgement(product),
    contradictions(product),
    doubles(product),
    section(t("found.category"), categoryLevels(found.category)),
    verdictPart(product, changed, signal),
    otherCategories(found),
    properties(undisputed(product)),
    make("p", { class: "soft small" }, t("product.model", { model: product.model })),
  );
}

/** What the merchant said. */
function said(product, page) {
  const place = make("section", { class: "sheet", "aria-label": t("product.said") });
  const look = () => fill(place, ...facts(product, page, edit));
  function edit() {
    const form = productForm(product, { save, cancel: back, saving: t("edit.save") });
    fill(place, make("h2", {}, t("edit.title")), form.element);
    form.focus();

    async function save(fields) {
      fill(form.problem);
      try {
        await request(address(product.id), { method: "PATCH", body: fields, signal: page.signal });
        page.changed(t("edit.saved"));
      } catch (error) {
        if (!stopped(error)) fill(form.problem, errorNotice(error));
      }
    }
  }
  function back() {
    look();
    place.querySelector(".edit").focus();
  }
  look();
  return place;
}

/** The link is the merchant's, not ours: only web addresses become links. */
function facts(product, page, edit) {
  const link = webAddress(product.link);
  const remove = () => askToDelete(product, () => (location.hash = "#/search"));
  const texts = { brand: product.brand, product_type: product.product_type };
  return [
    gallery(product, page.signal),
    make(
      "div",
      { class: "actions spread" },
      priceLabel(product) ?? make("span", {}),
      make(
        "div",
        { class: "actions" },
        button(t("edit.do"), edit, { class: "edit" }, "pencil"),
        button(t("delete.do"), remove, { class: "plain danger-text" }),
      ),
    ),
    product.description && make("p", { class: "description" }, product.description),
    make(
      "dl",
      { class: "facts" },
      row(t("product.id"), make("code", {}, product.id)),
      Object.entries(texts).map(([name, text]) => text && row(t(`column.${name}`), text)),
      offerFacts(product).map(([term, said]) => row(term, said)),
      Object.entries(product.attributes).map(([name, value]) =>
        row(attributeName(name), attributeValue(value), conflict(product, name, page)),
      ),
    ),
    link &&
      make(
        "p",
        {},
        make("a", { href: link, rel: "noopener noreferrer", target: "_blank" }, t("product.link"), icon("out")),
      ),
  ];
}

const row = (term, text, below = null) =>
  make("div", {}, make("dt", {}, term), make("dd", {}, make("span", {}, text), below));

/** What the model says instead, beside what the merchant says; one click takes it. */
function conflict(product, name, { changed, signal }) {
  const other = product.conflicts.find((one) => one.name === name);
  if (!other) return null;
  const problem = make("div", {});
  const take = async () => {
    const attributes = { ...product.attributes, [name]: other.model };
    try {
      await request(address(product.id), { method: "PATCH", body: { attributes }, signal });
      changed(t("edit.saved"));
    } catch (error) {
      if (!stopped(error)) fill(problem, errorNotice(error));
    }
  };
  const value = attributeValue(other.model);
  return make(
    "span",
    { class: "conflict" },
    make("span", { class: "small" }, t("conflict.model_says", { value, score: percent(other.score) })),
    button(t("conflict.take", { value }), take, { class: "plain small" }),
    problem,
  );
}

/** What is made of it for selling is fetched with its scripts, and does not hold up the rest. */
function sold(product, signal) {
  const place = make("div", {});
  import("./selling.js")
    .then(({ selling }) => fill(place, selling(product, address(product.id), signal)))
    .catch((error) => fill(place, errorNotice(error)));
  return place;
}

function similar(product, signal) {
  return strip(
    t("product.similar"),
    make("a", { href: asHash({ like: product.id }) }, t("product.all_similar")),
    request(`${address(product.id)}/similar?limit=${SIMILAR}`, { signal }).then(({ results }) => results),
    signal,
  );
}
