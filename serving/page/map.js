// The map from the reader's categories to Google's: proposed by the service, confirmed here category by category.
import { request } from "./api.js";
import { announce, button, fresh, icon, make, show as fill } from "./dom.js";
import { count, t, whole } from "./language.js";
import { mapRow } from "./map-row.js";
import { emptyState, errorNotice, stopped, waiting } from "./notice.js";
import { poll } from "./poll.js";
import { saveFile } from "./save.js";
import { leaf, loadTaxonomy } from "./taxonomy.js";
import { treeOf } from "./tree.js";

const PAGE = 20;
const STATES = ["open", "confirmed", "all"];
const LIST = "v1/taxonomy/map/tree";

let view, asked, given, google;

/** given: what was confirmed in this visit, the last one last, to be taken back one after the other. */
export async function show(main, _query, signal) {
  [asked, given, google] = [{ state: "open", text: "" }, [], null];
  view = { list: make("div", {}), place: make("div", {}), tally: make("p", { class: "soft tally", "aria-live": "polite" }), problem: make("div", {}), signal };
  view.undo = button(t("review.undo"), undo, { disabled: true }, "undo");
  view.undo.append(make("kbd", { "aria-hidden": "true" }, "U"));
  view.tools = make("div", { hidden: true }, filters(), make("div", { class: "actions spread" }, view.tally, make("div", { class: "actions" }, view.undo, button(t("map.download"), download, {}, "download"))));
  fill(
    main,
    make("h1", { tabindex: "-1" }, t("map.title")),
    make("p", { class: "lead" }, t("map.lead")),
    view.list,
    view.tools,
    view.problem,
    view.place,
  );
  await restart();
}

/** From the first page on, once the categories are compared. */
async function restart() {
  view.looking?.abort();
  const looking = (view.looking = new AbortController());
  view.signal.addEventListener("abort", () => looking.abort());
  const { signal } = looking;
  const busy = waiting(t("map.busy"), null, signal);
  fill(view.problem);
  fill(view.place, busy);
  try {
    await loadTaxonomy();
    await poll(() => page(0, signal), draw, ({ tree, ready }) => tree && !ready, signal);
  } catch (error) {
    if (!stopped(error)) fill(view.place, errorNotice(error, restart));
  } finally {
    busy.done();
  }
}

const page = (after, signal) => request(`v1/taxonomy/map?${new URLSearchParams({ ...asked, after, limit: PAGE })}`, { signal });

function draw(found) {
  const { tree, ready, results } = found;
  view.tools.hidden = !tree;
  fill(view.list, listBox(tree));
  if (!tree) return fill(view.place);
  tell(found);
  if (!ready) return fill(view.place, make("p", { class: "notice" }, progress(found)));
  if (!results.length) return fill(view.place, nothing());
  view.rows = make("ol", { class: "map-rows" });
  const more = make("div", { class: "actions" });
  fill(view.place, make("p", { class: "soft small keys" }, t("map.keys")), view.rows, more);
  add(found, more);
}

function progress({ unread, done, categories }) {
  if (unread) return count("map.unread", unread);
  return t("map.comparing", { done: whole(done), total: whole(categories) });
}

function tell({ open, confirmed }) {
  Object.assign(view, { open, confirmed });
  view.tally.textContent = `${count("map.left", open)} \u00b7 ${t("map.done", { n: whole(confirmed) })}`;
}

function add({ results, after }, more) {
  view.rows.append(...results.map((row) => mapRow(row, { confirm, takeBack, undo, google: googleTree }).element));
  fill(more, after !== null && button(t("map.more"), () => next(after, more)));
}

async function next(after, more) {
  try {
    const found = await page(after, view.looking.signal);
    const last = view.rows.lastElementChild;
    add(found, more);
    last.nextElementSibling?.querySelector("button")?.focus();
  } catch (error) {
    if (!stopped(error)) fill(view.problem, errorNotice(error));
  }
}

function nothing() {
  if (asked.text) return emptyState("question", t("map.none_such"), t("map.none_such_how"));
  if (asked.state === "open") return emptyState("check", t("map.none_open"), t("map.none_open_how"));
  return emptyState("question", t("map.none_confirmed"), t("map.none_open_first"));
}

/** Google's list: asked for while there is none, else named, and a newer one can be given. */
function listBox(tree) {
  const input = make("input", { type: "file", accept: ".txt,text/plain", class: "unseen" });
  input.addEventListener("change", () => input.files.length && send(input.files[0]));
  if (tree) {
    const known = make("span", { class: "soft small" }, `${tree.version} \u00b7 ${count("map.list", tree.categories)} `);
    return make("p", { class: "actions" }, known, make("label", { class: "button-label plain" }, input, make("span", {}, t("map.replace"))));
  }
  return make(
    "section",
    { class: "sheet" },
    make("h2", {}, t("map.no_list")),
    make("p", {}, t("map.no_list_how")),
    make("label", { class: "drop wide" }, input, icon("upload"), make("span", { class: "drop-title" }, t("map.choose_list"))),
  );
}

async function send(file) {
  fill(view.problem);
  try {
    await request(LIST, { method: "PUT", body: file, signal: view.signal });
    google = null;
    await restart();
  } catch (error) {
    if (!stopped(error)) fill(view.problem, errorNotice(error));
  }
}

/** Google's tree, fetched once somebody looks for another category in it. */
function googleTree() {
  google ??= request(LIST, { signal: view.signal }).then(
    ({ nodes }) => treeOf(nodes),
    (error) => {
      google = null;
      throw error;
    },
  );
  return google;
}

function filters() {
  const [state, text] = [fresh("state"), fresh("text")];
  const select = make("select", { id: state }, STATES.map((name) => make("option", { value: name }, t(`map.state.${name}`))));
  const input = make("input", { id: text, type: "search", maxlength: 256 });
  const change = () => {
    const now = { state: select.value, text: input.value.trim() };
    if (now.state === asked.state && now.text === asked.text) return;
    asked = now;
    restart();
  };
  select.addEventListener("change", change);
  for (const kind of ["change", "search"]) input.addEventListener(kind, change);
  return make(
    "div",
    { class: "queue-filters" },
    make("label", { for: state }, make("span", {}, t("map.show")), select),
    make("label", { for: text }, make("span", {}, t("map.search")), input),
  );
}

/** counterpart: as the service proposes it; null: there is none. The reader goes on with the next row at once. */
async function confirm(row, counterpart) {
  fill(view.problem);
  try {
    const body = { category: row.data.category.id, counterpart: counterpart?.id ?? null };
    const kept = await request("v1/taxonomy/map", { body, keepalive: true });
    tell({ open: view.open - (row.data.named ? 0 : 1), confirmed: view.confirmed + 1 });
    given.push({ row, id: kept.id });
    view.undo.disabled = false;
    row.update(kept);
    announce(t("map.said", { name: leaf(row.data.category), path: counterpart ? counterpart.path.join(" \u203a ") : t("map.has_none") }));
    focusIn(row.element.nextElementSibling ?? view.place.lastElementChild, row.element);
  } catch (error) {
    if (!stopped(error)) fill(view.problem, errorNotice(error));
  }
}

/** The first of what can be done there, else in the place named second. */
function focusIn(...places) {
  places.map((place) => place?.querySelector("button")).find(Boolean)?.focus();
}

async function takeBack(row) {
  fill(view.problem);
  const { id } = row.data.confirmed;
  try {
    await request(`v1/taxonomy/map/confirmed/${id}`, { method: "DELETE" });
    const entry = given.find((one) => one.id === id);
    given = given.filter((one) => one !== entry);
    view.undo.disabled = !given.length;
    announce(t("review.said.undo"));
    if (!entry || !row.element.isConnected) return await restart(); // what counts now, the service tells
    row.update(null);
    tell({ open: view.open + (row.data.named ? 0 : 1), confirmed: view.confirmed - 1 });
    focusIn(row.element);
  } catch (error) {
    if (!stopped(error)) fill(view.problem, errorNotice(error));
  }
}

/** The last one of this visit. */
function undo() {
  const last = given.at(-1);
  if (last) takeBack(last.row);
}

async function download() {
  try {
    saveFile(await request("v1/taxonomy/map/sheet", { as: "blob", signal: view.signal }), "map-google.csv");
  } catch (error) {
    if (!stopped(error)) fill(view.problem, errorNotice(error, download));
  }
}
