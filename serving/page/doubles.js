// What a stored product seems to double, as it was noted when either was stored.
import { productAddress } from "./cards.js";
import { make } from "./dom.js";
import { attributeName, section } from "./findings.js";
import { percent, t } from "./language.js";

/** Products stored before, which this one doubles or is a variant of; null where there is none. */
export function doubles({ doubles: found = [] }) {
  if (!found.length) return null;
  const rows = found.map(({ code, product, axes, probability }) =>
    make(
      "li",
      {},
      t(`double.${code}`, { axes: axes.map(attributeName).join(", ") }),
      " ",
      make("a", { href: productAddress(product) }, product),
      make("span", { class: "score" }, ` ${percent(probability)}`),
    ),
  );
  return section(t("double.title"), make("ul", { class: "conflicts" }, rows));
}
