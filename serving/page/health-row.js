// One finding of an audit: the product, what is wrong with it and why, and what can be done about it.
import { productAddress } from "./cards.js";
import { button, fresh, make, show } from "./dom.js";
import { decimal, percent, t, translated } from "./language.js";
import { productImage } from "./product-images.js";

const REASONS = 5; // shown at once
// What concerns products together, and has no field that a person could fill.
const TOGETHER = new Set(["duplicate", "variant"]);

/** What accepting puts into the feed. Of a picture and words that differ nobody knows which is wrong. */
const settles = ({ code, proposed }) => (code === "image_and_title_differ" ? "" : proposed);

/** What a kind of finding is called. */
export const kind = (code) => translated(`health.kind.${code}`, code);

/**
 * data: as the service answers it. acts: judge(row, verdict), reopen(row), signal. -> {element, data, update(data)}.
 */
export function findingRow(data, acts) {
  const element = make("li", { class: "finding sheet" });
  const row = { element, data, update };

  function update(now) {
    row.data = now;
    draw();
  }

  function draw() {
    const { state, evidence, probability, code } = row.data;
    show(
      element,
      make("ul", { class: "fault-products" }, row.data.products.map((product) => shownProduct(product, acts.signal))),
      make(
        "div",
        { class: "fault" },
        make("p", { class: "small" }, make("span", { class: "badge" }, kind(code)), " ", make("span", { class: "soft" }, t("health.sure", { share: percent(probability) })), row.data.auto && make("span", { class: "badge auto" }, t("health.auto"))),
        make("p", { class: "fault-sentence" }, sentence(row.data)),
        reasons(evidence.filter(({ source }) => source !== "channel")),
        state === "open" ? actions(row, acts) : said(row, acts),
      ),
    );
  }

  draw();
  return row;
}

function shownProduct(product, signal) {
  return make("li", {}, productImage(product, { signal }), make("a", { href: productAddress(product.id) }, product.title || product.id));
}

function sentence({ code, sentence: english, product, others, products, field, said, proposed, evidence }) {
  const title = (id) => products.find((one) => one.id === id)?.title || id;
  const channels = evidence.filter(({ source }) => source === "channel").map(({ says }) => says).join(", ");
  const values = { others: others.map((id) => `\u201c${title(id)}\u201d`).join(", "), field: translated(`attribute.${field}`, field), said: short(field, said), proposed: short(field, proposed), channels };
  const key = `health.said.${code}`;
  const text = t(key, values);
  if (text === key) return english;
  return product ? text : t("health.many", { n: said, text }); // of a fault that many have
}

/** Of a category's path its end. */
const short = (field, value) => (field === "category" ? value.split(" > ").at(-1) : value);
/** What a reason adds. */
const signed = (score) => `${score > 0 ? "+" : ""}${decimal(score)}`;

function reasons(evidence) {
  if (!evidence.length) return null;
  const line = ({ source, says, score }) =>
    make("li", {}, source !== "product" && make("span", { class: "soft" }, `${t(`health.source.${source}`)}: `), says, score !== null && make("span", { class: "score" }, ` ${source === "product" ? signed(score) : percent(score)}`));
  const strongest = [...evidence].sort((one, other) => Math.abs(other.score ?? 0) - Math.abs(one.score ?? 0));
  const [first, rest] = [strongest.slice(0, REASONS), strongest.slice(REASONS)];
  const more = rest.length > 0 && make("details", {}, make("summary", { class: "small" }, t("health.more_reasons")), make("ul", { class: "fault-reasons" }, rest.map(line)));
  return make("div", { class: "small" }, make("ul", { class: "fault-reasons" }, first.map(line)), more);
}

function actions(row, acts) {
  const { code, field } = row.data;
  const value = settles(row.data);
  const accept = value ? t("health.take", { value }) : t("health.accept");
  const place = make("div", {});
  const correct = () => show(place, correction(row, acts));
  return make(
    "div",
    {},
    make(
      "div",
      { class: "actions" },
      button(accept, () => acts.judge(row, { verdict: "accepted" }), {}, "check"),
      row.data.product && field && !TOGETHER.has(code) && button(t("health.correct"), correct, { class: "plain" }, "pencil"),
      button(t("health.dismiss"), () => acts.judge(row, { verdict: "dismissed" }), { class: "plain" }, "close"),
    ),
    place,
  );
}

function correction(row, acts) {
  const id = fresh("correction");
  const input = make("input", { id, type: "text", maxlength: 1000, required: true, value: settles(row.data) || row.data.said });
  const form = make(
    "form",
    { class: "actions" },
    make("label", { for: id, class: "small" }, translated(`attribute.${row.data.field}`, row.data.field)),
    input,
    make("button", { type: "submit" }, t("health.keep")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim()) acts.judge(row, { verdict: "corrected", value: input.value.trim() });
  });
  queueMicrotask(() => input.focus());
  return form;
}

function said(row, acts) {
  const { state, value, given_by: by, code } = row.data;
  const settled = state === "accepted" ? settles(row.data) : value;
  const nothing = state === "accepted" && !settled && !TOGETHER.has(code);
  return make(
    "div",
    { class: "map-said" },
    make("span", { class: `badge ${state === "dismissed" ? "" : "auto"}` }, t(`health.state.${state}`)),
    settled && make("span", { class: "said" }, settled),
    nothing && make("span", { class: "soft small" }, t("health.no_value")),
    by && make("span", { class: "soft small" }, by),
    button(t("review.undo"), () => acts.reopen(row), { class: "plain" }, "undo"),
  );
}
