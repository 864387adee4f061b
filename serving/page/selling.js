// What is made of one stored product for selling: what is bought with it, its reviews, answers, a price, texts, demand.
import { request } from "./api.js";
import { strip } from "./cards.js";
import { make, show as fill } from "./dom.js";
import { loadMessages, t } from "./language.js";
import { errorNotice, stopped } from "./notice.js";
import { askBox } from "./selling-ask.js";
import { demandPanel } from "./selling-demand.js";
import { draftPanel } from "./selling-draft.js";
import { factsPanel } from "./selling-facts.js";
import { intentsBox } from "./selling-intents.js";
import { pricePanel } from "./selling-price.js";
import { reviewPanel } from "./selling-reviews.js";

const TOGETHER = 4;

/** address: of the product in the API. -> an element that fills itself. */
export function selling(product, address, signal) {
  const place = make("div", { class: "selling" });
  loadMessages("selling")
    .then(() => {
      signal.throwIfAborted();
      fill(
        place,
        together(address, signal),
        make(
          "div",
          { class: "selling-panels" },
          reviewPanel(address, signal),
          askBox(`${address}/ask`, signal),
          intentsBox(signal),
          pricePanel(product, address, signal),
          draftPanel(address, signal),
          demandPanel(product, signal),
          factsPanel(address, signal),
        ),
      );
    })
    .catch((error) => !stopped(error) && fill(place, errorNotice(error)));
  return place;
}

const together = (address, signal) =>
  strip(
    t("selling.together"),
    null,
    request(`${address}/bought-together?limit=${TOGETHER}`, { signal }).then(({ products }) => products.map((one) => one.product)),
    signal,
  );
