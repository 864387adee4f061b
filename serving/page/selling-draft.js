// Texts of a listing in the limits of a channel. Each word shows the field that it comes from.
import { request } from "./api.js";
import { make } from "./dom.js";
import { language, t, translated } from "./language.js";
import { asking, choice, field } from "./selling-panel.js";

const CHANNELS = ["google", "amazon", "ebay", "shopify", "taobao", "xiaohongshu"];

export function draftPanel(address, signal) {
  const channel = choice(CHANNELS, "google", (name) => t(`channel.${name}`));
  const tongue = choice(["en", "zh"], language, (name) => t(`draft.${name}`));
  const style = make("input", { type: "checkbox" });
  const fields = [
    make("div", { class: "field-pair" }, field(t("draft.channel"), channel), field(t("draft.language"), tongue)),
    make("label", { class: "check" }, style, make("span", {}, t("draft.style"))),
  ];
  const ask = (running) =>
    request(`${address}/draft`, {
      body: { channel: channel.value, language: tongue.value, style: style.checked },
      signal: running,
    });
  return asking(t("draft.title"), t("draft.lead"), fields, t("draft.do"), { ask, shown, signal });
}

function shown(draft) {
  const lang = draft.language === "zh" ? "zh-CN" : "en";
  const part = (name, text) =>
    text.text && [
      make("h3", {}, t(`draft.${name}`), " ", make("span", { class: "soft small" }, `${text.length} / ${text.limit}`)),
      make("p", { lang }, traced(text)),
    ];
  return [
    part("of_title", draft.title),
    part("description", draft.description),
    draft.styling && draft.styling !== "done" && make("p", { class: "soft small" }, t(`draft.style_${draft.styling}`)),
    draft.bullets.length > 0 && [
      make("h3", {}, t("draft.bullets")),
      make(
        "ul",
        { lang, class: "bullets" },
        draft.bullets.map((text) => make("li", {}, traced(text))),
      ),
    ],
    part("ad", draft.ad),
  ];
}

const traced = ({ spans }) =>
  spans.map(({ text, source }) => (source ? make("span", { class: "traced", title: sourceName(source) }, text) : text));

/** "model.colour": the field, and who says so. */
function sourceName(source) {
  const [origin, name] = source.split(".", 2);
  return name ? t(`from.${origin}`, { name }) : translated(`from.${source}`, source);
}
