// One panel: a heading, what is asked, and a place for the answer.
import { button, fresh, make, show as fill } from "./dom.js";
import { t } from "./language.js";
import { errorNotice, Task, waiting } from "./notice.js";

export function panel(title, ...children) {
  const id = fresh("panel");
  return make("section", { class: "sheet", "aria-labelledby": id }, make("h2", { id }, title), ...children);
}

/**
 * A form whose answer is shown below it. fields: elements of the form; ask(signal): what is sent; shown(answer): the
 * elements that show it; word: of the button.
 */
export function asking(title, lead, fields, word, { ask, shown, signal }) {
  const place = make("div", { class: "selling-answer", "aria-live": "polite" });
  const task = new Task();
  const form = make(
    "form",
    { class: "selling-form" },
    fields,
    make("div", { class: "actions" }, button(word, null, { type: "submit", class: "main" })),
  );
  const start = () =>
    task.run(async (running) => {
      const busy = waiting(t("selling.busy"), null, running);
      fill(place, busy);
      try {
        const answer = await ask(running);
        running.throwIfAborted();
        fill(place, shown(answer));
      } catch (error) {
        fill(place, !running.aborted && errorNotice(error, start));
      } finally {
        busy.done();
      }
    }, signal);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });
  return panel(title, lead && make("p", { class: "soft small" }, lead), form, place);
}

export function field(label, element) {
  const id = fresh("field");
  element.id = id;
  return make("div", { class: "field" }, make("label", { for: id }, label), element);
}

export function choice(values, chosen, label) {
  return make(
    "select",
    {},
    values.map((value) => make("option", { value, selected: value === chosen }, label(value))),
  );
}
