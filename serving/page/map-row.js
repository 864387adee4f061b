// A category of the reader's with what it may be in Google's list, one click for each, or any other of the list.
import { categoryField } from "./combobox.js";
import { button, make, show } from "./dom.js";
import { percent, t } from "./language.js";
import { errorNotice, stopped } from "./notice.js";
import { leaf, path } from "./taxonomy.js";

const SHOWN = 3; // proposals
const JOINED = " \u203a ";

/**
 * data: as the service answers it. acts: confirm(row, counterpart or null), takeBack(row), undo(), and google(), which
 * resolves to Google's tree. -> {element, data, update(confirmed)}.
 */
export function mapRow(data, acts) {
  const element = make("li", { class: "map-row sheet" });
  const row = { element, data, update };

  function update(confirmed) {
    row.data = { ...row.data, confirmed };
    draw();
  }

  const proposals = data.proposals.slice(0, SHOWN);
  const choose = (counterpart) => acts.confirm(row, counterpart);
  const moves = {
    ArrowDown: () => element.nextElementSibling?.querySelector("button"),
    ArrowUp: () => element.previousElementSibling?.querySelector("button"),
  };
  element.addEventListener("keydown", (event) => {
    if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const act = event.key in moves ? () => moves[event.key]()?.focus() : single(event.key.toLowerCase());
    if (!act) return;
    event.preventDefault();
    act();
  });

  /** Keys of the row that has the focus. */
  function single(letter) {
    if (letter === "u") return acts.undo;
    if (row.data.confirmed) return null;
    const proposal = proposals[Number(letter) - 1];
    return proposal ? () => choose(proposal) : { c: another, n: () => choose(null) }[letter];
  }

  async function another() {
    const place = element.querySelector(".map-other");
    try {
      const tree = await acts.google();
      const field = categoryField((node) => choose({ id: node.id, path: tree.path(node) }), { tree });
      show(place, field.element);
      field.input.focus();
    } catch (error) {
      if (!stopped(error)) show(place, errorNotice(error, another));
    }
  }

  function draw() {
    const { category, named, confirmed } = row.data;
    const above = path(category).slice(0, -1).join(JOINED);
    const title = make("div", { class: "map-own" }, make("strong", {}, leaf(category)), above && make("span", { class: "soft small above" }, above));
    if (confirmed) return show(element, title, said(confirmed));
    show(
      element,
      title,
      make(
        "div",
        { class: "map-choices" },
        named && make("p", { class: "soft small" }, t("map.named", { id: named })),
        proposals.length ? make("ol", { class: "choices" }, proposals.map(choice)) : make("p", { class: "soft" }, t("map.nothing_like")),
        make("div", { class: "actions" }, button(t("map.another"), another, { class: "plain", "aria-keyshortcuts": "c" }, "search"), button(t("map.none"), () => choose(null), { class: "plain", "aria-keyshortcuts": "n" }, "close")),
        make("div", { class: "map-other" }),
      ),
    );
  }

  function choice(proposal, place) {
    const finer = proposal.finer && make("span", { class: "soft small above" }, t("map.finer"));
    return make(
      "li",
      {},
      make(
        "button",
        { type: "button", class: "choice", "aria-keyshortcuts": String(place + 1), onclick: () => choose(proposal) },
        make("kbd", { "aria-hidden": "true" }, String(place + 1)),
        make("span", {}, proposal.path.join(JOINED), finer),
        make("span", { class: "score" }, percent(proposal.score)),
      ),
    );
  }

  function said({ counterpart, given_by: by }) {
    return make(
      "div",
      { class: "map-said" },
      make("span", { class: "badge auto" }, by ? t("map.confirmed_by", { name: by }) : t("map.confirmed")),
      make("span", { class: "said" }, counterpart ? counterpart.path.join(JOINED) : t("map.has_none")),
      button(t("review.undo"), () => acts.takeBack(row), { class: "plain" }, "undo"),
    );
  }

  draw();
  return row;
}
