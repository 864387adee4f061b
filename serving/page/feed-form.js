// The form that sends a feed, with the map of its columns.
import { onceOnly, upload } from "./api.js";
import { announce, bar, button, fresh, icon, make, show } from "./dom.js";
import { bytes, percent, t } from "./language.js";
import { errorNotice, plainNotice, Task } from "./notice.js";
import { acceptDrops } from "./picture-field.js";

const FIELDS = ["id", "title", "description", "images", "brand", "price", "currency", "link"];
const PEEK = 65_536; // bytes of a feed that are looked at for the names of its columns
const FEEDS = ".csv,.tsv,.jsonl,.ndjson,.parquet,.zip";

// An upload goes on while the reader looks into another view, so none of this belongs to the view.
const draft = { file: null, columns: {}, dryRun: false };
const task = new Task();
let redraw = () => {};
let report = [];
let attempt = { of: "", key: "" };

export function feedForm({ signal, onsent }) {
  const place = make("div", { class: "file-place" });
  const names = fresh("columns");
  const known = make("datalist", { id: names });
  const outcome = make("div", {});
  const dry = make("input", { type: "checkbox", checked: draft.dryRun });
  dry.addEventListener("change", () => (draft.dryRun = dry.checked));
  const submit = make("button", { type: "submit", class: "main" }, icon("upload"), make("span", {}, t("jobs.send")));
  const form = make(
    "form",
    { class: "sheet feed-form", "aria-label": t("jobs.new") },
    place,
    make(
      "label",
      { class: "check" },
      dry,
      make("span", {}, t("jobs.dry_run"), make("span", { class: "soft small" }, t("jobs.dry_run_why"))),
    ),
    columnMap(names),
    known,
    outcome,
    make("div", { class: "actions" }, submit),
  );

  function choose(file) {
    draft.file = file;
    report = [];
    redraw();
    columnsOf(file).then((found) =>
      show(
        known,
        found.map((value) => make("option", { value })),
      ),
    );
  }

  redraw = () => {
    show(place, fileField(choose));
    show(outcome, ...report);
    if (task.running) submit.setAttribute("aria-disabled", "true");
    else submit.removeAttribute("aria-disabled");
  };
  signal.addEventListener("abort", () => (redraw = () => {}));
  acceptDrops(place, choose);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (task.running) return;
    if (draft.file) return send(onsent);
    report = [plainNotice(t("jobs.no_file"))];
    redraw();
    place.querySelector("input").focus();
  });
  redraw();
  return form;
}

function fileField(choose) {
  const input = make("input", { type: "file", accept: FEEDS, class: "unseen" });
  input.addEventListener("change", () => input.files[0] && choose(input.files[0]));
  const { file } = draft;
  return make(
    "label",
    { class: "drop wide" },
    input,
    icon("upload"),
    make("span", { class: "drop-title" }, file ? file.name : t("jobs.drop")),
    make(
      "span",
      { class: "soft small" },
      file ? `${bytes(file.size)} \u00b7 ${t("jobs.change_file")}` : t("jobs.formats"),
    ),
  );
}

function columnMap(names) {
  const rows = FIELDS.map((name) => {
    const id = fresh("column");
    const input = make("input", {
      id,
      type: "text",
      list: names,
      value: draft.columns[name] ?? "",
      placeholder: t("jobs.recognised"),
      autocomplete: "off",
    });
    input.addEventListener("input", () => (draft.columns[name] = input.value));
    return make("div", {}, make("label", { for: id }, t(`column.${name}`)), input);
  });
  return make(
    "details",
    { class: "columns" },
    make("summary", {}, t("jobs.columns")),
    make("p", { class: "soft small" }, t("jobs.columns_why")),
    make("div", { class: "column-grid" }, rows),
  );
}

async function send(onsent) {
  const form = new FormData();
  form.append("file", draft.file, draft.file.name);
  const columns = Object.fromEntries(
    Object.entries(draft.columns)
      .map(([name, column]) => [name, column.trim()])
      .filter(([, column]) => column),
  );
  if (Object.keys(columns).length) form.append("columns", JSON.stringify(columns));
  form.append("dry_run", String(draft.dryRun));
  const headers = { "Idempotency-Key": attemptKey(columns) };
  try {
    const job = await task.run(async (running, cancel) => {
      const shown = make("span", { class: "small" }, percent(0));
      const place = make("span", {}, bar(0));
      announce(t("jobs.sending"));
      report = [
        make(
          "div",
          { class: "waiting" },
          make("span", {}, t("jobs.sending")),
          place,
          shown,
          button(t("action.cancel"), cancel, { class: "plain" }),
        ),
      ];
      redraw();
      const onprogress = (share) => {
        show(place, bar(share));
        shown.textContent = share < 1 ? percent(share) : t("jobs.accepting");
      };
      return await upload("v1/jobs", form, { headers, signal: running, onprogress });
    });
    report = [
      make("p", { class: "notice good" }, job ? t("jobs.accepted", { name: draft.file.name }) : t("wait.cancelled")),
    ];
    announce(report[0].textContent);
    if (job) {
      draft.file = null;
      attempt.of = "";
    }
    redraw();
    if (job) onsent(job);
  } catch (error) {
    report = [errorNotice(error, () => !task.running && send(onsent))];
    redraw();
  }
}

/** One key for all tries to send the same: a try whose answer was lost must not become a second job. */
function attemptKey(columns) {
  const { name, size, lastModified } = draft.file;
  const of = JSON.stringify([name, size, lastModified, columns, draft.dryRun]);
  if (attempt.of !== of) attempt = { of, key: onceOnly() };
  return attempt.key;
}

/** The names of a feed's columns, where a look at its beginning tells: they are offered as one types. */
async function columnsOf(file) {
  const name = file.name.toLowerCase();
  if (!/\.(csv|tsv|jsonl|ndjson)$/.test(name)) return [];
  const [first] = (await file.slice(0, PEEK).text()).replace(/^\ufeff/, "").split(/\r?\n/, 1);
  try {
    if (name.endsWith("l") || name.endsWith("ndjson")) return Object.keys(JSON.parse(first));
  } catch {
    return [];
  }
  const marks = ["\t", ";", ","]
    .map((mark) => [first.split(mark).length, mark])
    .sort((one, other) => other[0] - one[0]);
  return first
    .split(marks[0][1])
    .map((column) => column.replace(/^"|"$/g, "").trim())
    .filter(Boolean);
}
