// The catalogue as a whole: what it holds, what is unsure, the last feed, and what to do next.
import { request } from "./api.js";
import { bar, icon, make, show as fill } from "./dom.js";
import { decisionBadge } from "./findings.js";
import { count, language, moment, t, whole } from "./language.js";
import { errorNotice, stopped, waiting } from "./notice.js";
import { productList } from "./results.js";
import { asHash } from "./search-query.js";
import { loadTaxonomy } from "./taxonomy.js";

const NEWEST = 6;

export async function show(main, _query, signal) {
  const place = make("div", {});
  fill(main, make("h1", { tabindex: "-1" }, t("overview.title")), place);
  await load(place, signal);
}

async function load(place, signal) {
  const busy = waiting(t("overview.busy"), null, signal);
  fill(place, busy);
  try {
    const [found, newest] = await Promise.all([
      request("v1/overview", { signal }),
      request(`v1/products?limit=${NEWEST}`, { signal }),
      loadTaxonomy(),
    ]);
    signal.throwIfAborted();
    fill(place, found.products ? filled(found, newest.products, signal) : empty());
  } catch (error) {
    if (!stopped(error))
      fill(
        place,
        errorNotice(error, () => load(place, signal)),
      );
  } finally {
    busy.done();
  }
}

function filled(found, newest, signal) {
  return [
    make("p", { class: "lead" }, count("overview.products", found.products)),
    make("div", { class: "panels" }, departments(found), sureness(found), next(found)),
    make(
      "section",
      { class: "newest" },
      make(
        "div",
        { class: "actions spread" },
        make("h2", {}, t("overview.newest")),
        make("a", { href: "#/search" }, t("overview.browse")),
      ),
      productList(newest, signal),
    ),
  ];
}

const of = (name, value) => asHash({ chosen: new Map([[name, [value]]]) });

function departments({ departments: known, products }) {
  const placed = known.reduce((sum, one) => sum + one.products, 0);
  const line = (href, label, number) =>
    make(
      "li",
      {},
      make("a", { href }, label),
      bar(number / products),
      make("span", { class: "score" }, whole(number)),
    );
  const rows = known.map((one) => line(of("category", one.id), (language === "zh" && one.label_zh) || one.label, one.products));
  if (products > placed) rows.push(line(of("decision", "abstain"), t("overview.no_category"), products - placed));
  return make(
    "section",
    { class: "sheet" },
    make("h2", {}, t("overview.departments")),
    make("ul", { class: "scored" }, rows),
  );
}

function sureness({ decisions }) {
  const rows = ["auto", "review", "abstain"].map((name) =>
    make(
      "li",
      {},
      make("a", { href: of("decision", name) }, decisionBadge(name)),
      make("span", { class: "score" }, whole(decisions[name])),
    ),
  );
  return make(
    "section",
    { class: "sheet" },
    make("h2", {}, t("overview.sureness")),
    make("ul", { class: "states" }, rows),
    make("p", { class: "soft small" }, t("overview.sureness_why")),
  );
}

/** What there is to do, the most pressing first. */
function next({ waiting: unsure, last_job: job }) {
  const failed = job?.failed > 0;
  return make(
    "section",
    { class: "sheet" },
    make("h2", {}, t("overview.next")),
    make(
      "div",
      { class: "todo" },
      unsure > 0 && make("a", { href: "#/review", class: "button main" }, icon("eye"), count("overview.review", unsure)),
      make("a", { href: "#/jobs", class: "button" }, icon("upload"), t("search.to_jobs")),
      make("a", { href: "#/new", class: "button" }, icon("plus"), t("new.title")),
    ),
    job &&
      make(
        "p",
        { class: "last-job" },
        make("span", { class: "soft small above" }, t("overview.last_feed"), " ", moment(job.created_at)),
        make("a", { href: `#/jobs/${job.id}` }, job.source),
        " ",
        make("span", { class: `badge ${job.state}` }, t(`job.${job.state}`)),
        failed && make("span", { class: "above small" }, count("overview.failed", job.failed)),
      ),
  );
}

function empty() {
  return make(
    "div",
    { class: "empty sheet" },
    icon("upload"),
    make("h2", {}, t("overview.empty")),
    make("p", {}, t("overview.empty_how")),
    make(
      "div",
      { class: "examples" },
      make("a", { href: "#/jobs", class: "button main" }, t("search.to_jobs")),
      make("a", { href: "#/new", class: "button" }, t("new.title")),
      make("a", { href: "#/understand", class: "button" }, t("overview.try")),
    ),
  );
}
