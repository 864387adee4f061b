// The question before a product is deleted, or deleted and erased.
import { request } from "./api.js";
import { button, fresh, make, show as fill } from "./dom.js";
import { t } from "./language.js";
import { errorNotice } from "./notice.js";

/** deleted() is called once it is gone. */
export function askToDelete(product, deleted) {
  const before = document.activeElement;
  const [title, erase] = [fresh("delete"), make("input", { type: "checkbox" })];
  const problem = make("div", {});
  const close = () => dialog.close();
  const remove = async () => {
    try {
      const query = erase.checked ? "?erase=true" : "";
      await request(`v1/products/${encodeURIComponent(product.id)}${query}`, { method: "DELETE" });
      close();
      deleted();
    } catch (error) {
      fill(problem, errorNotice(error));
    }
  };
  const dialog = make(
    "dialog",
    { "aria-labelledby": title },
    make("h2", { id: title }, t("delete.title", { name: product.title || product.id })),
    make("p", {}, t("delete.why")),
    make(
      "label",
      { class: "check" },
      erase,
      make("span", {}, t("delete.erase"), make("span", { class: "soft small" }, t("delete.erase_why"))),
    ),
    problem,
    make(
      "div",
      { class: "actions" },
      button(t("delete.do"), remove, { class: "danger" }),
      button(t("action.cancel"), close, { class: "plain", autofocus: true }),
    ),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    before?.focus?.();
  });
  document.body.append(dialog);
  dialog.showModal();
}
