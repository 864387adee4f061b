// A field that finds a category of the tree as one types (the editable combobox of the ARIA practices).
import { announce, fresh, make, show } from "./dom.js";
import { count, t } from "./language.js";
import { findCategories, leaf, path } from "./taxonomy.js";

/** choose(node) is called with the node of the tree that the reader picks. */
export function categoryField(choose) {
  const [id, listId] = [fresh("category"), fresh("categories")];
  const list = make("ul", {
    id: listId,
    role: "listbox",
    class: "options",
    "aria-label": t("review.categories"),
    hidden: true,
  });
  const input = make("input", {
    id,
    type: "text",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: t("review.type_category"),
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": listId,
  });
  let [nodes, active] = [[], -1];

  function draw() {
    nodes = findCategories(input.value);
    active = -1;
    show(
      list,
      nodes.map((node, place) => option(node, place)),
    );
    open(nodes.length > 0);
    if (input.value.trim()) announce(count("review.found", nodes.length));
  }

  function option(node, place) {
    const under = path(node).slice(0, -1).join(" \u203a ");
    const element = make(
      "li",
      { id: `${listId}-${place}`, role: "option", "aria-selected": "false" },
      make("span", {}, leaf(node)),
      under && make("span", { class: "soft small" }, under),
    );
    element.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    element.addEventListener("click", () => pick(node));
    return element;
  }

  function open(is) {
    list.hidden = !is;
    input.setAttribute("aria-expanded", String(is));
    if (!is) input.removeAttribute("aria-activedescendant");
  }

  function move(step) {
    if (!nodes.length) return;
    open(true);
    active = (active + step + nodes.length + (active < 0 && step < 0 ? 1 : 0)) % nodes.length;
    [...list.children].forEach((element, place) => element.setAttribute("aria-selected", String(place === active)));
    input.setAttribute("aria-activedescendant", `${listId}-${active}`);
    list.children[active].scrollIntoView({ block: "nearest" });
  }

  function pick(node) {
    input.value = "";
    open(false);
    choose(node);
  }

  const keys = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => nodes.length && !list.hidden && pick(nodes[Math.max(0, active)]),
    Escape: () => (list.hidden ? input.blur() : open(false)),
  };
  input.addEventListener("input", draw);
  input.addEventListener("blur", () => open(false));
  input.addEventListener("keydown", (event) => {
    if (!(event.key in keys) || event.isComposing) return; // Enter may end the typing of a Chinese word
    event.preventDefault();
    keys[event.key]();
  });
  const label = make("label", { for: id }, t("review.find"));
  return { element: make("div", { class: "combobox" }, label, input, list), input };
}
