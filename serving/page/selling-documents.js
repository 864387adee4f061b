// Documents that answer questions: one is added, all are listed, and each can be deleted.
import { request } from "./api.js";
import { announce, button, make, show as fill } from "./dom.js";
import { count, t } from "./language.js";
import { errorNotice, stopped, waiting } from "./notice.js";
import { asking, choice, field } from "./selling-panel.js";

const FILES = ".md,.markdown,.txt,.html,.htm,.pdf";
const SCOPES = ["shop", "category", "brand", "product"];
const SHOWN = 20;

export function documentsPanel(signal) {
  const list = make("div", { class: "documents", tabindex: "-1" });
  const element = asking(t("documents.title"), t("documents.lead"), ...form(list, signal));
  element.append(list);
  load(list, 0, signal);
  return element;
}

/** The fields, the word of the button, and what is sent. */
function form(list, signal) {
  const file = make("input", { type: "file", accept: FILES, required: true });
  const scope = choice(SCOPES, "shop", (name) => t(`documents.of_${name}`));
  const target = make("input", { type: "text", maxlength: 256, autocomplete: "off" });
  const about = field(t("documents.target"), target);
  const ofShop = () => scope.value === "shop";
  const draw = () => {
    about.hidden = ofShop();
    target.required = !ofShop();
  };
  scope.addEventListener("change", draw);
  draw();
  const ask = (running) => {
    const [chosen] = file.files;
    const query = new URLSearchParams({ name: chosen.name, scope: scope.value });
    if (!ofShop()) query.set("target", target.value.trim());
    return request(`v1/documents?${query}`, { body: chosen, signal: running });
  };
  const shown = (kept) => {
    file.value = "";
    load(list, 0, signal);
    return make("p", {}, count("documents.kept", kept.pieces, { name: kept.name }));
  };
  const fields = [
    field(t("documents.file"), file),
    make("div", { class: "field-pair" }, field(t("documents.scope"), scope), about),
  ];
  return [fields, t("documents.do"), { ask, shown, signal }];
}

/** A page of them. after: what the page before gave; 0: the first, in place of what is there. */
async function load(list, after, signal) {
  try {
    const found = await request(`v1/documents?limit=${SHOWN}&after=${after}`, { signal });
    const rows = found.documents.map((one) => row(one, list, signal));
    if (!after) fill(list, rows.length ? make("ul", {}) : make("p", { class: "soft small" }, t("documents.none")));
    list.querySelector("ul")?.append(...rows);
    list.querySelector(":scope > button")?.remove();
    if (found.after) list.append(button(t("documents.more"), () => load(list, found.after, signal), { class: "plain" }));
  } catch (error) {
    if (!stopped(error)) fill(list, errorNotice(error, () => load(list, 0, signal)));
  }
}

function aboutText({ scope, target }) {
  const name = t(`documents.of_${scope}`);
  return target ? t("documents.about", { scope: name, target }) : name;
}

function row(one, list, signal) {
  const problem = make("div", {});
  const remove = async () => {
    const busy = waiting(t("selling.busy"), null, signal);
    fill(problem, busy);
    try {
      await request(`v1/documents/${one.id}`, { method: "DELETE", signal });
      announce(t("documents.deleted", { name: one.name }));
      await load(list, 0, signal);
      list.focus();
    } catch (error) {
      if (!stopped(error)) fill(problem, errorNotice(error));
    } finally {
      busy.done();
    }
  };
  /** Asked once more, since nothing brings it back. */
  const ask = () => {
    const really = button(t("documents.really"), remove, { class: "danger", "aria-label": named("documents.really_one") });
    first.replaceWith(really);
    really.focus();
  };
  const named = (key) => t(key, { name: one.name });
  const first = button(t("documents.delete"), ask, { class: "plain", "aria-label": named("documents.delete_one") });
  const about = aboutText(one);
  return make(
    "li",
    {},
    make("div", {}, one.name, make("span", { class: "soft small" }, about, " \u00b7 ", count("documents.pieces", one.pieces))),
    first,
    problem,
  );
}
