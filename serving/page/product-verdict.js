// A person's word on one product's category: accepted, another chosen, or rejected.
import { request } from "./api.js";
import { categoryField } from "./combobox.js";
import { announce, button, make, show as fill } from "./dom.js";
import { t } from "./language.js";
import { errorNotice, stopped } from "./notice.js";

/** changed() is called once a verdict is stored. */
export function verdictPart(product, changed, signal) {
  const problem = make("div", {});
  const judge = async (verdict, category) => {
    fill(problem);
    try {
      await request("v1/feedback", { body: { product_id: product.id, verdict, category }, signal });
      announce(t(`review.said.${verdict}`));
      changed(t(`review.said.${verdict}`));
    } catch (error) {
      if (!stopped(error)) fill(problem, errorNotice(error));
    }
  };
  const { category, decision } = product.understanding;
  const sure = category && (decision === "auto" || category.score === 1);
  const field = categoryField((node) => judge("correct", node.id));
  return make(
    "section",
    { class: "part verdict" },
    make("h3", {}, t("verdict.title")),
    make(
      "div",
      { class: "actions" },
      category && !sure && button(t("review.accept"), () => judge("accept"), {}, "check"),
      button(t("review.reject"), () => judge("reject"), {}, "close"),
    ),
    field.element,
    problem,
  );
}
