// The last verdicts, newest first, each of which can be taken back.
import { request } from "./api.js";
import { button, make, show } from "./dom.js";
import { moment, t } from "./language.js";
import { errorNotice, stopped, waiting } from "./notice.js";
import { answer } from "./review-conflict.js";

const PAGE = 20;
const GROUP = 100; // products at most that come back to be judged again at once; the others wait in the queue

/** bringBack(product, verdict): called once a verdict is gone; settled(): resolves once those on their way are kept. */
export function historyBox({ bringBack, settled, signal }) {
  const place = make("div", {});
  const box = make("details", { class: "sheet history" }, make("summary", {}, t("review.history")), place);
  box.addEventListener("toggle", () => box.open && load());

  async function load() {
    const busy = waiting(t("review.history_busy"), null, signal);
    show(place, busy);
    try {
      await settled();
      const verdicts = await listed(`order=newest&limit=${PAGE}`);
      show(place, verdicts.length ? make("ul", { class: "verdict-list" }, verdicts.map(line)) : none());
    } catch (error) {
      if (!stopped(error)) show(place, errorNotice(error, load));
    } finally {
      busy.done();
    }
  }

  function line(verdict) {
    const element = make(
      "li",
      {},
      make("span", { class: `badge ${BADGES[verdict.verdict]}` }, t(`review.was.${verdict.verdict}`)),
      make(
        "span",
        { class: "said" },
        verdict.title || verdict.product_id,
        make("span", { class: "soft small above" }, about(verdict).filter(Boolean).join(" \u00b7 ")),
      ),
      button(t("review.take_back"), () => takeBack(verdict, element), { class: "plain" }, "undo"),
      verdict.group && button(t("review.take_back_group"), () => takeBackGroup(verdict, element), { class: "plain" }, "undo"),
    );
    return element;
  }

  async function listed(query) {
    const text = await request(`v1/feedback?${query}`, { signal, as: "text" });
    return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  }

  async function takeBack(verdict, element) {
    for (const one of element.querySelectorAll("button")) one.disabled = true;
    try {
      await request(`v1/feedback/${verdict.id}`, { method: "DELETE" });
      element.remove();
      await bringBack(verdict.product_id, verdict.id);
    } catch (error) {
      if (!stopped(error)) element.append(errorNotice(error));
    }
  }

  async function takeBackGroup(verdict, element) {
    for (const one of element.querySelectorAll("button")) one.disabled = true;
    try {
      const all = await listed(`group=${verdict.group}&limit=${GROUP}`);
      await request(`v1/feedback/${verdict.id}?group=true`, { method: "DELETE" });
      for (const one of all) await bringBack(one.product_id, one.id);
      await load();
    } catch (error) {
      if (!stopped(error)) element.append(errorNotice(error));
    }
  }

  return box;
}

const BADGES = { accept: "auto", correct: "review", reject: "abstain" };

const none = () => make("p", { class: "soft" }, t("review.history_none"));

const about = (verdict) => [
  answer(verdict),
  verdict.given_by,
  verdict.conflicting && t("review.conflict"),
  moment(verdict.created_at),
];
