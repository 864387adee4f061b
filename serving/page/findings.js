// What the model makes of a product, as the views Understand, Review and a product's own page show it.
import { bar, icon, make } from "./dom.js";
import { percent, t, translated } from "./language.js";
import { leaf, path, pathText, tagLabel } from "./taxonomy.js";

const SIGNS = { auto: "check", review: "eye", abstain: "question" };

/** "auto" and its like as a merchant understands them. */
export function decisionBanner(decision) {
  return make(
    "div",
    { class: `decision ${decision}` },
    icon(SIGNS[decision]),
    make("div", {}, make("strong", {}, t(`decision.${decision}`)), make("p", {}, t(`decision.${decision}.why`))),
  );
}

export function decisionBadge(decision) {
  return make("span", { class: `badge ${decision}` }, icon(SIGNS[decision]), t(`decision.${decision}`));
}

/** The path, a level a line, each with its score. */
export function categoryLevels(category) {
  const levels = path(category).map((label, level) => {
    const score = category.path_scores[level];
    return make(
      "li",
      { style: { "--level": String(level) } },
      make("span", { class: "level-label" }, label),
      score !== undefined && bar(score),
      score !== undefined && make("span", { class: "score" }, percent(score)),
    );
  });
  return make("ol", { class: "levels" }, levels);
}

const WORTH_SAYING = 0.01;

/** The other categories it might be, but for those that are next to impossible; null where there are none. */
export function otherCategories(categories) {
  const likely = (categories ?? []).filter((category) => category.score >= WORTH_SAYING);
  if (!likely.length) return null;
  const lines = likely.map((category) =>
    make(
      "li",
      {},
      make("span", {}, leaf(category), make("span", { class: "soft small above" }, above(category))),
      bar(category.score),
      make("span", { class: "score" }, percent(category.score)),
    ),
  );
  return section(t("found.alternatives"), make("ol", { class: "scored" }, lines));
}

/** The path without its last label: what the category lies under. */
export function above(category) {
  return path(category).slice(0, -1).join(" \u203a ");
}

export function attributeName(name) {
  return translated(`attribute.${name}`, name.replaceAll("_", " "));
}

export function attributeValue(value) {
  return translated(`value.${value}`, value.charAt(0).toUpperCase() + value.slice(1));
}

export function attributeList(attributes) {
  const rows = Object.entries(attributes).map(([name, found]) =>
    make(
      "div",
      {},
      make("dt", {}, attributeName(name)),
      make("dd", {}, attributeValue(found.value), make("span", { class: "score" }, percent(found.score))),
    ),
  );
  return make("dl", { class: "facts" }, rows);
}

export function tagList(tags) {
  const chips = tags.map((tag) =>
    make("li", { class: "chip" }, tagLabel(tag.name), make("span", { class: "score" }, percent(tag.score))),
  );
  return make("ul", { class: "chips" }, chips);
}

export function section(title, ...children) {
  return make("section", { class: "part" }, make("h3", {}, title), children);
}

/** Attributes and tags, each only where there are any. */
export function properties({ attributes, tags }) {
  return make(
    "div",
    { class: "pair" },
    section(t("found.attributes"), Object.keys(attributes ?? {}).length ? attributeList(attributes) : none()),
    section(t("found.tags"), tags?.length ? tagList(tags) : none()),
  );
}

const none = () => make("p", { class: "soft" }, t("found.none"));

/** Who said what: the picture alone, the words alone, and both together. */
export function evidence(result) {
  const { image, text } = result.evidence ?? {};
  const used = result.modalities_used;
  if (!image || !text) return section(t("evidence.title"), make("p", { class: "soft" }, t(`evidence.only_${used[0]}`)));
  const voices = [
    ["picture", "evidence.image", image],
    ["words", "evidence.text", text],
    ["both", "evidence.both", result.category],
  ];
  return section(
    t("evidence.title"),
    make("p", {}, verdict(image, text, result.category)),
    make(
      "ul",
      { class: "voices" },
      voices.map(([sign, name, category]) => voice(sign, name, category)),
    ),
  );
}

function voice(sign, name, category) {
  return make(
    "li",
    { class: sign === "both" ? "together" : null },
    icon(sign),
    make("span", { class: "voice" }, t(name)),
    make("span", { class: "said" }, leaf(category), make("span", { class: "soft small above" }, above(category))),
    make("span", { class: "score" }, percent(category.score)),
  );
}

function verdict(image, text, both) {
  if (image.id === text.id)
    return t(image.id === both.id ? "evidence.agree" : "evidence.neither", { what: leaf(image) });
  if (both.id === text.id) return t("evidence.followed_text");
  if (both.id === image.id) return t("evidence.followed_image");
  return t("evidence.neither");
}

/** One sentence for who listens. */
export function summary(result) {
  return `${pathText(result.category)}, ${percent(result.category.score)}. ${t(`decision.${result.decision}`)}.`;
}
