// The queue of products of which the model is not sure: accept, correct or reject, by hand or by key.
import { request } from "./api.js";
import { announce, bar, button, keep, kept, make, show as fill } from "./dom.js";
import { priceLabel, productAddress } from "./cards.js";
import { categoryField } from "./combobox.js";
import { above, alternativesTitle, categoryLevels, decisionBanner, section } from "./findings.js";
import { count, percent, t } from "./language.js";
import { emptyState, errorNotice, stopped, waiting } from "./notice.js";
import { productPicture } from "./pictures.js";
import { leaf, loadTaxonomy } from "./taxonomy.js";

const PAGE = 20;
const FEW = 5; // with so few left the next page is asked for
const CHOICES = 5;

let queue, desk;

export async function show(main, _query, signal) {
  queue = { products: [], after: null, ended: false, loading: null, left: 0, seen: new Set(), judged: 0 };
  desk = { place: make("div", {}), tally: make("p", { class: "soft tally" }), problem: make("div", {}), signal };
  fill(
    main,
    make("h1", { tabindex: "-1" }, t("review.title")),
    make("p", { class: "lead" }, t("review.lead")),
    make("div", { class: "actions spread" }, desk.tally, shortcutsBox()),
    desk.problem,
    desk.place,
  );
  document.addEventListener("keydown", pressed, { signal });
  await start();
}

async function start() {
  const { signal } = desk;
  const busy = waiting(t("review.busy"), null, signal);
  fill(desk.problem);
  fill(desk.place, busy);
  try {
    await Promise.all([loadPage(), loadTaxonomy()]);
    if (!signal.aborted) draw();
  } catch (error) {
    if (!stopped(error)) fill(desk.place, errorNotice(error, start));
  } finally {
    busy.done();
  }
}

/** The next page into the queue; one at a time. */
function loadPage() {
  const mine = queue;
  const after = mine.after ? `&after=${encodeURIComponent(mine.after)}` : "";
  mine.loading ??= request(`v1/review?limit=${PAGE}${after}`, { signal: desk.signal })
    .then((page) => {
      const known = new Set([...mine.seen, ...mine.products.map((product) => product.id)]);
      mine.products.push(...page.products.filter((product) => !known.has(product.id)));
      if (!mine.seen.size) mine.left = page.total;
      mine.after = page.after;
      mine.ended = page.after === null;
    })
    .finally(() => (mine.loading = null));
  return mine.loading;
}

/** The service's total has those that were rejected; once the last page is here they can be counted. */
const left = () => (queue.ended ? queue.products.length : Math.max(queue.left, queue.products.length));

function draw() {
  const [product] = queue.products;
  desk.tally.textContent = product ? count("review.left", left()) : "";
  if (product) return fill(desk.place, card(product));
  if (!queue.ended) return start();
  const { judged } = queue;
  fill(
    desk.place,
    emptyState(
      "check",
      t("review.done"),
      judged ? count("review.done_how", judged) : t("review.nothing"),
      make("a", { href: "#/jobs", class: "button" }, t("search.to_jobs")),
    ),
  );
}

function card(product) {
  const found = product.understanding;
  const field = categoryField((node) => judge({ verdict: "correct", category: node.id }));
  desk.field = field.input;
  const actions = make(
    "div",
    { class: "actions" },
    found.category && act("accept", "A", "check", () => judge({ verdict: "accept" }), "main"),
    act("reject", "R", "close", () => judge({ verdict: "reject" })),
    act("skip", "S", null, skip, "plain"),
  );
  return make(
    "article",
    { class: "split review", "aria-labelledby": "review-product" },
    said(product),
    make(
      "section",
      { class: "sheet", "aria-label": t("review.model_says") },
      decisionBanner(found),
      section(t("review.model_says"), categoryLevels(found.category), actions),
      choices(found, found.alternatives?.slice(0, CHOICES) ?? []),
      section(t("review.correct"), field.element),
    ),
  );
}

function said(product) {
  return make(
    "section",
    { class: "sheet", "aria-label": t("product.said") },
    make(
      "div",
      { class: "gallery" },
      productPicture(product, { alt: t("product.picture", { n: 1 }), signal: desk.signal }),
    ),
    make("h2", { id: "review-product", tabindex: "-1" }, product.title || product.id),
    make("p", { class: "soft" }, [product.brand, product.id].filter(Boolean).join(" \u00b7 ")),
    priceLabel(product),
    product.description && make("p", { class: "description" }, product.description),
    make("p", {}, make("a", { href: productAddress(product.id) }, t("review.details"))),
  );
}

function choices(found, categories) {
  if (!categories.length) return null;
  const lines = categories.map((category, place) =>
    make(
      "li",
      {},
      make(
        "button",
        {
          type: "button",
          class: "choice",
          "aria-keyshortcuts": String(place + 1),
          onclick: () => judge({ verdict: "correct", category: category.id }),
        },
        keycap(String(place + 1)),
        make("span", { class: "said" }, leaf(category), make("span", { class: "soft small above" }, above(category))),
        bar(category.score),
        make("span", { class: "score" }, percent(category.score)),
      ),
    ),
  );
  const title = found.category ? t("review.rather") : alternativesTitle(found);
  return section(title, make("ol", { class: "choices" }, lines));
}

function act(name, key, sign, onclick, kind = null) {
  const element = button(t(`review.${name}`), onclick, { class: kind, "aria-keyshortcuts": key.toLowerCase() }, sign);
  element.append(keycap(key));
  return element;
}

const keycap = (letter) => make("kbd", { "aria-hidden": "true" }, letter);

/** The verdict goes out and the next product appears at once; should it fail, the product comes back. */
async function judge(verdict) {
  const mine = queue;
  const product = mine.products.shift();
  if (!product) return;
  mine.seen.add(product.id);
  mine.judged += 1;
  mine.left -= 1;
  fill(desk.problem);
  next(t(`review.said.${verdict.verdict}`));
  try {
    await request("v1/feedback", { body: { product_id: product.id, ...verdict }, keepalive: true });
  } catch (error) {
    if (mine !== queue) return;
    mine.seen.delete(product.id);
    mine.judged -= 1;
    mine.left += 1;
    mine.products.unshift(product);
    draw();
    fill(
      desk.problem,
      make("p", { class: "soft" }, t("review.failed", { name: product.title || product.id })),
      errorNotice(error),
    );
  }
}

function skip() {
  if (queue.products.length) queue.seen.add(queue.products.shift().id);
  next(t("review.said.skip"));
}

function next(said) {
  draw();
  const title = document.getElementById("review-product");
  announce(`${said} ${title ? t("review.next", { name: title.textContent }) : t("review.done")}`);
  (title ?? desk.place.querySelector("a"))?.focus({ preventScroll: true });
  if (!queue.ended && queue.products.length < FEW) loadPage().catch(() => {}); // asked for again once none is left
}

function shortcutsBox() {
  const box = make("input", { type: "checkbox", checked: kept("shortcuts") !== "off" });
  const apply = () => desk.place.classList.toggle("no-keys", !box.checked);
  box.addEventListener("change", () => {
    keep("shortcuts", box.checked ? "on" : "off");
    apply();
  });
  desk.shortcuts = box;
  apply();
  return make("label", { class: "check" }, box, make("span", {}, t("review.shortcuts")));
}

/** Single keys act only while nobody types, and can be switched off (WCAG 2.1.4). */
function pressed(event) {
  const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog");
  if (
    typing ||
    !desk.shortcuts.checked ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    event.repeat ||
    event.isComposing
  )
    return;
  const product = queue.products[0];
  if (!product || !desk.place.querySelector("article")) return;
  const letter = event.key.toLowerCase();
  const choice = product.understanding.alternatives?.slice(0, CHOICES)[Number(letter) - 1];
  const acts = {
    a: product.understanding.category && (() => judge({ verdict: "accept" })),
    r: () => judge({ verdict: "reject" }),
    s: skip,
    c: () => desk.field.focus(),
  };
  const chosen = acts[letter] ?? (choice && (() => judge({ verdict: "correct", category: choice.id })));
  if (!chosen) return;
  event.preventDefault();
  chosen();
}
