// The view of teaching: a feed whose products are filed already, the column of its categories, and earlier lessons.
import { onceOnly } from "./api.js";
import { announce, button, fresh, icon, make, show as fill } from "./dom.js";
import { feedChoice } from "./feed-choice.js";
import { feedPreview } from "./feed-preview.js";
import { submit } from "./feed-upload.js";
import { jobList } from "./jobs.js";
import { percent, t } from "./language.js";
import { modelList } from "./models.js";
import { emptyState, errorNotice, plainNotice, Task } from "./notice.js";

const TARGETS = [0.9, 0.95, 0.98, 0.99];
const CATEGORIES = ["product_type", "google_product_category"]; // what such a column is often recognised as
const MAX_EXAMPLES = 3;
const ATTRIBUTE = "attributes.";
// chosen: whether the reader chose the column; attributes: column -> the attribute's name.
const nothing = () => ({ feed: null, column: "", chosen: false, attributes: new Map() });
const draft = { ...nothing(), target: 0.98 };
const task = new Task();

export async function show(main, _query, signal) {
  const past = make("div", {});
  fill(
    main,
    make("h1", { tabindex: "-1" }, t("teach.title")),
    make("p", { class: "lead" }, t("teach.lead")),
    lessonForm(signal),
    make("section", { class: "past", "aria-labelledby": "past" }, make("h2", { id: "past" }, t("teach.past")), past),
    make("section", { class: "past", "aria-labelledby": "models" }, make("h2", { id: "models" }, t("models.title")), make("p", {}, t("models.how")), modelList(signal)),
    make("section", { class: "past", "aria-labelledby": "map" }, make("h2", { id: "map" }, t("map.title")), make("p", {}, t("map.lead")), make("a", { class: "button", href: "#/map" }, t("map.open"))),
  );
  jobList(past, signal, (job) => job.teaching, () => emptyState("pencil", t("teach.none"), t("teach.none_how")))();
}

function lessonForm(signal) {
  const choice = make("div", { class: "feed-choice" });
  const columns = make("div", { "aria-live": "polite" });
  const preview = make("div", { class: "feed-previews" });
  const outcome = make("div", {});
  const sending = make("button", { type: "submit", class: "main" }, icon("pencil"), make("span", {}, t("teach.send")));
  const form = make(
    "form",
    { class: "sheet feed-form", "aria-label": t("teach.title") },
    choice,
    columns,
    preview,
    outcome,
    make("div", { class: "actions send-actions" }, sending),
  );
  let looking = new AbortController();
  const draw = () => {
    looking.abort();
    looking = new AbortController();
    signal.addEventListener("abort", () => looking.abort());
    fill(choice, ...feedChoice(draft.feed ? [draft.feed] : [], choose, looking.signal));
    fill(columns, draft.feed && !draft.feed.look && plainNotice(t("teach.no_columns")));
    let asked = "";
    fill(preview, draft.feed && feedPreview(draft.feed, looking.signal, ({ columns: found, error }) => {
      const now = JSON.stringify(found);
      if (now !== asked) fill(columns, found.length ? questions(found) : !error && plainNotice(t("teach.no_columns")));
      asked = now;
    }));
  };
  const choose = ([feed]) => {
    if (task.running) return;
    fill(outcome, !feed && plainNotice(t("feed.nothing_in_folder")));
    Object.assign(draft, nothing(), { feed: feed ?? null });
    draw();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (task.running) return;
    if (draft.feed && draft.column) return send(outcome, sending);
    fill(outcome, plainNotice(t(draft.feed ? "teach.no_column" : "jobs.no_file")));
    form.querySelector(draft.feed ? "select.teach-column" : "input")?.focus();
  });
  draw();
  return form;
}

/** What is to be taught of the columns, as they are read now. */
function questions(columns) {
  const names = new Set(columns.map(({ name }) => name)); // in another encoding others
  draft.chosen &&= names.has(draft.column);
  if (!draft.chosen) draft.column = columns.find(({ field }) => CATEGORIES.includes(field))?.name ?? "";
  for (const name of [...draft.attributes.keys()]) if (!names.has(name)) draft.attributes.delete(name);
  const values = make("p", { class: "soft small" });
  const say = () => {
    const examples = columns.find(({ name }) => name === draft.column)?.examples ?? [];
    values.textContent = examples.length ? `${t("feed.values")}: ${examples.slice(0, MAX_EXAMPLES).join(" \u00b7 ")}` : "";
  };
  const column = select("teach.column", [["", t("teach.choose")], ...columns.map(({ name }) => [name, name])], draft.column, (name) => {
    Object.assign(draft, { column: name, chosen: true });
    draft.feed.key = null;
    say();
  });
  column.querySelector("select").classList.add("teach-column");
  const target = select("teach.target", TARGETS.map((share) => [String(share), percent(share)]), String(draft.target), (share) => {
    draft.target = Number(share);
    draft.feed.key = null;
  });
  say();
  return make(
    "div",
    { class: "job-options" },
    make("div", {}, column, values),
    make("div", {}, target, make("p", { class: "soft small" }, t("teach.target_why"))),
    attributes(columns),
  );
}

/** Boxes for the columns of attributes to teach as well, called as the feed's columns are read, or as they are written. */
function attributes(columns) {
  const boxes = columns.map(({ name, field, examples }) => {
    const box = make("input", { type: "checkbox", checked: draft.attributes.has(name) });
    box.addEventListener("change", () => {
      const known = field?.startsWith(ATTRIBUTE) ? field.slice(ATTRIBUTE.length) : name;
      if (box.checked) draft.attributes.set(name, [...draft.attributes.values()].includes(known) ? name : known);
      else draft.attributes.delete(name);
      draft.feed.key = null;
    });
    const values = make("span", { class: "soft small" }, examples.slice(0, MAX_EXAMPLES).join(" \u00b7 "));
    return make("li", {}, make("label", { class: "check" }, box, make("span", {}, name, " ", values)));
  });
  return make("details", {}, make("summary", {}, t("teach.attributes")), make("p", { class: "soft small" }, t("teach.attributes_why")), make("ul", {}, boxes));
}

function select(word, options, chosen, changed) {
  const id = fresh("teach");
  const field = make("select", { id }, options.map(([value, text]) => make("option", { value, selected: value === chosen }, text)));
  field.addEventListener("change", () => changed(field.value));
  return make("div", { class: "field" }, make("label", { for: id }, t(word)), field);
}

async function send(outcome, sending) {
  const { feed, column, target } = draft;
  const attributes = Object.fromEntries([...draft.attributes].map(([name, attribute]) => [attribute, name]));
  sending.setAttribute("aria-disabled", "true");
  feed.key ??= onceOnly(); // one for all tries: one whose answer was lost must not become a second job
  try {
    const job = await task.run((signal, cancel) => {
      const share = make("span", { class: "small" }, percent(0));
      const said = t("jobs.sending", { name: feed.name });
      announce(said);
      fill(outcome, make("div", { class: "waiting" }, make("span", {}, said), share, button(t("action.cancel"), cancel, { class: "plain" })));
      return submit(feed, { category: column, target, attributes }, { signal, onprogress: (part) => (share.textContent = percent(part)) });
    });
    fill(outcome);
    if (!job) return;
    Object.assign(draft, nothing());
    location.hash = `#/jobs/${encodeURIComponent(job.id)}`;
  } catch (error) {
    fill(outcome, errorNotice(error, () => !task.running && send(outcome, sending)));
  } finally {
    sending.removeAttribute("aria-disabled");
  }
}
