// Weekly sales of a product -> a forecast with its interval, and when to order again. The sales are kept nowhere.
import { request } from "./api.js";
import { make } from "./dom.js";
import { count, decimal, percent, t, whole } from "./language.js";
import { asking, field } from "./selling-panel.js";

const MAX_WEEKS = 520;

export function demandPanel(product, signal) {
  const sales = make("textarea", { rows: 3, placeholder: "12, 9, 14, 11, 8, 13, 12, 10" });
  const lead = make("input", { type: "number", min: 0, max: 52, step: 0.5, value: 2 });
  const fields = [field(t("demand.sales"), sales), field(t("demand.lead_time"), lead)];
  const ask = (running) =>
    request("v1/demand", {
      body: { histories: [{ id: product.id, sales: numbers(sales.value) }], lead_time_weeks: Number(lead.value) },
      signal: running,
    });
  return asking(t("demand.title"), t("demand.lead"), fields, t("demand.do"), { ask, shown, signal });
}

/** "12, 9 14" -> [12, 9, 14]; what is no number the service refuses. */
const numbers = (text) =>
  text
    .split(/[\s,;，；]+/)
    .filter(Boolean)
    .slice(-MAX_WEEKS)
    .map(Number);

function shown({ coverage, forecasts: [found] }) {
  if (found.reason) return make("p", { class: "soft" }, t(`demand.${found.reason}`));
  const row = (mean, week) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, whole(week + 1)),
      make("td", {}, decimal(mean, 1)),
      make("td", {}, `${decimal(found.low[week], 1)} \u2013 ${decimal(found.high[week], 1)}`),
    );
  return [
    make(
      "table",
      { class: "listing" },
      make(
        "thead",
        {},
        make(
          "tr",
          {},
          [t("demand.week"), t("demand.expected"), t("demand.interval", { coverage: percent(coverage) })].map((text) =>
            make("th", { scope: "col" }, text),
          ),
        ),
      ),
      make("tbody", {}, found.mean.map(row)),
    ),
    make(
      "p",
      {},
      t("demand.order", { point: decimal(found.reorder_point, 0), safety: decimal(found.safety_stock, 0) }),
    ),
    make(
      "p",
      { class: "soft small" },
      t("demand.method", { method: found.method }),
      found.neighbours.length > 0 && [" ", count("demand.neighbours", found.neighbours.length)],
    ),
  ];
}
