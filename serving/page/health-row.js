// One finding of an audit: the product, what is wrong with it and why, and what can be done about it.
import { productAddress } from "./cards.js";
import { button, fresh, make, show } from "./dom.js";
import { decimal, percent, t, translated } from "./language.js";
import { productImage } from "./product-images.js";
import { categoryCalled, leaf } from "./taxonomy.js";

const REASONS = 5; // shown at once

/** The value that accepting puts into the feed; "" where there is none. */
const settles = ({ takes_value: takes, writes }) => (takes && Object.values(writes)[0]) || "";

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
        reasons(evidence.filter(({ source }) => source !== "channel"), row.data.field),
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
  const values = { others: others.map((id) => `\u201c${title(id)}\u201d`).join(", "), field: fieldName(field), said: shown(field, said), proposed: shown(field, proposed), channels };
  const key = `health.said.${code}`;
  const text = t(key, values);
  if (text === key) return english;
  return product ? text : t("health.many", { n: said, text }); // of a fault that many have
}

/** A field or an attribute, several where variants differ in them, in the reader's language. */
function fieldName(field) {
  const known = (name) => translated(`attribute.${name.toLowerCase().replace(/[^a-z]+/g, "_")}`, "");
  return known(field) || field.split(", ").map((name) => known(name) || name).join(", ");
}

/** Of a category's path its end, of an attribute its value, as they are called in the reader's language. */
function shown(field, value) {
  if (field !== "category") return translated(`value.${value}`, translated(`value.${value.charAt(0).toUpperCase()}${value.slice(1)}`, value));
  const node = categoryCalled(value);
  return node ? leaf({ id: node.id }) : value.split(" > ").at(-1);
}

/** What a reason adds. */
const signed = (score) => `${score > 0 ? "+" : ""}${decimal(score)}`;

/** One of the service's own sentences in the reader's language where that is known, else as it says it. */
function told({ source, says, code, values }, field) {
  const key = `reason.${code}`;
  if (code && translated(key, "")) return t(key, code.startsWith("axis_") ? { ...values, 0: fieldName(values[0]) } : { ...values });
  return field === "category" && source !== "field" ? shown(field, says) : says;
}

function reasons(evidence, field) {
  if (!evidence.length) return null;
  const line = ({ source, score, ...one }) =>
    make("li", {}, source !== "product" && make("span", { class: "soft" }, `${t(`health.source.${source}`)}: `), told({ source, ...one }, field), score !== null && make("span", { class: "score" }, ` ${source === "product" ? signed(score) : percent(score)}`));
  const strongest = [...evidence].sort((one, other) => Math.abs(other.score ?? 0) - Math.abs(one.score ?? 0));
  const [first, rest] = [strongest.slice(0, REASONS), strongest.slice(REASONS)];
  const more = rest.length > 0 && make("details", {}, make("summary", { class: "small" }, t("health.more_reasons")), make("ul", { class: "fault-reasons" }, rest.map(line)));
  return make("div", { class: "small" }, make("ul", { class: "fault-reasons" }, first.map(line)), more);
}

function actions(row, acts) {
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
      row.data.takes_value && button(t("health.correct"), correct, { class: "plain" }, "pencil"),
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
    make("label", { for: id, class: "small" }, fieldName(row.data.field)),
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
  const { state, value, given_by: by, writes } = row.data;
  const settled = state === "accepted" ? settles(row.data) : value;
  const nothing = state === "accepted" && !Object.keys(writes).length;
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
