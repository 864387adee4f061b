// What the reader wants of all the feeds that are sent, beside the feeds themselves.
import { make } from "./dom.js";
import { t } from "./language.js";

/**
 * draft: has `feeds`, and `dryRun`, `strict` and `replace`, which change here; changed() is called then.
 * -> {dryRun, others, redraw}: the first beside the button, the others above it; redraw() after draft has changed.
 */
export function jobOptions(draft, changed) {
  const box = (name) => {
    const input = make("input", { type: "checkbox", checked: draft[name] });
    input.addEventListener("change", () => {
      draft[name] = input.checked;
      changed();
    });
    return input;
  };
  const replace = box("replace");
  const redraw = () => {
    // Each of several feeds would take out the products of the others.
    draft.replace &&= draft.feeds.length < 2;
    replace.checked = draft.replace;
    replace.disabled = draft.feeds.length > 1;
  };
  return {
    dryRun: labelled(box("dryRun"), t("jobs.dry_run"), t("jobs.dry_run_why")),
    others: make(
      "div",
      { class: "job-options" },
      labelled(box("strict"), t("jobs.strict"), t("jobs.strict_why")),
      labelled(replace, t("jobs.replace"), t("jobs.replace_why")),
    ),
    redraw,
  };
}

function labelled(input, text, why) {
  return make("label", { class: "check" }, input, make("span", {}, text, make("span", { class: "soft small" }, why)));
}
