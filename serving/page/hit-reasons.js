// Why a search has found a product, as its card tells it.
import { make } from "./dom.js";
import { decimal, t } from "./language.js";

/** null where it was not asked for. */
export function hitReasons({ evidence }) {
  if (!evidence) return null;
  const { vectors, words, matched } = evidence;
  const lines = [
    evidence.by_number && t("hit.by_number"),
    vectors && t(vectors.rank ? "hit.vectors" : "hit.vectors_far", { rank: vectors.rank, score: decimal(vectors.score) }),
    words && (words.rank ? t("hit.words", { rank: words.rank, score: decimal(words.score) }) : t("hit.words_none")),
    matched.length > 0 && t("hit.matched", { words: matched.join(t("page.comma")) }),
  ];
  return make("ul", { class: "hit-reasons small" }, lines.filter(Boolean).map((line) => make("li", {}, line)));
}
