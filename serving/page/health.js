// How healthy the catalogue is: what an audit has found, to be accepted, corrected or dismissed one by one.
import { request } from "./api.js";
import { announce, button, fresh, make, show as fill } from "./dom.js";
import { feedButton } from "./health-feed.js";
import { findingRow, kind } from "./health-row.js";
import { count, decimal, moment, percent, t, translated, whole } from "./language.js";
import { emptyState, errorNotice, stopped, waiting } from "./notice.js";
import { poll } from "./poll.js";
import { saveFile } from "./save.js";
import { loadTaxonomy } from "./taxonomy.js";

const PAGE = 20;
const STATES = ["open", "accepted", "corrected", "dismissed", "all"];
const AUDIT = "v1/audit";
const ACTIVE = new Set(["queued", "running"]);

let view, asked, given;

/** given: what was said in this visit, the last one last, to be taken back one after the other. */
export async function show(main, { parameters }, signal) {
  asked = { state: "open", code: "", product: parameters?.get("product") ?? "" };
  given = [];
  view = { signal, summary: make("div", {}), place: make("div", {}), problem: make("div", {}), tools: make("div", { hidden: true }), running: make("div", { "aria-live": "polite" }) };
  view.undo = button(t("review.undo"), undo, { disabled: true }, "undo");
  view.audit = button(t("health.audit"), audit, { class: "primary" }, "search");
  fill(
    main,
    make("h1", { tabindex: "-1" }, t("health.title")),
    make("p", { class: "lead" }, t("health.lead")),
    make("div", { class: "actions" }, view.audit),
    view.running,
    view.summary,
    view.tools,
    view.problem,
    view.place,
  );
  await loadTaxonomy();
  await Promise.all([summarise(), underWay()]);
}

/** The figures of the last audit, the choice of what is listed, and the list. */
async function summarise() {
  const busy = waiting(t("health.busy"), null, view.signal);
  fill(view.place, busy);
  try {
    const found = await request(AUDIT, { signal: view.signal });
    view.tools.hidden = !found.runs.length;
    fill(view.summary, found.runs.length > 0 && summary(found));
    if (!found.runs.length) return fill(view.place, emptyState("search", t("health.none_yet"), t("health.none_yet_how")));
    fill(view.tools, filters(found.counts), make("div", { class: "actions spread" }, view.undo, make("span", { class: "actions" }, button(t("health.patch"), download, {}, "download"), feedButton(view.problem, view.signal))));
    await list();
  } catch (error) {
    if (!stopped(error)) fill(view.place, errorNotice(error, summarise));
  } finally {
    busy.done();
  }
}

function summary({ runs, counts, merging }) {
  const [last] = runs;
  const open = Object.values(counts).reduce((sum, states) => sum + states.open, 0);
  const rows = [
    [t("health.products"), whole(last.products)],
    [t("health.open"), whole(open)],
    ...Object.entries(last.figures).map(([name, value]) => [translated(`health.figure.${name}`, name), Number.isInteger(value) ? whole(value) : decimal(value, 1)]),
  ];
  return make(
    "section",
    { class: "sheet" },
    make("dl", { class: "figures" }, rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)))),
    make("p", { class: "soft small" }, t("health.when", { when: moment(last.created_at) })),
    counts.duplicate && make("p", { class: "small" }, merged(merging)),
    runs.length > 1 && trend(runs),
  );
}

/** What is promised of duplicates, or what it takes. */
function merged({ promised, verdicts, wrong, needed, least, bound, target }) {
  const values = { verdicts: whole(verdicts), wrong: whole(wrong) };
  if (promised) return t("health.merging.promised", { ...values, least: percent(least), bound: percent(bound) });
  return t("health.merging.not", { ...values, needed: whole(needed), target: percent(target) });
}

/** How the counts went from audit to audit. */
function trend(runs) {
  const codes = [...new Set(runs.flatMap((run) => Object.keys(run.counts)))];
  const cell = (text) => make("td", {}, text);
  const row = (run) => make("tr", {}, make("th", { scope: "row" }, moment(run.created_at)), cell(whole(run.products)), codes.map((code) => cell(whole(run.counts[code] ?? 0))));
  const head = [t("health.run"), t("health.products"), ...codes.map(kind)];
  return make(
    "details",
    {},
    make("summary", {}, t("health.trend")),
    make("div", { class: "trend" }, make("table", {}, make("thead", {}, make("tr", {}, head.map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, runs.map(row)))),
  );
}

function filters(counts) {
  const chosen = (name, options) => {
    const id = fresh(name);
    const select = make("select", { id }, options.map(([value, text]) => make("option", { value, selected: asked[name] === value }, text)));
    select.addEventListener("change", () => {
      asked = { ...asked, [name]: select.value };
      list();
    });
    return make("label", { for: id }, make("span", {}, t(`health.${name}`)), select);
  };
  const all = Object.values(counts).reduce((sum, states) => sum + states.open, 0);
  const codes = Object.entries(counts).map(([code, states]) => [code, `${kind(code)} (${whole(states.open)})`]);
  return make(
    "div",
    { class: "queue-filters" },
    chosen("code", [["", `${t("health.every")} (${whole(all)})`], ...codes]),
    chosen("state", STATES.map((name) => [name, t(`health.state.${name}`)])),
  );
}

const page = (after) => request(`${AUDIT}/findings?${new URLSearchParams({ ...asked, after, limit: PAGE })}`, { signal: view.signal });

async function list() {
  fill(view.problem);
  try {
    const found = await page(0);
    if (!found.findings.length) return fill(view.place, nothing());
    view.rows = make("ol", { class: "findings" });
    const more = make("div", { class: "actions" });
    fill(view.place, view.rows, more);
    add(found, more);
  } catch (error) {
    if (!stopped(error)) fill(view.place, errorNotice(error, list));
  }
}

function nothing() {
  return asked.state === "open" ? emptyState("check", t("health.none_open"), t("health.none_open_how")) : emptyState("question", t("health.none_such"), t("health.none_such_how"));
}

function add({ findings, after }, more) {
  view.rows.append(...findings.map((finding) => findingRow(finding, { judge, reopen, signal: view.signal }).element));
  fill(more, after !== null && button(t("health.more"), () => next(after, more)));
}

async function next(after, more) {
  try {
    const last = view.rows.lastElementChild;
    add(await page(after), more);
    last.nextElementSibling?.querySelector("button")?.focus();
  } catch (error) {
    if (!stopped(error)) fill(view.problem, errorNotice(error));
  }
}

/** said: the body of the verdict. The reader goes on with the next row at once. */
async function judge(row, said) {
  await change(async () => {
    const kept = await request(`${AUDIT}/findings/${row.data.id}`, { body: said, keepalive: true });
    given.push(row);
    row.update(kept);
    announce(t("health.kept", { verdict: t(`health.state.${kept.state}`) }));
    (row.element.nextElementSibling ?? row.element).querySelector("button")?.focus();
  });
}

async function reopen(row) {
  await change(async () => {
    await request(`${AUDIT}/findings/${row.data.id}`, { method: "DELETE" });
    given = given.filter((one) => one !== row);
    row.update({ ...row.data, state: "open", value: "" });
    announce(t("review.said.undo"));
    row.element.querySelector("button")?.focus();
  });
}

async function change(work) {
  fill(view.problem);
  try {
    await work();
  } catch (error) {
    if (!stopped(error)) fill(view.problem, errorNotice(error));
  }
  view.undo.disabled = !given.length;
}

/** The last one of this visit. */
function undo() {
  const last = given.at(-1);
  if (last) reopen(last);
}

async function audit() {
  fill(view.problem);
  try {
    await follow(await request(AUDIT, { method: "POST", signal: view.signal }));
  } catch (error) {
    if (!stopped(error)) fill(view.problem, errorNotice(error, audit));
  }
}

/** An audit that was begun before, here or elsewhere. */
async function underWay() {
  const { jobs } = await request("v1/jobs?limit=20", { signal: view.signal });
  const job = jobs.find((one) => one.auditing && ACTIVE.has(one.state));
  if (job) await follow(job);
}

async function follow({ id }) {
  view.audit.disabled = true;
  const bar = make("progress", { max: "1", "aria-label": t("health.looking") });
  const said = make("span", { class: "small" });
  fill(view.running, make("div", { class: "job-progress" }, bar, said));
  const draw = ({ done, total }) => {
    if (total) bar.value = done / total;
    said.textContent = total ? count("health.progress", total, { done: whole(done) }) : t("health.looking");
  };
  try {
    await poll(() => request(`v1/jobs/${id}`, { signal: view.signal }), draw, ({ state }) => ACTIVE.has(state), view.signal);
    await summarise();
  } finally {
    view.audit.disabled = false;
    fill(view.running);
  }
}

async function download() {
  try {
    saveFile(await request(`${AUDIT}/patch`, { as: "blob", signal: view.signal }), "corrections.csv");
  } catch (error) {
    if (!stopped(error)) fill(view.problem, errorNotice(error, download));
  }
}
