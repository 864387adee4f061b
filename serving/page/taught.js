// What came of teaching: how right the model is about products that it had not seen, and what a person should look at.
import { bar, make } from "./dom.js";
import { count, percent, t, whole } from "./language.js";
import { modelList } from "./models.js";

const MAX = 10;

/** Sections for a job's `taught`. */
export function report(taught, signal) {
  return [
    figures(taught),
    taught.comparison && compared(taught.comparison),
    curve(taught.curve),
    listed("teach.of_attributes", "teach.of_attributes_how", taught.attributes, attribute),
    listed("teach.few", "teach.few_how", Object.entries(taught.few), ([path, n]) => [make("strong", {}, path), small(count("teach.products", n))]),
    listed("teach.confused", "teach.confused_how", taught.confusions, confused),
    doubted(taught.doubts),
    make(
      "section",
      { class: "sheet" },
      make("h2", {}, t("teach.use")),
      make("p", {}, t("teach.use_how")),
      modelList(signal, taught.version),
    ),
  ].filter(Boolean);
}

const small = (text) => make("span", { class: "soft small" }, text);

function figures(taught) {
  const levels = taught.levels.map(({ level, right }) => [t("teach.level", { n: level }), right]);
  const all = [...levels, [t("teach.accepted"), taught.auto]];
  if (taught.auto) all.push([t("teach.accepted_right"), taught.auto_right]);
  const failed = Object.values(taught.failed).reduce((sum, n) => sum + n, 0);
  return make(
    "section",
    { class: "sheet" },
    make("h2", {}, t("teach.report")),
    make("p", {}, t("teach.of", { products: whole(taught.examples), categories: whole(taught.categories) })),
    make("dl", { class: "figures" }, all.map(([name, share]) => make("div", {}, make("dt", {}, name), make("dd", {}, percent(share))))),
    failed > 0 && make("p", { class: "small" }, count("teach.left_out", failed)),
  );
}

function compared({ verdicts, active_right: active, right, lost }) {
  const rows = [[t("teach.compared_active"), active], [t("teach.compared_this"), right]];
  return make(
    "section",
    { class: "sheet" },
    make("h2", {}, t("teach.compared")),
    make("p", {}, count("teach.compared_how", verdicts)),
    make("dl", { class: "figures" }, rows.map(([name, n]) => make("div", {}, make("dt", {}, name), make("dd", {}, percent(n / verdicts))))),
    lost.length > 0 && make("p", {}, t("teach.lost", { names: lost.join(", ") })),
  );
}

function curve(points) {
  const rows = points.map(({ examples, right, guessed }) =>
    make("li", {}, make("span", {}, count(guessed ? "teach.would" : "teach.with", examples)), bar(right), make("span", { class: "small" }, percent(right))),
  );
  return make("section", { class: "sheet" }, make("h2", {}, t("teach.curve")), make("p", {}, t("teach.curve_how")), make("ul", { class: "curve" }, rows));
}

function listed(title, how, rows, draw) {
  if (!rows.length) return null;
  const shown = rows.slice(0, MAX).map((row) => make("li", {}, draw(row)));
  const more = rows.length > MAX && make("p", { class: "soft small" }, t("teach.more", { n: whole(rows.length - MAX) }));
  return make("section", { class: "sheet" }, make("h2", {}, t(title)), make("p", {}, t(how)), make("ul", { class: "reasons" }, shown), more);
}

function attribute({ name, examples, right, given, given_right, read, values }) {
  const promised = values.filter(({ claims }) => claims.some(({ modalities, promise }) => promise && modalities === read));
  const missing = values.filter((value) => !promised.includes(value)).map((value) => [value, value.claims.find(({ modalities }) => modalities === read)?.unpromised]);
  const open = missing.filter(([, claim]) => claim).slice(0, MAX).map(([{ value }, { products, needed }]) => t("teach.open_value", { value, products: whole(products), needed: whole(needed) }));
  return [
    make("strong", {}, name),
    make("span", {}, t("teach.attribute_right", { right: percent(right), given: percent(given), given_right: percent(given_right) })),
    small([count("teach.products", examples), promised.length && t("teach.values", { values: promised.map(({ value }) => value).join(", ") }), ...open].filter(Boolean).join(" \u00b7 ")),
  ];
}

function confused({ given, taken, products, rows }) {
  const named = rows.map(([id, title]) => title || id).join(" \u00b7 ");
  const counted = count("teach.products", products);
  return [make("strong", {}, `${given} \u2192 ${taken}`), small(named ? `${counted}: ${named}` : counted)];
}

function doubted(rows) {
  return listed("teach.doubted", "teach.doubted_how", rows, ({ id, line, title, given, likelier, likelier_score: score }) => [
    make("strong", {}, title || id),
    make("span", {}, t("teach.likelier", { given, likelier, score: percent(score) })),
    small(`${id} \u00b7 ${t("job.line", { n: line })}`),
  ]);
}
