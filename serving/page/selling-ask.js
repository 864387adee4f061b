// Ask the listing: an answer is a part of it, word for word, with its source; or it is said that nothing answers.
import { request } from "./api.js";
import { productAddress } from "./cards.js";
import { make } from "./dom.js";
import { attributeName } from "./findings.js";
import { percent, t, whole } from "./language.js";
import { asking, field } from "./selling-panel.js";

const MAX_QUESTION = 500;

/** address: of a product's questions, or of those about the whole catalogue. */
export function askBox(address, signal) {
  const question = make("input", { type: "text", required: true, maxlength: MAX_QUESTION, autocomplete: "off" });
  const ask = (running) => request(address, { body: { question: question.value.trim() }, signal: running });
  return asking(t("ask.title"), t("ask.lead"), field(t("ask.question"), question), t("ask.do"), { ask, shown, signal });
}

function shown({ answered, answers }) {
  if (!answered) return make("p", { class: "soft" }, t("ask.unanswered"));
  return make(
    "ul",
    { class: "sentences" },
    answers.map((one) =>
      make("li", {}, make("p", {}, one.text), make("p", { class: "soft small" }, origin(one), " \u00b7 ", percent(one.score))),
    ),
  );
}

function origin({ source, name, by, document, page, product_id: product }) {
  if (document) {
    const heading = name ? `${document}, ${name}` : document;
    return page ? t("ask.of_page", { document: heading, n: whole(page) }) : t("ask.of_document", { document: heading });
  }
  const said = source === "attribute" ? t(`ask.by_${by}`, { name: attributeName(name) }) : t(`ask.of_${source}`);
  return product ? [said, " ", make("a", { href: productAddress(product) }, product)] : said;
}
