// The view that finds products by text, an image, both, or likeness to another product.
import { announce, button, make, show as fill } from "./dom.js";
import { exportCsv } from "./export.js";
import { facetPanel } from "./facets.js";
import { count, t } from "./language.js";
import { emptyState, errorNotice, stopped, Task, waiting } from "./notice.js";
import { productList, toolbar } from "./results.js";
import { likeness, searchParts, suggestions } from "./search-parts.js";
import { asFilter, asHash, fetchPart, looking, readQuery, toggled } from "./search-query.js";
import { loadTaxonomy } from "./taxonomy.js";

const PAGE = 24;
const held = { image: null };
const task = new Task();
let page = null; // what is on the screen: {query, parts, results, nearest, total, ended, signal}

/** Search from another view, by text and an image. */
export function searchFor(text, image) {
  held.image = image;
  const hash = asHash({ text });
  if (location.hash === hash) dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = hash;
}

export async function show(main, { parameters }, signal) {
  task.stop();
  const query = readQuery(parameters);
  const submit = (text) => navigate({ ...page.query, like: "", text });
  page = { query, signal, results: [], nearest: [], total: 0, parts: searchParts(query.text, held, submit, signal) };
  fill(
    main,
    make("h1", { tabindex: "-1" }, t("search.title")),
    page.parts.form,
    make("div", { class: "aside-split" }, page.parts.aside, page.parts.found),
  );
  await loadTaxonomy();
  if (!signal.aborted) run();
}

/** The address changed while this view was open: by a filter, or by back and forward. */
export function update({ parameters }) {
  page.query = readQuery(parameters);
  page.parts.field.value = page.query.text;
  run();
  return true;
}

function navigate(query) {
  const hash = asHash(query);
  if (hash === location.hash || (hash === "#/search" && !location.hash.includes("?"))) {
    page.query = query;
    run();
  } else location.hash = hash;
}

/** Ask for the first page, in place of whatever was asked before. */
async function run() {
  task.stop();
  const { parts, signal } = page;
  if (parts.aside.hidden) drawFilters(); // their place, before their counts are known
  const outcome = await ask(0, showBusy);
  if (!outcome || signal.aborted) return;
  Object.assign(page, { nearest: [], ended: outcome.results.length < PAGE }, outcome);
  page.suggestions = seeking() || asFilter(page.query) ? null : suggestions(outcome.facets);
  drawFilters(outcome.facets);
  drawResults();
  const { results, nearest, total } = page;
  announce(nearest.length ? t("search.nearest") : count("browse.tally", total, { shown: results.length }));
}

const seeking = () => looking(page.query, held.image);

/** What was found before stays, faintly, until there is something new: nothing jumps where the answer comes quickly. */
function showBusy(busy) {
  const { found } = page.parts;
  if (!found.querySelector(".card, .listing")) return put(busy);
  found.classList.add("busy");
  found.querySelector(".waiting")?.remove();
  found.prepend(busy);
}

function put(...children) {
  page.parts.found.classList.remove("busy");
  fill(page.parts.found, ...children);
}

/** One page of results from `offset`; undefined if it was cancelled or failed, which is then on the screen. */
async function ask(offset, showBusy) {
  const { signal } = page;
  try {
    const outcome = await task.run(async (running, cancel) => {
      const busy = waiting(t(seeking() ? "search.busy" : "browse.busy"), cancel, running);
      showBusy(busy);
      const part = { offset, limit: PAGE, counted: offset === 0 };
      return await fetchPart(page.query, held.image, part, running).finally(busy.done);
    }, signal);
    if (!outcome && !signal.aborted && !task.running) offset ? drawResults() : put(stoppedEarly());
    return outcome;
  } catch (error) {
    if (stopped(error)) return undefined;
    if (offset) drawResults(errorNotice(error, more));
    else put(errorNotice(error, run));
    return undefined;
  }
}

function drawFilters(facets = {}) {
  const { parts, query } = page;
  const before = parts.filters.contains(document.activeElement) ? document.activeElement : null;
  parts.aside.hidden = false;
  fill(
    parts.filters,
    facetPanel(facets, query, {
      change: (name, value, on) => navigate({ ...page.query, chosen: toggled(page.query.chosen, name, value, on) }),
      changePrice: (min, max) => navigate({ ...page.query, min, max }),
      reset: () => navigate({ ...page.query, chosen: new Map(), min: "", max: "" }),
    }),
    seeking() && make("div", { class: "facet" }, ["collapse", "unavailable"].map(optionBox)),
  );
  if (before) focusAgain(before);
}

/** The filters were drawn anew while the reader was in one of them: he stays there, with what he has typed. */
function focusAgain({ dataset: { facet = "", value = "" }, type, value: typed }) {
  const same = `[data-facet="${CSS.escape(facet)}"][data-value="${CSS.escape(value)}"]`;
  const field = page.parts.filters.querySelector(same);
  if (type === "number" && field) field.value = typed;
  field?.focus();
}

function optionBox(name) {
  const box = make("input", { type: "checkbox", checked: page.query[name], "data-facet": name, "data-value": "" });
  box.addEventListener("change", () => navigate({ ...page.query, [name]: box.checked }));
  return make("label", {}, box, make("span", { class: "value" }, t(`search.${name}`)));
}

/** below: an error in the place of the button for more. */
function drawResults(below = null) {
  const { results, nearest, total, signal } = page;
  if (nearest.length) return put(above(), nothingClose(), productList(nearest, signal));
  if (!results.length) return put(above(), nothingFound());
  const left = !page.ended && results.length < total;
  put(
    above(),
    productList(results, signal),
    below ?? (left && make("div", { class: "more" }, button(t("search.more"), more))),
  );
}

function above() {
  const { results, total, query } = page;
  const tally = seeking() ? "search.tally" : "browse.tally";
  return [
    query.like && likeness(query.like, () => navigate({ ...query, like: "" }), page.signal),
    page.suggestions,
    make("h2", { class: "unseen" }, t("search.results")),
    results.length > 0 &&
      make(
        "div",
        { class: "actions spread tally" },
        make("p", { class: "soft" }, count(tally, total, { shown: results.length })),
        toolbar({
          sort: query.sort,
          looking: seeking(),
          changeSort: (sort) => navigate({ ...page.query, sort }),
          changeView,
          more: button(t("export.do"), download, { class: "plain" }, "download"),
        }),
      ),
  ];
}

function changeView() {
  drawResults();
  page.parts.found.querySelector(".views-of [aria-pressed=true]").focus();
}

async function download() {
  const said = page.parts.found.querySelector(".tally p");
  const { query, signal } = page;
  try {
    const number = await exportCsv(
      (offset, limit) => fetchPart(query, held.image, { offset, limit }, signal),
      (done) => (said.textContent = count("export.busy", done)),
    );
    said.textContent = count("export.done", number);
    announce(said.textContent);
  } catch (error) {
    if (!stopped(error)) drawResults(errorNotice(error, download));
  }
}

async function more() {
  const shown = page.results.length;
  const place = page.parts.found.querySelector(".more, .notice");
  const outcome = await ask(shown, (busy) => place?.replaceWith(busy));
  if (!outcome) return;
  page.results = [...page.results, ...outcome.results];
  page.total = outcome.results.length ? outcome.total : page.results.length;
  page.ended = outcome.results.length < PAGE;
  drawResults();
  page.parts.found.querySelectorAll("a.cover")[shown]?.focus();
  announce(count("search.more_said", outcome.results.length));
}

/** What stands above the nearest products, of which none is like the query. */
function nothingClose() {
  return make("div", { class: "notice" }, make("p", {}, t("search.nearest")));
}

function nothingFound() {
  const filtered = asFilter(page.query) !== undefined;
  const reset =
    filtered && button(t("search.reset"), () => navigate({ ...page.query, chosen: new Map(), min: "", max: "" }));
  const sought = !filtered && seeking();
  const next = sought
    ? make("a", { href: "#/search", class: "button" }, t("search.to_all"))
    : !filtered && make("a", { href: "#/jobs", class: "button" }, t("search.to_jobs"));
  const why = filtered ? "search.none_filtered" : sought ? "search.none_sought" : "search.none_stored";
  return emptyState("search", t("search.none"), t(why), reset, next);
}

function stoppedEarly() {
  return make(
    "div",
    { class: "notice" },
    make("div", {}, make("p", {}, t("wait.cancelled")), button(t("action.again"), run)),
  );
}
