// What the view Search is made of: the form, the place of the filters, the place of the results.
import { icon, make } from "./dom.js";
import { t } from "./language.js";
import { pictureField } from "./picture-field.js";

const wide = matchMedia("(min-width: 60rem)"); // as in views.css: there the filters cannot be folded away

/** held: `{picture}`. submit(text) is called when the reader asks, and when he changes the picture. */
export function searchParts(text, held, submit, signal) {
  const words = make("input", {
    id: "words",
    type: "search",
    value: text,
    autocomplete: "off",
    placeholder: t("search.hint"),
    enterkeyhint: "search",
  });
  const ask = () => submit(words.value.trim());
  const form = make(
    "form",
    { class: "sheet search-form", role: "search" },
    make("label", { for: "words", class: "unseen" }, t("search.words")),
    words,
    pictureField(held, { compact: true, signal, onchange: ask }).element,
    make("button", { type: "submit", class: "main" }, icon("search"), make("span", {}, t("search.do"))),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  const filters = make("div", { class: "filters" });
  const summary = make("summary", {}, icon("filter"), t("search.filters"));
  const aside = make("details", { class: "sheet aside", hidden: true, open: wide.matches }, summary, filters);
  wide.addEventListener("change", () => (aside.open = wide.matches), { signal });
  return { form, words, filters, aside, found: make("section", { class: "found", "aria-label": t("search.results") }) };
}
