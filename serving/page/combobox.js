// A field for a category of the tree: browsed from the top down, or found as one types (the editable combobox of the
// ARIA practices). What the tree lacks can be proposed.
import { announce, fresh, icon, make, show } from "./dom.js";
import { count, t } from "./language.js";
import * as own from "./taxonomy.js";

/**
 * choose(node): called with the node of the tree that the reader picks; propose(path): with one that it lacks; key: the
 * view's shortcut to it; tree: as `treeOf` makes it, else the active model's.
 */
export function categoryField(choose, { propose = null, key = null, tree = own } = {}) {
  const { categoryCalled, childrenOf, findCategories, leaf, parentOf, path } = tree;
  const [id, listId] = [fresh("category"), fresh("categories")];
  const list = make("ul", { id: listId, role: "listbox", class: "options", "aria-label": t("review.categories") });
  list.hidden = true;
  const input = make("input", {
    id,
    type: "text",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 256,
    placeholder: t("review.type_category"),
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": listId,
  });
  let [options, active, at] = [[], -1, null];

  const browsed = () => [
    ...(at ? [{ kind: "up", node: at, act: () => browse(parentOf(at)) }, { kind: "whole", node: at, act: () => pick(at) }] : []),
    ...childrenOf(at?.id ?? null).map((node) =>
      childrenOf(node.id).length
        ? { kind: "branch", node, act: () => browse(node) }
        : { kind: "leaf", node, act: () => pick(node) },
    ),
  ];

  function searched(typed) {
    const found = findCategories(typed).map((node) => ({ kind: "matched", node, act: () => pick(node) }));
    if (propose && !categoryCalled(typed)) found.push({ kind: "propose", typed, act: () => finish(() => propose(typed)) });
    return found;
  }

  function draw() {
    const typed = input.value.trim();
    options = typed ? searched(typed) : browsed();
    active = -1;
    show(list, options.map(line));
    open(options.length > 0);
    if (typed) announce(count("review.found", options.filter(({ kind }) => kind === "matched").length));
  }

  function browse(node) {
    [input.value, at] = ["", node];
    draw();
    list.scrollTop = 0;
  }

  function texts({ kind, node, typed }) {
    if (kind === "propose") return [icon("plus"), make("span", {}, t("review.propose", { path: typed }))];
    if (kind === "up") return [make("span", {}, "\u2039 ", leaf(node))];
    if (kind === "whole") return [make("span", {}, t("review.whole", { name: leaf(node) }))];
    const under = kind === "matched" && path(node).slice(0, -1).join(" \u203a ");
    return [
      make("span", {}, leaf(node)),
      under && make("span", { class: "soft small" }, under),
      kind === "branch" && make("span", { class: "more-below", "aria-hidden": "true" }, "\u203a"),
    ];
  }

  function line(option, place) {
    const element = make(
      "li",
      { id: `${listId}-${place}`, role: "option", "aria-selected": "false", class: option.kind },
      ...texts(option),
    );
    element.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    element.addEventListener("click", option.act);
    return element;
  }

  function open(is) {
    list.hidden = !is;
    input.setAttribute("aria-expanded", String(is));
    if (!is || active < 0) input.removeAttribute("aria-activedescendant");
  }

  function move(step) {
    if (list.hidden) draw();
    if (!options.length) return;
    active = (active + step + options.length + (active < 0 && step < 0 ? 1 : 0)) % options.length;
    [...list.children].forEach((element, place) => element.setAttribute("aria-selected", String(place === active)));
    input.setAttribute("aria-activedescendant", `${listId}-${active}`);
    list.children[active].scrollIntoView({ block: "nearest" });
  }

  const pick = (node) => finish(() => choose(node));

  function finish(act) {
    [input.value, at] = ["", null];
    open(false);
    act();
  }

  /** What Enter does: nothing is taken from the tree that was not pointed at. */
  function enter() {
    if (list.hidden) return draw();
    if (active < 0 && !input.value.trim()) return;
    options[Math.max(0, active)]?.act();
  }

  const keys = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: enter,
    Escape: () => (list.hidden ? input.blur() : open(false)),
  };
  /** Sideways through the tree, while nothing is typed. */
  const sideways = {
    ArrowRight: () => options[active]?.kind === "branch" && options[active].act(),
    ArrowLeft: () => at && browse(parentOf(at)),
  };
  input.addEventListener("input", draw);
  input.addEventListener("focus", draw);
  input.addEventListener("click", () => list.hidden && draw());
  input.addEventListener("blur", () => open(false));
  input.addEventListener("keydown", (event) => {
    const act = keys[event.key] ?? (input.value ? null : sideways[event.key]);
    if (!act || event.isComposing) return; // Enter may end the typing of a Chinese word
    event.preventDefault();
    act();
  });
  const label = make("label", { for: id }, t("review.find"), key && make("kbd", { "aria-hidden": "true" }, key));
  return { element: make("div", { class: "combobox" }, label, input, list), input };
}
