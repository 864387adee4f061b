// Why the model answers as it does: the words by what they add, the heat map over the image, the nearest products.
import { productAddress } from "./cards.js";
import { announce, button, icon, make, show as fill } from "./dom.js";
import { above, section } from "./findings.js";
import { count, decimal, t } from "./language.js";
import { errorNotice, stopped } from "./notice.js";
import { leaf, pathText } from "./taxonomy.js";

const FOR = [230, 81, 0];
const AGAINST = [25, 90, 200];
const OPAQUE = 190; // of 255, of the hottest cell
const SAID = 3;
const CLEAR = 1; // of a score: what adds less is faint, also where nothing adds more

/** A part of the page that asks for the reasons when it is clicked. ask: gives the evidence of the answer. */
export function why(asked, ask, signal) {
  const place = make("div", { class: "why" });
  const start = button(t("why.do"), explain, {}, "question");
  const element = section(t("why.title"), make("p", { class: "soft" }, t("why.lead")), start, place);

  async function explain() {
    if (start.getAttribute("aria-disabled")) return;
    start.setAttribute("aria-disabled", "true");
    fill(place, make("p", { class: "soft" }, t("why.busy")));
    try {
      const evidence = await ask();
      start.remove();
      fill(place, reasons(asked, evidence, signal));
      announce(spoken(evidence));
    } catch (error) {
      start.removeAttribute("aria-disabled");
      fill(place, !stopped(error) && errorNotice(error, explain));
    }
  }
  return element;
}

/** evidence: of POST /v1/products/analyze. */
export function reasons(asked, evidence, signal) {
  if (!evidence?.explained) return make("p", { class: "soft" }, t("why.nothing"));
  return [
    make("p", {}, t("why.of", { category: pathText(evidence.explained) })),
    evidence.words?.length > 0 && wordsPart(asked, evidence),
    evidence.heat_map && asked.images?.[0] && imagePart(asked.images[0], evidence.heat_map, signal),
    nearestPart(evidence.nearest),
  ];
}

function wordsPart(asked, { words, words_untried: untried }) {
  return make(
    "div",
    { class: "why-words" },
    make("p", {}, spoken({ words })),
    ["title", "description"].map((field) => asked[field]?.trim() && marked(asked[field], field, words)),
    untried?.length > 0 && make("p", { class: "soft small" }, count("why.untried", untried.length)),
    make("p", { class: "soft small" }, t("why.colours")),
  );
}

/** The text with its words marked by what they add. Places count characters, not UTF-16 units. */
function marked(text, field, words) {
  const letters = Array.from(text);
  const largest = Math.max(...words.map(({ score }) => Math.abs(score)), CLEAR);
  const places = words
    .flatMap(({ score, places }) => places.map((place) => ({ ...place, score })))
    .filter((place) => place.field === field && place.end <= letters.length)
    .sort((one, other) => one.start - other.start);
  const parts = [];
  let end = 0;
  for (const place of places) {
    parts.push(letters.slice(end, place.start).join(""), mark(letters.slice(place.start, place.end).join(""), place.score, largest));
    end = place.end;
  }
  return make("p", { class: "marked" }, parts, letters.slice(end).join(""));
}

function mark(text, score, largest) {
  const strength = Math.round((70 * Math.abs(score)) / largest);
  const label = t(score < 0 ? "why.against" : "why.for", { score: decimal(Math.abs(score)) });
  return make("mark", { class: score < 0 ? "against" : null, title: label, style: { "--strength": `${strength}%` } }, text);
}

/** The image under its heat map, which a switch hides. */
function imagePart(file, rows, signal) {
  const address = URL.createObjectURL(file);
  signal?.addEventListener("abort", () => URL.revokeObjectURL(address));
  const heat = heatMap(rows);
  const box = make("input", { type: "checkbox", checked: true });
  box.addEventListener("change", () => (heat.hidden = !box.checked));
  return make(
    "figure",
    { class: "why-image" },
    make("div", { class: "heated" }, make("img", { src: address, alt: t("why.image") }), heat),
    make("figcaption", {}, make("label", {}, box, " ", t("why.heat"))),
  );
}

/** A cell a pixel: the browser smooths what it enlarges. */
function heatMap(rows) {
  const canvas = make("canvas", { class: "heat", width: String(rows[0].length), height: String(rows.length), "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(rows[0].length, rows.length);
  const cells = rows.flat();
  const largest = Math.max(...cells.map(Math.abs), CLEAR);
  cells.forEach((score, cell) => {
    const opacity = Math.round((OPAQUE * Math.abs(score)) / largest);
    pixels.data.set([...(score < 0 ? AGAINST : FOR), opacity], 4 * cell);
  });
  context.putImageData(pixels, 0, 0);
  return canvas;
}

function nearestPart(nearest) {
  if (!nearest?.length) return nearest ? make("p", { class: "soft" }, t("why.no_nearest")) : null;
  const lines = nearest.map((one) =>
    make(
      "li",
      {},
      icon(one.labelled_by === "person" ? "check" : "both"),
      make(
        "span",
        { class: "said" },
        make("a", { href: productAddress(one.id) }, one.title || one.id),
        make("span", { class: "soft small above" }, above(one.category), " \u203a ", leaf(one.category)),
        make("span", { class: "soft small above" }, t(`why.by_${one.labelled_by}`)),
      ),
      make("span", { class: "score" }, decimal(one.similarity)),
    ),
  );
  return make("div", {}, make("h4", {}, t("why.nearest")), make("ul", { class: "why-nearest" }, lines));
}

/** The strongest words as a sentence. */
function spoken({ words }) {
  const strongest = (words ?? []).filter(({ score }) => score > 0).sort((one, other) => other.score - one.score);
  if (!strongest.length) return t(words?.length ? "why.no_words" : "why.image_only");
  const list = strongest.slice(0, SAID).map(({ word }) => word);
  return t("why.words", { words: list.join(t("page.comma")) });
}
