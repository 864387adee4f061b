// The form that brings feeds in: what to send, how its columns are read, and each feed on its way to a job.
import { onceOnly } from "./api.js";
import { announce, bar, button, icon, make, show } from "./dom.js";
import { feedChoice } from "./feed-choice.js";
import { feedPreview } from "./feed-preview.js";
import { submit } from "./feed-upload.js";
import { jobOptions } from "./job-options.js";
import { count, percent, t } from "./language.js";
import { errorNotice, plainNotice, Task } from "./notice.js";

// An upload goes on while the reader looks into another view, so none of this belongs to the view.
const draft = { feeds: [], dryRun: false, strict: false, replace: false };
const task = new Task();
let redraw = () => {};
let report = [];

export function feedForm({ signal, onsent }) {
  const choice = make("div", { class: "feed-choice" });
  const previews = make("div", { class: "feed-previews" });
  const outcome = make("div", {});
  const options = jobOptions(draft, () => draft.feeds.forEach((feed) => (feed.key = null)));
  const submitting = make("button", { type: "submit", class: "main" }, icon("upload"), make("span", {}, t("jobs.send")));
  const form = make(
    "form",
    { class: "sheet feed-form", "aria-label": t("jobs.new") },
    choice,
    outcome,
    previews,
    options.others,
    make("div", { class: "actions send-actions" }, submitting, options.dryRun),
  );
  let looking = new AbortController();

  function drawFeeds() {
    looking.abort();
    looking = new AbortController();
    signal.addEventListener("abort", () => looking.abort());
    show(choice, ...feedChoice(draft.feeds, choose, looking.signal));
    show(previews, ...draft.feeds.map((feed) => feedPreview(feed, looking.signal)));
  }

  function choose(feeds) {
    if (task.running) return;
    draft.feeds = feeds;
    report = feeds.length ? [] : [plainNotice(t("feed.nothing_in_folder"))];
    drawFeeds();
    redraw();
  }

  redraw = (feedsToo = false) => {
    if (feedsToo) drawFeeds();
    show(outcome, ...report);
    options.redraw();
    if (task.running) submitting.setAttribute("aria-disabled", "true");
    else submitting.removeAttribute("aria-disabled");
  };
  signal.addEventListener("abort", () => (redraw = () => {}));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (task.running) return;
    if (draft.feeds.length) return send(onsent);
    report = [plainNotice(t("jobs.no_file"))];
    redraw();
    choice.querySelector("input").focus();
  });
  redraw(true);
  return form;
}

/**
 * Each feed a job, one after the other. What was accepted leaves the form, so trying again sends only the rest; after a
 * mere try it stays, to be sent.
 */
async function send(onsent) {
  const accepted = [];
  const { dryRun, strict, replace } = draft;
  try {
    const done = await task.run(async (signal, cancel) => {
      for (const feed of draft.feeds) {
        feed.key ??= onceOnly(); // one for all tries: one whose answer was lost must not become a second job
        await submit(feed, { dry_run: dryRun, strict, replace }, { signal, onprogress: sending(feed, cancel) });
        accepted.push(feed.name);
        feed.key = feed.upload = null;
        if (!dryRun) Object.assign(draft, { feeds: draft.feeds.filter((one) => one !== feed), replace: false });
        onsent();
      }
      return true;
    });
    const names = accepted.join(t("page.comma"));
    const said = done ? count("jobs.accepted", accepted.length, { names }) : t("wait.cancelled");
    report = [make("p", { class: "notice good" }, said)];
    announce(said);
    redraw(true);
  } catch (error) {
    report = [errorNotice(error, () => !task.running && send(onsent))];
    redraw();
  }
}

/** Shows how far a feed is; -> onprogress(share). */
function sending(feed, cancel) {
  const shown = make("span", { class: "small" }, percent(0));
  const place = make("span", {}, bar(0));
  const text = t("jobs.sending", { name: feed.name });
  announce(text);
  report = [
    make("div", { class: "waiting" }, make("span", {}, text), place, shown, button(t("action.cancel"), cancel, { class: "plain" })),
  ];
  redraw();
  return (share) => {
    show(place, bar(share));
    shown.textContent = share < 1 ? percent(share) : t("jobs.accepting");
  };
}
