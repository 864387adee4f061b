// What reviews say of a product: each count unfolds to its sentences.
import { request } from "./api.js";
import { bar, make, show as fill } from "./dom.js";
import { count, t, translated, whole } from "./language.js";
import { errorNotice, stopped } from "./notice.js";
import { panel } from "./selling-panel.js";

const SENTENCES = 5;

export function reviewPanel(address, signal) {
  const place = make("div", {});
  request(`${address}/reviews/summary?sentences=${SENTENCES}`, { signal })
    .then((summary) => fill(place, summary.reviews ? told(summary) : make("p", { class: "soft" }, t("reviews.none"))))
    .catch((error) => !stopped(error) && fill(place, errorNotice(error)));
  return panel(t("reviews.title"), place);
}

function told({ reviews, positive, negative, aspects }) {
  const values = { positive: whole(positive), negative: whole(negative) };
  return [
    make("p", {}, count("reviews.some", reviews, values)),
    make(
      "ul",
      { class: "aspects" },
      aspects.map((aspect) => make("li", {}, unfolding(aspect))),
    ),
  ];
}

function unfolding(aspect) {
  const said = count("reviews.aspect", aspect.reviews, {
    positive: whole(aspect.positive),
    negative: whole(aspect.negative),
  });
  return make(
    "details",
    {},
    make(
      "summary",
      {},
      make("span", { class: "aspect" }, translated(`aspect.${aspect.name}`, aspect.name)),
      bar(aspect.negative / aspect.reviews),
      make("span", { class: "soft small" }, said),
    ),
    make(
      "ul",
      { class: "sentences small" },
      aspect.sentences.map((one) =>
        make(
          "li",
          { class: one.sentiment },
          make("span", { class: "unseen" }, t(`reviews.${one.sentiment}`), " "),
          one.text,
          " ",
          make("code", { class: "soft" }, one.review),
        ),
      ),
    ),
  );
}
