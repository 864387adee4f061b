// The view that takes an image and text and shows what the model makes of them.
import { ApiError, request } from "./api.js";
import { announce, button, make, show as fill } from "./dom.js";
import {
  categoryLevels,
  contradictions,
  decisionBanner,
  evidence,
  otherCategories,
  properties,
  section,
  summary,
} from "./findings.js";
import { decimal, t } from "./language.js";
import { errorNotice, plainNotice, Task, waiting } from "./notice.js";
import { fetchImage, productImage } from "./product-images.js";
import { imagesField } from "./images-field.js";
import { searchFor } from "./search.js";
import { loadTaxonomy } from "./taxonomy.js";
import { why } from "./why.js";

const PARTS = "category,tags,attributes,modalities";
const EXAMPLES = ["shoes", "apples", "bag", "watch"];
const FROM_CATALOGUE = 8;

// They outlive the view: whoever looks into another and comes back finds what he had.
const draft = { images: [], title: "", description: "" };
let answer = null;
const task = new Task();

export async function show(main, _query, signal) {
  task.stop();
  const panel = make("section", { class: "sheet result", "aria-labelledby": "result-title" });
  const form = makeForm(panel, signal);
  fill(
    main,
    make("h1", { tabindex: "-1" }, t("understand.title")),
    make("p", { class: "lead" }, t("understand.lead")),
    make("div", { class: "split" }, form.element, panel),
  );
  if (answer) {
    await loadTaxonomy();
    fill(panel, found(answer, signal));
  } else fill(panel, nothingYet(form, signal));
}

function makeForm(panel, signal) {
  const images = imagesField(draft, { signal });
  const title = make("input", {
    id: "title",
    type: "text",
    value: draft.title,
    autocomplete: "off",
    placeholder: t("understand.title_hint"),
  });
  const description = make("textarea", { id: "description", rows: "3" }, draft.description);
  for (const field of [title, description]) field.addEventListener("input", () => (draft[field.id] = field.value));
  const submit = make("button", { type: "submit", class: "main" }, t("understand.do"));
  const problem = make("div", {});
  const element = make(
    "form",
    { class: "sheet ask" },
    images.element,
    make("label", { for: "title" }, t("understand.product_title")),
    title,
    make(
      "label",
      { for: "description" },
      t("understand.description"),
      make("span", { class: "soft" }, " " + t("page.optional")),
    ),
    description,
    problem,
    make("div", { class: "actions" }, submit, button(t("action.clear"), clear, { class: "plain" })),
  );
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });
  description.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) start();
  });

  function start() {
    if (task.running) return;
    const empty = !draft.images.length && !draft.title.trim() && !draft.description.trim();
    fill(problem, empty && plainNotice(t("error.product_empty")));
    if (empty) return title.focus();
    understand(panel, submit, start, signal);
  }

  function fillIn(picked, text) {
    task.stop();
    Object.assign(draft, { title: text, description: "" });
    [title.value, description.value] = [text, ""];
    images.choose(picked ? [picked] : []);
    start();
  }

  function clear() {
    task.stop();
    answer = null;
    Object.assign(draft, { title: "", description: "" });
    [title.value, description.value] = ["", ""];
    images.choose([]);
    fill(problem);
    fill(panel, nothingYet(form, signal));
    title.focus();
  }

  const form = { element, fillIn };
  return form;
}

/** Sends the draft and shows the answer, or what went wrong. */
async function understand(panel, submit, again, signal) {
  submit.setAttribute("aria-disabled", "true");
  answer = null;
  const asked = { ...draft, images: [...draft.images] };
  try {
    await task.run(async (running, cancel) => {
      const cancelled = () => {
        cancel();
        fill(panel, stoppedEarly(again));
      };
      const busy = waiting(t("understand.busy"), cancelled, running);
      fill(panel, busy);
      const started = performance.now();
      const [body] = await Promise.all([
        request("v1/products/analyze", { body: asForm(asked, PARTS), signal: running }),
        loadTaxonomy(),
      ]).finally(busy.done);
      running.throwIfAborted();
      const result = body.results[0];
      if (result.error) throw new ApiError(result.error.code, result.error.message, { status: 422 });
      answer = { asked, result, model: body.model, seconds: (performance.now() - started) / 1000 };
    }, signal);
    if (answer) fill(panel, found(answer, signal));
    if (answer) announce(summary(answer.result));
  } catch (error) {
    fill(panel, heading(), errorNotice(error, again));
  }
  if (!task.running) submit.removeAttribute("aria-disabled");
  if (matchMedia("(max-width: 60rem)").matches && panel.isConnected) panel.scrollIntoView({ block: "start" });
}

function asForm(asked, parts) {
  const form = new FormData();
  for (const file of asked.images) form.append("image", file, file.name || "image");
  for (const name of ["title", "description"]) if (asked[name].trim()) form.append(name, asked[name]);
  form.append("include", parts);
  form.append("top_k", "5");
  return form;
}

const heading = () => make("h2", { id: "result-title", class: "unseen" }, t("understand.result"));

/** The evidence of an answer, which takes longer than the answer. */
async function askWhy(asked, signal) {
  const body = await request("v1/products/analyze", { body: asForm(asked, "evidence"), signal });
  const { error, evidence: found } = body.results[0];
  if (error) throw new ApiError(error.code, error.message, { status: 422 });
  return found;
}

function found({ asked, result, model, seconds }, signal) {
  return [
    heading(),
    decisionBanner(result),
    section(t("found.category"), categoryLevels(result.category)),
    contradictions(result),
    evidence(result),
    properties(result),
    otherCategories(result),
    why(asked, () => askWhy(asked, signal), signal),
    make(
      "div",
      { class: "actions end" },
      make("span", { class: "soft small" }, t("understand.made_by", { model, seconds: decimal(seconds) })),
      button(t("understand.find_similar"), () => searchFor(draftText(), draft.images[0] ?? null), {}, "search"),
    ),
  ];
}

const LONGEST_SEARCH = 300; // characters: they go into the address

const draftText = () =>
  [draft.title, draft.description]
    .map((text) => text.trim())
    .filter(Boolean)
    .join(" ")
    .slice(0, LONGEST_SEARCH);

function stoppedEarly(again) {
  return [heading(), make("p", {}, t("wait.cancelled")), button(t("action.again"), again)];
}

/** What to try, before anything was asked: some texts, and products of the catalogue if it has any. */
function nothingYet(form, signal) {
  const texts = EXAMPLES.map((name) =>
    button(t(`example.${name}`), () => form.fillIn(null, t(`example.${name}`)), { class: "example" }, "text"),
  );
  const samples = make("div", { class: "from-catalogue" });
  fillSamples(samples, form, signal);
  const title = make("h2", { id: "result-title" }, t("understand.try"));
  return [
    title,
    make("p", { class: "soft" }, t("understand.try_text")),
    make("div", { class: "examples" }, texts),
    samples,
  ];
}

async function fillSamples(samples, form, signal) {
  try {
    const { products } = await request("v1/products?limit=24", { signal });
    const withImages = products.filter((product) => product.images > 0).slice(0, FROM_CATALOGUE);
    if (!withImages.length) return;
    const buttons = withImages.map((product) =>
      make(
        "button",
        { type: "button", class: "thumb", onclick: () => tryProduct(product, form, signal) },
        productImage(product, { signal }),
        make("span", {}, product.title || product.id),
      ),
    );
    fill(samples, make("p", { class: "soft" }, t("understand.try_products")), make("div", { class: "thumbs" }, buttons));
  } catch {
    // Examples are an offer: without a catalogue, or without its image, there are just fewer.
  }
}

async function tryProduct(product, form, signal) {
  try {
    const blob = await fetchImage(product.id, 0, signal);
    form.fillIn(new File([blob], `${product.id}.webp`, { type: blob.type }), product.title);
  } catch {
    form.fillIn(null, product.title);
  }
}
