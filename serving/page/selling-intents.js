// What a customer's message is about, with the example that it is like.
import { request } from "./api.js";
import { make } from "./dom.js";
import { percent, t, translated } from "./language.js";
import { asking, field } from "./selling-panel.js";

const MAX_MESSAGE = 4000;
const UNKNOWN = "unknown";

export function intentsBox(signal) {
  const message = make("textarea", { rows: 3, required: true, maxlength: MAX_MESSAGE });
  const ask = (running) => request("v1/intents", { body: { texts: [message.value.trim()] }, signal: running });
  return asking(t("intents.title"), t("intents.lead"), field(t("intents.message"), message), t("intents.do"), {
    ask,
    shown,
    signal,
  });
}

function shown({ results: [found] }) {
  if (found.intent === UNKNOWN) return make("p", { class: "soft" }, t("intents.unknown"));
  return [
    make(
      "p",
      { class: "intent" },
      make("strong", {}, translated(`intent.${found.intent}`, found.intent)),
      " ",
      make("span", { class: "soft" }, percent(found.score)),
    ),
    found.nearest && make("p", { class: "soft small" }, t("intents.nearest", { example: found.nearest })),
  ];
}
