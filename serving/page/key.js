// The dialog that asks for an API key.
import { key } from "./api.js";
import { make } from "./dom.js";
import { t } from "./language.js";

/** Resolves to whether a key was given. refused: the one before did not open the door. */
export function askForKey({ refused }) {
  const before = document.activeElement;
  const input = make("input", {
    id: "key-value",
    type: "password",
    autocomplete: "off",
    required: true,
    spellcheck: "false",
    "aria-describedby": "key-hint",
  });
  const cancel = make("button", { type: "button", class: "plain" }, t("action.cancel"));
  const forget = make("button", { type: "button", class: "plain" }, t("key.forget"));
  const form = make(
    "form",
    { method: "dialog" },
    make("h2", { id: "key-title" }, t("key.title")),
    refused && make("p", { class: "notice bad", role: "alert" }, t("key.refused")),
    make("label", { for: "key-value" }, t("key.label")),
    input,
    make("p", { id: "key-hint", class: "soft small" }, t("key.hint")),
    make(
      "div",
      { class: "actions" },
      make("button", { type: "submit", class: "main" }, t("key.use")),
      cancel,
      key.get() && !refused && forget,
    ),
  );
  const dialog = make("dialog", { "aria-labelledby": "key-title" }, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let given = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      key.set(input.value.trim());
      given = true;
      dialog.close();
    });
    forget.addEventListener("click", () => {
      key.set("");
      dialog.close();
    });
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      before?.focus?.();
      resolve(given);
    });
    dialog.showModal();
    input.focus();
  });
}
