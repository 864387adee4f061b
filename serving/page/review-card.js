// One product that waits: what the merchant says, what the model says, and every way to answer.
import { priceLabel, productAddress } from "./cards.js";
import { categoryField } from "./combobox.js";
import { button, make } from "./dom.js";
import { doubles } from "./doubles.js";
import {
  above,
  attributeName,
  attributeValue,
  categoryLevels,
  conflicts,
  contradictions,
  decisionBanner,
  scoreOf,
  section,
} from "./findings.js";
import { t } from "./language.js";
import { productImage } from "./product-images.js";
import { propertyEditor } from "./review-properties.js";
import { categoryCalled, leaf } from "./taxonomy.js";

const CHOICES = 5;
const WORTH_SAYING = 0.01;
const LONGEST_PATH = 256;

const choicesOf = ({ understanding }) =>
  (understanding.alternatives ?? []).filter(({ score }) => score >= WORTH_SAYING).slice(0, CHOICES);

/** The leaves that a number chooses: none of a product of which the model knows nothing, whose guesses are to be read. */
export const numbered = (product) => (product.understanding.notes.includes("unfamiliar") ? [] : choicesOf(product));

/**
 * The card, its category field, and `whole(verdict)`: the verdict with the tags and attributes that were edited.
 * judge(verdict), skip(): what the buttons do; alike, conflict: boxes about products like this one, and about what
 * people have said of it.
 */
export function productCard(product, { judge, skip, alike, conflict, signal }) {
  const found = product.understanding;
  const choose = (node) => judge({ verdict: "correct", category: node.id });
  const propose = (path) => judge({ verdict: "correct", proposed_category: path });
  const field = categoryField(choose, { propose, key: "C" });
  const editor = propertyEditor(found);
  const answer = make(
    "section",
    { class: "sheet answer", "aria-label": t("review.model_says") },
    conflict,
    decisionBanner(found),
    contradictions(product),
    doubles(product),
    found.category && section(t("review.model_says"), categoryLevels(found.category)),
    actions(product, judge, skip),
    choices(product, choose),
    section(t(found.category ? "review.correct" : "review.correct_none"), field.element, ownCategory(product, choose, propose)),
    conflicts(product),
    editor.element,
  );
  const element = make(
    "article",
    { class: "split review", "aria-labelledby": "review-product" },
    heading(product, signal),
    answer,
    alike,
    said(product),
  );
  return { element, field: field.input, whole: (verdict) => withProperties(verdict, editor.edited()) };
}

/** Accepting what has other tags than the model's is to correct it. */
function withProperties(verdict, edited) {
  if (!edited || verdict.verdict === "reject") return verdict;
  return { ...verdict, verdict: "correct", ...edited };
}

/** Where nothing is promised there is nothing to accept. */
function actions({ understanding: { category } }, judge, skip) {
  return make(
    "div",
    { class: "actions verdicts" },
    category && act(t("review.accept"), "A", "check", () => judge({ verdict: "accept" }), "main"),
    act(t("review.reject"), "R", "close", () => judge({ verdict: "reject" }), null, t("review.reject_why")),
    act(t("review.skip"), "S", null, skip, "plain"),
  );
}

function act(text, key, sign, onclick, kind = null, title = null) {
  const element = button(text, onclick, { class: kind, title, "aria-keyshortcuts": key.toLowerCase() }, sign);
  element.append(keycap(key));
  return element;
}

const keycap = (letter) => make("kbd", { "aria-hidden": "true" }, letter);

function heading(product, signal) {
  return make(
    "section",
    { class: "sheet head", "aria-label": t("nav.product") },
    productImage(product, { alt: t("product.image", { n: 1 }), signal }),
    make(
      "div",
      {},
      make("h2", { id: "review-product", tabindex: "-1" }, product.title || product.id),
      make("p", { class: "soft" }, [product.brand, product.id].filter(Boolean).join(" \u00b7 ")),
      priceLabel(product),
    ),
  );
}

/** The merchant's own data, beside which the model's stand. */
function said(product) {
  const own = Object.entries(product.attributes).map(([name, value]) => fact(attributeName(name), attributeValue(value)));
  const type = product.product_type && fact(t("review.product_type"), product.product_type);
  return make(
    "section",
    { class: "sheet merchant", "aria-label": t("product.said") },
    make("h3", {}, t("product.said")),
    product.description && make("p", { class: "description" }, product.description),
    (type || own.length > 0) && make("dl", { class: "facts" }, type, own),
    make("p", {}, make("a", { href: productAddress(product.id) }, t("review.details"))),
  );
}

const fact = (name, value) => make("div", {}, make("dt", {}, name), make("dd", {}, value));

function choices(product, choose) {
  const categories = choicesOf(product);
  if (!categories.length) return null;
  const keys = numbered(product).map((_, place) => String(place + 1));
  const lines = categories.map((category, place) =>
    make(
      "li",
      {},
      make(
        "button",
        { type: "button", class: "choice", "aria-keyshortcuts": keys[place], onclick: () => choose(category) },
        keys[place] && keycap(keys[place]),
        make("span", { class: "said" }, leaf(category), make("span", { class: "soft small above" }, above(category))),
        ...scoreOf(product.understanding, category),
      ),
    ),
  );
  const title = t(product.understanding.category ? "review.rather" : "review.guesses");
  return section(title, make("ol", { class: "choices" }, lines));
}

/** The merchant's own category: taken if the tree has it, else proposed for it. */
function ownCategory({ product_type: given = "" }, choose, propose) {
  if (!given || given.length > LONGEST_PATH) return null;
  const node = categoryCalled(given);
  const act = node ? () => choose(node) : () => propose(given);
  return button(t(node ? "review.take_yours" : "review.propose", { path: given }), act, { class: "plain propose" });
}
