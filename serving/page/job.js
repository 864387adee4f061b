// One bulk job: its card, its rows that failed, and what products were stored without.
import { request } from "./api.js";
import { announce, button, make, show } from "./dom.js";
import { count, duration, moment, t, whole } from "./language.js";
import { errorNotice, stopped } from "./notice.js";
import { meaning, sentence } from "./problems.js";
import { saveFile } from "./save.js";
import { asHash } from "./search-query.js";

const FIGURES = ["added", "updated", "skipped", "removed", "failed"];
const MAX_REASONS = 10;

const address = (job) => `v1/jobs/${encodeURIComponent(job.id)}`;
const WITHOUT_FEED = { "(verdicts)": "job.verdicts", "(audit)": "job.audit" };

/** What it is called: a feed, people's verdicts, or an audit. */
const named = ({ source, id }) => (source in WITHOUT_FEED ? t(WITHOUT_FEED[source]) : source || id);
/** Its state; one of which every row failed has not simply ended. */
const standing = (job) => (job.done > 0 && job.failed === job.done && !isActive(job) ? "nothing" : job.state);
/** How often a product was stored without something. */
const warned = (job) => Object.values(job.warnings).reduce((sum, times) => sum + times, 0);
const isActive = (job) => job.state === "queued" || job.state === "running";

/** A list item with `update(job)`. link: whether its name leads to its own page; onchange: called once it was changed. */
export function jobCard(job, { link, onchange }) {
  const element = make("li", { class: "sheet job" });
  const problem = make("div", {});
  let state = null;

  async function act(work, from) {
    if (from.getAttribute("aria-disabled")) return;
    from.setAttribute("aria-disabled", "true");
    show(problem);
    try {
      await work();
    } catch (error) {
      if (!stopped(error)) show(problem, errorNotice(error));
    }
    from.removeAttribute("aria-disabled");
  }

  element.update = (now) => {
    const focused = element.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    const acting = {
      cancel: (event) => act(() => cancel(now, element, onchange), event.currentTarget),
      download: (event) => act(() => download(now, "errors?format=csv", "failed.csv"), event.currentTarget),
      warnings: (event) => act(() => download(now, "warnings", "warnings.jsonl"), event.currentTarget),
    };
    const empty = now.state === "failed" && !now.done;
    show(
      element,
      head(now, link),
      !empty && progress(now),
      !empty && !now.teaching && !now.auditing && figures(now),
      warned(now) > 0 && make("p", { class: "small" }, t("job.lacking", { n: whole(warned(now)) })),
      now.error && make("p", { class: "notice bad" }, sentence(now.error.code, now.error.message)),
      actions(now, acting),
      problem,
    );
    if (focused) (element.querySelector(`[data-act="${focused}"]`) ?? element.querySelector("a, button"))?.focus();
    if (state && state !== now.state) announce(`${named(now)}: ${t(`job.${standing(now)}`)}`);
    state = now.state;
  };
  element.update(job);
  return element;
}

function head(job, link) {
  const name = named(job);
  const title = link ? make("a", { href: `#/jobs/${encodeURIComponent(job.id)}`, "data-act": "open" }, name) : name;
  return make(
    "div",
    { class: "job-head" },
    make(link ? "h3" : "h2", { class: "job-name" }, title),
    make("span", { class: `badge ${standing(job)}` }, t(`job.${standing(job)}`)),
    job.dry_run && make("span", { class: "badge" }, t("job.dry_run")),
    job.teaching && make("span", { class: "badge" }, t("job.teaching")),
    make("span", { class: "soft small" }, moment(job.started_at ?? job.created_at)),
  );
}

function progress(job) {
  const share = job.total ? job.done / job.total : 0;
  const known = job.total !== null && job.total !== undefined;
  const said = known
    ? count("job.progress", job.total, { done: whole(job.done) })
    : count(isActive(job) ? "job.counting" : "job.rows", job.done);
  const eta =
    isActive(job) &&
    job.eta_seconds !== null &&
    job.eta_seconds !== undefined &&
    t("job.eta", { time: duration(job.eta_seconds) });
  const meter = make("progress", {
    max: "1",
    "aria-label": t("job.progress_of", { name: named(job) }),
    value:
      known || !isActive(job)
        ? String(isActive(job) ? share : Math.max(share, job.state === "complete" ? 1 : 0))
        : null,
  });
  return make(
    "div",
    { class: "job-progress" },
    meter,
    make("span", { class: "small" }, said, eta && make("span", { class: "soft" }, ` \u00b7 ${eta}`)),
  );
}

function figures(job) {
  const rows = FIGURES.filter((name) => name !== "removed" || job.removed).map((name) =>
    make(
      "div",
      { class: name === "failed" && job.failed ? "has-failed" : null },
      make("dt", {}, t(`job.${name}_rows`)),
      make("dd", {}, whole(job[name] ?? 0)),
    ),
  );
  const figures = make("dl", { class: "figures" }, rows);
  return job.dry_run ? [make("p", { class: "soft small" }, t("job.would")), figures] : figures;
}

function actions(job, { cancel, download, warnings }) {
  const seen = !isActive(job) && !job.dry_run && job.added + job.updated > 0;
  const buttons = [
    seen && make("a", { class: "button-link", href: asHash({ sort: "newest" }) }, t("job.browse")),
    seen && make("a", { class: "button-link", href: "#/review" }, t("job.review")),
    isActive(job) && button(t("action.cancel"), cancel, { "data-act": "cancel" }, "close"),
    job.failed > 0 && !job.teaching && button(t("job.download"), download, { "data-act": "download" }, "download"),
    warned(job) > 0 && button(t("job.download_warnings"), warnings, { "data-act": "warnings" }, "download"),
  ].filter(Boolean);
  return buttons.length ? make("div", { class: "actions" }, buttons) : null;
}

async function cancel(job, element, onchange) {
  element.update(await request(`${address(job)}/cancel`, { method: "POST" }));
  onchange();
}

/** The rows that failed, or the warnings, under the feed's name. It needs the key, so a plain link would not do. */
async function download(job, rows, ending) {
  const blob = await request(`${address(job)}/${rows}`, { as: "blob" });
  const name = job.source.replace(/^.*\//, "").replace(/\.[^.]*$/, "") || "feed";
  saveFile(blob, `${name}.${ending}`);
}

/** Rows that failed by one code. A reason that names a row's own value is said of that row alone. */
function why(rows) {
  const called = ({ id, line }) => id || t("job.line", { n: line });
  const [{ code, reason }] = rows;
  const first = rows.slice(0, 3);
  if (rows.every((row) => row.reason === reason)) {
    const said = count("job.such_rows", rows.length, { first: first.map(called).join(t("page.comma")) });
    return make("li", {}, make("strong", {}, sentence(code, reason)), make("span", { class: "soft small" }, said));
  }
  const each = first.map((row) => make("span", {}, `${called(row)}: ${sentence(code, row.reason)}`));
  return make("li", {}, make("strong", {}, count("job.failed_alike", rows.length)), each);
}

/** Why rows failed: each reason with how often and where first. */
export async function failures(place, job, signal) {
  if (!job.failed) return show(place);
  try {
    const lines = (await request(`${address(job)}/errors`, { as: "text", signal })).split("\n").filter(Boolean);
    const reasons = new Map();
    for (const row of lines.map((line) => JSON.parse(line))) {
      if (!reasons.has(row.code)) reasons.set(row.code, []);
      reasons.get(row.code).push(row);
    }
    const sorted = [...reasons.values()].sort((one, other) => other.length - one.length).slice(0, MAX_REASONS);
    const items = sorted.map(why);
    show(
      place,
      make("section", { class: "sheet" }, make("h2", {}, t("job.why")), make("ul", { class: "reasons" }, items)),
    );
  } catch (error) {
    if (!stopped(error))
      show(
        place,
        errorNotice(error, () => failures(place, job, signal)),
      );
  }
}

/** What products were stored without: each reason with how often. The rows are too many to show; they can be had. */
export async function lacks(place, job) {
  if (!warned(job)) return show(place);
  try {
    const sorted = Object.entries(job.warnings).sort(([, one], [, other]) => other - one);
    const items = sorted.map(async ([code, times]) => {
      const often = make("span", { class: "soft small" }, count("job.lacking_times", times));
      return make("li", {}, make("strong", {}, await meaning(code)), often);
    });
    const list = make("ul", { class: "reasons" }, await Promise.all(items));
    show(place, make("section", { class: "sheet" }, make("h2", {}, t("job.lacking_what")), list));
  } catch (error) {
    show(
      place,
      errorNotice(error, () => lacks(place, job)),
    );
  }
}
