// What is shown while the service works, and when something went wrong.
import { askAgain } from "./api.js";
import { announce, button, icon, make } from "./dom.js";
import { t } from "./language.js";

const SLOW = 4000; // milliseconds after which the reader is told that it is not the page that is stuck

export const stopped = (error) => error?.name === "AbortError";

/** retry: offered as a button, unless the fault is the request's own. */
export function errorNotice(error, retry = null) {
  if (!("code" in error) || !error.text) console.error(error); // a fault of the page itself
  const text = error.text || t("error.page");
  const again =
    retry &&
    (!error.status || error.status === 408 || error.status === 429 || error.status >= 500 || error.status === 401);
  const tryAgain = () => {
    askAgain();
    retry();
  };
  return make(
    "div",
    { class: "notice bad", role: "alert" },
    icon("alert"),
    make(
      "div",
      {},
      make("p", {}, text, error.retryAfter ? " " + t("error.retry_after", { n: error.retryAfter }) : null),
      error.more && make("p", { class: "small", lang: "en" }, error.more),
      error.requestId &&
        make("p", { class: "soft small" }, t("error.request_id"), " ", make("code", {}, error.requestId)),
      again && button(t("action.again"), tryAgain, { class: "plain" }),
    ),
  );
}

export function plainNotice(text) {
  return make("div", { class: "notice warn", role: "alert" }, icon("alert"), make("p", {}, text));
}

/** Shows that work goes on, says so when it takes long, and lets it be cancelled. */
export function waiting(text, cancel, signal) {
  const said = make("span", {}, text);
  const timer = setTimeout(() => {
    said.textContent = t("wait.slow");
    announce(t("wait.slow"));
  }, SLOW);
  signal?.addEventListener("abort", () => clearTimeout(timer));
  announce(text);
  const element = make(
    "div",
    { class: "waiting" },
    make("span", { class: "spinner", "aria-hidden": "true" }),
    said,
    cancel && button(t("action.cancel"), cancel, { class: "plain" }),
  );
  element.done = () => clearTimeout(timer);
  return element;
}

export function emptyState(sign, title, text, ...more) {
  return make("div", { class: "empty" }, icon(sign), make("h2", {}, title), make("p", {}, text), ...more);
}

/** One piece of work at a time. A second start waits for nothing: it is ignored, so nothing is sent twice. */
export class Task {
  #controller = null;

  get running() {
    return this.#controller !== null;
  }

  /** work(signal, cancel). outer: ends the work too. Resolves to undefined when cancelled. */
  async run(work, outer) {
    if (this.#controller) return undefined;
    const controller = (this.#controller = new AbortController());
    outer?.addEventListener("abort", () => controller.abort());
    try {
      return await work(controller.signal, () => controller.abort());
    } catch (error) {
      if (!stopped(error)) throw error;
      return undefined;
    } finally {
      if (this.#controller === controller) this.#controller = null;
    }
  }

  /** Ends what runs and makes room for the next at once. */
  stop() {
    this.#controller?.abort();
    this.#controller = null;
  }
}
