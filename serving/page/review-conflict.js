// What several people said of one product where it contradicts itself: whoever judges it next settles it.
import { request } from "./api.js";
import { button, make, show } from "./dom.js";
import { section } from "./findings.js";
import { t } from "./language.js";
import { pathText } from "./taxonomy.js";

/** Null where people agree; else a box of their verdicts, each of which can be taken: judge(verdict). */
export function conflictBox(product, judge, signal) {
  if (!product.judgement?.conflicting) return null;
  const list = make("ul", { class: "verdict-list" });
  request(`v1/feedback?conflicting=true&product_id=${encodeURIComponent(product.id)}`, { signal, as: "text" })
    .then((text) => show(list, text.split("\n").filter(Boolean).map((verdict) => line(JSON.parse(verdict), judge))))
    .catch(() => {}); // the product can be judged without them
  return section(t("review.conflict"), list);
}

function line(verdict, judge) {
  return make(
    "li",
    {},
    make("span", { class: "badge" }, t(`review.was.${verdict.verdict}`)),
    make("span", { class: "said" }, verdict.given_by, make("span", { class: "soft small above" }, answer(verdict))),
    button(t("review.take"), () => judge(again(verdict)), { class: "plain" }, "check"),
  );
}

/** The category that is said to be right, in words; "" where none is. */
export function answer({ verdict, category, seen, proposed_category: proposed }) {
  if (proposed) return t("review.proposed", { path: proposed });
  const node = category ?? seen;
  return node && verdict !== "reject" ? pathText({ id: node }) : "";
}

function again({ verdict, category, seen, proposed_category: proposed, tags, attributes }) {
  if (verdict === "reject") return { verdict };
  const right = proposed ? { proposed_category: proposed } : { category: category ?? seen ?? undefined };
  return { verdict: "correct", ...right, tags: tags ?? undefined, attributes: attributes ?? undefined };
}
