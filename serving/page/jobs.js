// The view of bulk jobs: send a feed, watch it, look at earlier ones; and one job by itself.
import { request } from "./api.js";
import { make, show as fill } from "./dom.js";
import { feedForm } from "./feed-form.js";
import { failures, jobCard, lacks } from "./job.js";
import { t } from "./language.js";
import { emptyState, errorNotice, stopped, waiting } from "./notice.js";
import { poll } from "./poll.js";

const MAX_JOBS = 20;
const ACTIVE = new Set(["queued", "running"]);

export async function show(main, { rest: id }, signal) {
  return id ? showOne(main, id, signal) : showAll(main, signal);
}

/** Shows in `place` the newest jobs of those that are wanted, or what `none()` makes. -> what asks for them anew. */
export function jobList(place, signal, wanted, none) {
  const list = make("ul", { class: "jobs" });
  const drawn = new Map();
  const draw = (found) => {
    const jobs = found.jobs.filter(wanted);
    if (!jobs.length) return fill(place, none());
    if (!list.isConnected) fill(place, list);
    jobs.forEach((job, position) => putAt(list, position, cardOf(job, drawn, watch)));
    while (list.children.length > jobs.length) list.lastChild.remove();
  };
  let watching = null;
  const watch = () => {
    watching?.abort();
    watching = new AbortController();
    signal.addEventListener("abort", () => watching.abort());
    follow(
      () => request(`v1/jobs?limit=${MAX_JOBS}`, { signal }),
      draw,
      ({ jobs }) => jobs.some((job) => ACTIVE.has(job.state)),
      place,
      watching.signal,
      watch,
    );
  };
  return watch;
}

async function showAll(main, signal) {
  const place = make("div", {});
  const watch = jobList(place, signal, () => true, () => emptyState("upload", t("jobs.none"), t("jobs.none_how")));
  fill(
    main,
    make("h1", { tabindex: "-1" }, t("jobs.title")),
    make("p", { class: "lead" }, t("jobs.lead")),
    feedForm({ signal, onsent: watch }),
    make("section", { class: "past", "aria-labelledby": "past" }, make("h2", { id: "past" }, t("jobs.past")), place),
  );
  watch();
}

/** The card of a job, drawn anew only when the job has changed, so that focus and screen readers are left in peace. */
function cardOf(job, drawn, watch) {
  const now = JSON.stringify(job);
  const before = drawn.get(job.id);
  if (before?.now === now) return before.card;
  if (before) before.card.update(job);
  const card = before?.card ?? jobCard(job, { link: true, onchange: watch });
  drawn.set(job.id, { now, card });
  return card;
}

function putAt(list, position, element) {
  if (list.children[position] !== element) list.insertBefore(element, list.children[position] ?? null);
}

async function lesson(rows, job, signal) {
  const { report } = await import("./taught.js");
  fill(rows, job.taught && make("div", { class: "lesson" }, report(job.taught, signal)));
}

async function showOne(main, id, signal) {
  const place = make("div", {});
  const rows = make("div", {});
  const lacking = make("div", {});
  let card = null;
  let told = null;
  const draw = (job) => {
    if (card) card.update(job);
    else fill(place, make("ul", { class: "jobs" }, (card = jobCard(job, { link: false, onchange: watch }))));
    const now = JSON.stringify([job.state, job.failed, job.warnings]);
    if (ACTIVE.has(job.state) || now === told) return;
    told = now;
    if (job.teaching) return lesson(rows, job, signal);
    if (job.auditing) return fill(rows, make("p", { class: "actions" }, make("a", { href: "#/health" }, t("health.open_view"))));
    failures(rows, job, signal);
    lacks(lacking, job);
  };
  const watch = () =>
    follow(
      () => request(`v1/jobs/${encodeURIComponent(id)}`, { signal }),
      draw,
      (job) => ACTIVE.has(job.state),
      place,
      signal,
      watch,
    );
  fill(
    main,
    make("p", { class: "back" }, make("a", { href: "#/jobs" }, "\u2190 ", t("jobs.back"))),
    make("h1", { tabindex: "-1" }, t("jobs.single")),
    place,
    rows,
    lacking,
  );
  watch();
}

/** Ask, draw, and go on as long as something moves. */
async function follow(ask, draw, active, place, signal, again) {
  const busy = place.childElementCount ? null : waiting(t("jobs.busy"), null, signal);
  if (busy) fill(place, busy);
  place.querySelector(".notice")?.remove();
  try {
    await poll(ask, draw, active, signal);
  } catch (error) {
    if (stopped(error)) return;
    if (busy?.isConnected) busy.remove();
    place.prepend(errorNotice(error, again));
  } finally {
    busy?.done();
  }
}
