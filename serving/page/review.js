// The queue of products of which the model is not sure: accept, correct or reject, one or several, and take it back.
import { ApiError, request } from "./api.js";
import { announce, button, keep, kept, make, show as fill } from "./dom.js";
import { count, t } from "./language.js";
import { emptyState, errorNotice, stopped, waiting } from "./notice.js";
import { alikeBox } from "./review-alike.js";
import { numbered, productCard } from "./review-card.js";
import { conflictBox } from "./review-conflict.js";
import { filterBar, filtersOf, hasFilters, toQuery } from "./review-filters.js";
import { historyBox } from "./review-history.js";
import { loadTaxonomy } from "./taxonomy.js";

const PAGE = 20;
const REFUSED = { status: 422 };
const FEW = 5; // with so few left the next page is asked for

let queue, view, filters, given;

/** given: the verdicts of this visit, the last one last, to be taken back one after the other. */
export async function show(main, { parameters }, signal) {
  filters = filtersOf(parameters);
  given = [];
  view = { place: make("div", {}), tally: make("p", { class: "soft tally" }), problem: make("div", {}), signal };
  view.filters = make("div", {}, filterBar(filters, null, changed)); // its place, before it is counted
  view.undo = button(t("review.undo"), undo, { "aria-keyshortcuts": "u", disabled: true }, "undo");
  view.undo.append(make("kbd", { "aria-hidden": "true" }, "U"));
  view.history = historyBox({ bringBack, settled: () => Promise.allSettled(given.map((one) => one.kept)), signal });
  fill(
    main,
    make("h1", { tabindex: "-1" }, t("review.title")),
    make("p", { class: "lead" }, t("review.lead")),
    view.filters,
    make("div", { class: "actions spread" }, view.tally, make("div", { class: "actions" }, shortcutsBox(), view.undo)),
    view.problem,
    view.place,
    view.history,
  );
  document.addEventListener("keydown", pressed, { signal });
  await restart(parameters.get("product"));
}

/** From the first page on. first: the id of a product to begin with. */
async function restart(first = null) {
  queue = { products: [], after: null, ended: false, loading: null, left: 0, stored: 0, seen: new Set() };
  await start(first);
}

async function start(first = null) {
  const { signal } = view;
  const busy = waiting(t("review.busy"), null, signal);
  fill(view.problem);
  fill(view.place, busy);
  view.history.hidden = true; // it would be pushed away by what comes
  try {
    await Promise.all([loadPage(), loadTaxonomy()]);
    if (first) putFirst(await fetchProduct(first));
    if (!signal.aborted) draw();
  } catch (error) {
    if (!stopped(error)) fill(view.place, errorNotice(error, () => start(first)));
  } finally {
    busy.done();
    view.history.hidden = false;
  }
}

const fetchProduct = (id) => request(`v1/products/${encodeURIComponent(id)}`, { signal: view.signal });

/** The next page into the queue; one at a time. */
function loadPage() {
  const mine = queue;
  mine.loading ??= request(`v1/review?${toQuery(filters, PAGE, mine.after)}`, { signal: view.signal })
    .then((page) => {
      const known = new Set([...mine.seen, ...mine.products.map((product) => product.id)]);
      mine.products.push(...page.products.filter((product) => !known.has(product.id)));
      if (page.menu) {
        [mine.left, mine.stored] = [page.total, page.stored];
        loadTaxonomy().then(() => drawFilters(page.menu));
      }
      mine.after = page.after;
      mine.ended = page.after === null;
    })
    .finally(() => (mine.loading = null));
  return mine.loading;
}

/** Drawn anew with what the service counts; the reader stays in the field where he is, with what he has typed. */
function drawFilters(menu) {
  const { dataset = {}, value } = view.filters.contains(document.activeElement) ? document.activeElement : {};
  fill(view.filters, filterBar(filters, menu, changed));
  const field = dataset.filter && view.filters.querySelector(`[data-filter="${dataset.filter}"]`);
  if (!field) return;
  if (dataset.filter === "text") field.value = value;
  field.focus();
}

function changed() {
  const query = toQuery(filters);
  history.replaceState(null, "", `#/review${query ? `?${query}` : ""}`);
  restart();
}

const left = () => (queue.ended ? queue.products.length : Math.max(queue.left, queue.products.length));

function draw() {
  const [product] = queue.products;
  view.tally.textContent = product ? count("review.left", left()) : "";
  view.undo.disabled = !given.length;
  if (product) return fill(view.place, card(product));
  if (!queue.ended) return start();
  view.card = null;
  fill(view.place, nothingLeft());
}

function card(product) {
  const alike = alikeBox(product, view.signal);
  const conflict = conflictBox(product, judge, view.signal);
  view.card = productCard(product, { judge, skip, alike: alike.element, conflict, signal: view.signal });
  view.others = alike.chosen;
  return view.card.element;
}

/** Why there is nothing to do. */
function nothingLeft() {
  const feed = make("a", { href: "#/jobs", class: "button" }, t("search.to_jobs"));
  if (!queue.stored) return emptyState("question", t("review.none_stored"), t("review.none_stored_how"), feed);
  if (given.length) {
    const judged = given.reduce((sum, one) => sum + one.products.length, 0);
    return emptyState("check", t("review.done"), count("review.done_how", judged), again());
  }
  if (hasFilters(filters)) return emptyState("question", t("review.none_such"), t("review.none_such_how"), reset());
  return emptyState("check", t("review.done"), t("review.nothing"), feed);
}

const again = () => button(t("review.look_again"), () => restart());

const reset = () =>
  button(t("search.reset"), () => {
    filters = filtersOf(new URLSearchParams());
    changed();
  });

/** The verdict goes out and the next product appears at once; should it fail, the products come back. */
async function judge(verdict) {
  const mine = queue;
  const [product] = mine.products;
  if (!product) return;
  const products = [product, ...view.others()];
  const taken = new Set(products.map(({ id }) => id));
  mine.products = mine.products.filter(({ id }) => !taken.has(id));
  for (const id of taken) mine.seen.add(id);
  mine.left -= products.length;
  const entry = { products, kept: send(products, view.card.whole(verdict)) };
  given.push(entry);
  fill(view.problem);
  next(products.length > 1 ? count("review.said.several", products.length) : t(`review.said.${verdict.verdict}`));
  try {
    const failed = await entry.kept.then(({ errors }) => errors);
    if (failed.length) throw failed[0];
  } catch (error) {
    if (mine !== queue || stopped(error)) return;
    const { ids } = await entry.kept.catch(() => ({ ids: new Map() }));
    entry.products = products.filter(({ id }) => ids.has(id));
    if (!entry.products.length) given.splice(given.indexOf(entry), 1);
    for (const one of products.filter(({ id }) => !ids.has(id)).reverse()) putFirst(one);
    draw();
    fill(
      view.problem,
      make("p", { class: "soft" }, t("review.failed", { name: product.title || product.id })),
      errorNotice(error),
    );
  }
}

/** -> the verdicts' ids by product, and what went wrong with others. Raises what went wrong with all. */
async function send([{ id }, ...others], verdict) {
  const body = { product_id: id, ...verdict };
  if (!others.length) {
    const kept = await request("v1/feedback", { body, keepalive: true });
    return { ids: new Map([[kept.product_id, kept.id]]), errors: [] };
  }
  body.others = others.map((other) => other.id);
  const { results } = await request("v1/feedback/alike", { body, keepalive: true });
  const kept = results.map(({ feedback }) => feedback).filter(Boolean);
  return {
    ids: new Map(kept.map(({ product_id, id }) => [product_id, id])),
    errors: results.filter(({ error }) => error).map(({ error }) => new ApiError(error.code, error.message, REFUSED)),
  };
}

function skip() {
  if (queue.products.length) queue.seen.add(queue.products.shift().id);
  next(t("review.said.skip"));
}

/** Take back the last verdict of this visit: the product is there again, as the model had it. */
async function undo() {
  const entry = given.pop();
  if (!entry) return;
  view.undo.disabled = true;
  fill(view.problem);
  try {
    const { ids } = await entry.kept;
    const [id] = ids.values();
    await request(`v1/feedback/${id}${ids.size > 1 ? "?group=true" : ""}`, { method: "DELETE" });
    for (const product of [...entry.products].reverse()) putFirst(product);
    next(t("review.said.undo"));
  } catch (error) {
    given.push(entry);
    fill(view.problem, errorNotice(error));
  }
  view.undo.disabled = !given.length;
}

/** A product of the history is to be judged again. id: of the verdict that was taken back, if it was. */
async function bringBack(productId, id = null) {
  const product = await fetchProduct(productId);
  for (const entry of id === null ? [] : given) {
    const { ids } = await entry.kept.catch(() => ({ ids: new Map() }));
    if (ids.get(productId) === id) ids.delete(productId);
    entry.products = entry.products.filter((one) => one.id !== productId || ids.has(productId));
  }
  given = given.filter((entry) => entry.products.length);
  queue.seen.add(productId); // also one of an earlier visit waits anew
  putFirst(product);
  next(t("review.said.undo"));
}

function putFirst(product) {
  if (queue.seen.delete(product.id)) queue.left += 1;
  queue.products = [product, ...queue.products.filter(({ id }) => id !== product.id)];
}

function next(said) {
  draw();
  const title = document.getElementById("review-product");
  announce(`${said} ${title ? t("review.next", { name: title.textContent }) : t("review.done")}`);
  (title ?? view.place.querySelector("a, button"))?.focus({ preventScroll: true });
  if (!queue.ended && queue.products.length < FEW) loadPage().catch(() => {}); // asked for again once none is left
}

function shortcutsBox() {
  const box = make("input", { type: "checkbox", checked: kept("shortcuts") !== "off" });
  const apply = () => [view.place, view.undo].forEach((part) => part.classList.toggle("no-keys", !box.checked));
  box.addEventListener("change", () => {
    keep("shortcuts", box.checked ? "on" : "off");
    apply();
  });
  view.shortcuts = box;
  apply();
  return make("label", { class: "check shortcuts" }, box, make("span", {}, t("review.shortcuts")));
}

/** Single keys act only while nobody types, and can be switched off (WCAG 2.1.4). */
function pressed(event) {
  const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog");
  if (typing || event.altKey || event.repeat || event.isComposing) return;
  const act = event.ctrlKey || event.metaKey ? combined(event) : view.shortcuts.checked && single(event.key.toLowerCase());
  if (!act) return;
  event.preventDefault();
  act();
}

const combined = ({ key, shiftKey }) => key.toLowerCase() === "z" && !shiftKey && given.length && undo;

function single(letter) {
  if (letter === "u") return given.length && undo;
  const [product] = queue.products;
  if (!product || !view.card) return null;
  const choice = numbered(product)[Number(letter) - 1];
  if (choice) return () => judge({ verdict: "correct", category: choice.id });
  const acts = {
    a: product.understanding.category && (() => judge({ verdict: "accept" })),
    r: () => judge({ verdict: "reject" }),
    s: skip,
    c: () => view.card.field.focus(),
  };
  return acts[letter];
}
