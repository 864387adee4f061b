// What the model makes of a product, as the views Understand, Review and a product's own page show it.
import { bar, icon, make } from "./dom.js";
import { percent, t, translated } from "./language.js";
import { leaf, path, pathText, tagLabel } from "./taxonomy.js";

const SIGNS = { auto: "check", review: "eye", abstain: "question" };

/** "auto" and its like as a merchant understands them, and what was left out of the reading. found: the answer. */
export function decisionBanner({ decision, notes = [] }) {
  const why = notes.includes("unfamiliar") ? "note.unfamiliar" : `decision.${decision}.why`;
  return make(
    "div",
    { class: `decision ${decision}` },
    icon(SIGNS[decision]),
    make(
      "div",
      {},
      make("strong", {}, t(`decision.${decision}`)),
      make("p", {}, t(why)),
      notes.includes("text_not_read") && make("p", {}, t("note.text_not_read")),
    ),
  );
}

export function decisionBadge(decision) {
  return make("span", { class: `badge ${decision}` }, icon(SIGNS[decision]), t(`decision.${decision}`));
}

/** The path, a level a line, each with its score; category: null if none can be promised. */
export function categoryLevels(category) {
  if (!category) return make("p", { class: "soft" }, t("found.no_category"));
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

/** A category's score as a bar and a number; none of a product unlike all that the model was taught: it cannot know. */
export function scoreOf({ notes = [] }, { score }) {
  return notes.includes("unfamiliar") ? [] : [bar(score), make("span", { class: "score" }, percent(score))];
}

/** What alternatives are called: mere guesses where there is no category. */
const alternativesTitle = ({ category }) => t(category ? "found.alternatives" : "found.guesses");

/** The other categories it might be, but for those that are next to impossible; null where there are none. */
export function otherCategories(found) {
  const likely = (found.alternatives ?? []).filter((category) => category.score >= WORTH_SAYING);
  if (!likely.length) return null;
  const lines = likely.map((category) =>
    make(
      "li",
      {},
      make("span", {}, leaf(category), make("span", { class: "soft small above" }, above(category))),
      ...scoreOf(found, category),
    ),
  );
  return section(alternativesTitle(found), make("ol", { class: "scored" }, lines));
}

/** The path without its last label: what the category lies under. */
export function above(category) {
  return path(category).slice(0, -1).join(" \u203a ");
}

export function attributeName(name) {
  return translated(`attribute.${name}`, name.replaceAll("_", " "));
}

/** Of one value or several. A merchant writes "red" where the taxonomy has "Red". */
export function attributeValue(value) {
  if (Array.isArray(value)) return value.map(attributeValue).join(", ");
  const capital = value.charAt(0).toUpperCase() + value.slice(1);
  return translated(`value.${value}`, translated(`value.${capital}`, capital));
}

function attributeList(attributes) {
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

function tagList(tags) {
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

/** Where the merchant's own attributes and the model's differ; null where they do not. */
export function conflicts(product) {
  if (!product.conflicts.length) return null;
  const rows = product.conflicts.map(({ name, yours, model, score }) =>
    make(
      "li",
      {},
      t("found.conflict", {
        name: attributeName(name),
        yours: attributeValue(yours),
        model: attributeValue(model),
        score: percent(score),
      }),
    ),
  );
  return section(t("found.conflicts"), make("ul", { class: "conflicts" }, rows));
}

/** Where the product contradicts itself, with what either side says; null where it does not. */
export function contradictions({ contradictions: found = [] }) {
  if (!found.length) return null;
  const shown = ({ field, code }, text) => (field === "category" && code.startsWith("image_") ? text : attributeValue(text));
  const rows = found.map((one) =>
    make(
      "li",
      {},
      t(`contradiction.${one.code}`, {
        field: one.field === "category" ? t("found.category") : attributeName(one.field),
        said: shown(one, one.said),
        proposed: shown(one, one.proposed),
      }),
      one.probability < 1 && make("span", { class: "score" }, ` ${percent(one.probability)}`),
    ),
  );
  return section(t("contradiction.title"), make("ul", { class: "conflicts" }, rows));
}

/** What a person said of it; null where nobody did. A category that the tree lacks is shown as the proposal it is. */
export function judgement({ judgement: said }) {
  if (!said) return null;
  return make(
    "p",
    { class: "said-by-person" },
    make("span", { class: "badge" }, icon("eye"), t(`review.was.${said.verdict}`)),
    said.conflicting && ` ${t("review.conflict")}`,
    said.proposed_category && ` ${t("found.proposed", { path: said.proposed_category })}`,
  );
}

/** The model's attributes without those that the merchant contradicts. */
export function undisputed({ understanding, conflicts: differing }) {
  const names = new Set(differing.map(({ name }) => name.toLowerCase()));
  const kept = Object.entries(understanding.attributes).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...understanding, attributes: Object.fromEntries(kept) };
}

const none = () => make("p", { class: "soft" }, t("found.none"));

/** Who said what: the image alone, the text alone, and both together. */
export function evidence(result) {
  const { image, text } = result.evidence ?? {};
  const used = result.modalities_used;
  if (used.length < 2) return section(t("evidence.title"), make("p", { class: "soft" }, onlyRead(result)));
  const voices = [
    ["image", "evidence.image", image],
    ["text", "evidence.text", text],
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

function onlyRead({ modalities_used: [only], notes }) {
  if (!only) return t("evidence.nothing");
  return t(notes?.includes("text_not_read") ? "evidence.image_readable" : `evidence.only_${only}`);
}

/** category: null if this alone could not promise any. */
function voice(sign, name, category) {
  return make(
    "li",
    { class: sign === "both" ? "together" : null },
    icon(sign),
    make("span", { class: "voice" }, t(name)),
    category
      ? make("span", { class: "said" }, leaf(category), make("span", { class: "soft small above" }, above(category)))
      : make("span", { class: "said soft" }, t("decision.abstain")),
    category && make("span", { class: "score" }, percent(category.score)),
  );
}

const isBelow = (category, other) =>
  category.path.length > other.path.length && other.path.every((label, level) => label === category.path[level]);

function verdict(image, text, both) {
  const [byImage, byText, byBoth] = [image?.id, text?.id, both?.id];
  if (!byBoth) return t("evidence.unsure");
  if (byImage === byBoth && byText === byBoth) return t("evidence.agree");
  if (byBoth === byText) return t("evidence.followed_text");
  if (byBoth === byImage) return t("evidence.followed_image");
  if ([image, text].some((alone) => alone && isBelow(both, alone))) return t("evidence.further");
  if ([image, text].every((alone) => alone && isBelow(alone, both))) return t("evidence.common");
  return t("evidence.neither");
}

/** One sentence for who listens. */
export function summary(result) {
  const { category, decision } = result;
  const said = category ? `${pathText(category)}, ${percent(category.score)}. ` : "";
  return `${said}${t(`decision.${decision}`)}.`;
}
