// What a product may cost, and the products that it comes from.
import { request } from "./api.js";
import { productAddress } from "./cards.js";
import { make } from "./dom.js";
import { percent, price, t, whole } from "./language.js";
import { asking } from "./selling-panel.js";

export function pricePanel(product, address, signal) {
  const ask = (running) => request(`${address}/price`, { signal: running });
  return asking(t("price.title"), t("price.lead"), [], t("price.do"), { ask, shown: (found) => shown(found, product), signal });
}

function shown(found, product) {
  const { low, median, high, currency, comparables } = found;
  if (found.reason) return make("p", { class: "soft" }, t(`price.${found.reason}`));
  const own = product.price !== null && product.currency === currency;
  return [
    make("p", { class: "price-range" }, `${price(low, currency)} \u2013 ${price(high, currency)}`),
    make(
      "p",
      { class: "soft small" },
      t("price.means", {
        median: price(median, currency),
        coverage: percent(found.coverage),
        count: whole(found.calibrated_on),
      }),
      own && (product.price < low || product.price > high) && [" ", t("price.outside")],
    ),
    make("h3", {}, t("price.comparables")),
    make(
      "ul",
      { class: "comparables small" },
      comparables.map((one) =>
        make(
          "li",
          {},
          make("a", { href: productAddress(one.id) }, one.title || one.id),
          make("span", { class: "score" }, price(one.price, currency)),
        ),
      ),
    ),
  ];
}
