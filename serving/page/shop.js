// A small shop: what is recommended changes with each click. The clicks stay in this page; the service keeps none.
import { request } from "./api.js";
import { priceLabel, productAddress } from "./cards.js";
import { announce, button, make, show as fill } from "./dom.js";
import { loadMessages, t } from "./language.js";
import { emptyState, errorNotice, stopped, waiting } from "./notice.js";
import { productImage } from "./product-images.js";
import { askBox } from "./selling-ask.js";
import { documentsPanel } from "./selling-documents.js";
import { intentsBox } from "./selling-intents.js";

const SHOWN = 24;
const RECOMMENDED = 6;
const MAX_EVENTS = 100;

export async function show(main, _query, signal) {
  await loadMessages("selling");
  const place = make("div", {});
  fill(main, make("h1", { tabindex: "-1" }, t("shop.title")), make("p", { class: "lead" }, t("shop.lead")), place);
  const busy = waiting(t("selling.busy"), null, signal);
  fill(place, busy);
  try {
    const { products } = await request(`v1/products?limit=${SHOWN}`, { signal });
    signal.throwIfAborted();
    fill(place, products.length ? shop(products, signal) : emptyState("grid", t("shop.empty"), t("shop.empty_hint")));
  } catch (error) {
    if (!stopped(error)) fill(place, errorNotice(error, () => show(main, _query, signal)));
  } finally {
    busy.done();
  }
}

function shop(products, signal) {
  const events = [];
  const list = make("ul", { class: "cards" });
  const said = make("p", { class: "soft small" });
  const clear = button(t("shop.clear"), () => tell(null), { class: "plain", hidden: true });
  let asked = 0;

  /** event: what the reader did; null: begin anew. */
  function tell(event) {
    if (event) events.push(event);
    else events.length = 0;
    events.splice(0, events.length - MAX_EVENTS);
    clear.hidden = !events.length;
    recommend();
  }

  async function recommend() {
    const turn = ++asked;
    try {
      const { recommendations } = await request("v1/recommendations", { body: { events, limit: RECOMMENDED }, signal });
      if (turn !== asked) return; // the reader has clicked again
      fill(
        list,
        recommendations.map((one) => offered(one.product, reason(one.reason), tell, signal)),
      );
      fill(said, t(recommendations.length ? (events.length ? "shop.after" : "shop.before") : "shop.nothing"));
      if (events.length) announce(t("shop.changed"));
    } catch (error) {
      if (!stopped(error) && turn === asked) fill(list, make("li", { class: "wide" }, errorNotice(error, recommend)));
    }
  }

  recommend();
  return [
    make(
      "section",
      { class: "sheet recommended", "aria-label": t("shop.recommended") },
      make("div", { class: "actions spread" }, make("h2", {}, t("shop.recommended")), clear),
      said,
      list,
    ),
    make("div", { class: "selling-panels" }, askBox("v1/ask", signal), intentsBox(signal), documentsPanel(signal)),
    make(
      "section",
      { class: "similar-products" },
      make("h2", {}, t("shop.goods")),
      make(
        "ul",
        { class: "cards" },
        products.map((one) => offered(one, null, tell, signal)),
      ),
    ),
  ];
}

/** A product with what a shopper may do with it. why: what is said below its name. */
function offered(product, why, tell, signal) {
  const name = product.title || product.id;
  const act = (kind) => () => tell({ kind, product_id: product.id, time: new Date().toISOString() });
  return make(
    "li",
    { class: "card" },
    make("div", { class: "card-image" }, productImage(product, { signal }), priceLabel(product)),
    make(
      "div",
      { class: "card-text" },
      make("h3", {}, make("a", { href: productAddress(product.id) }, name)),
      why && make("p", { class: "small" }, why),
      make(
        "div",
        { class: "card-foot" },
        button(t("shop.look"), act("view"), { class: "plain", "aria-label": t("shop.look_at", { name }) }, "eye"),
        button(t("shop.buy"), act("purchase"), { class: "plain", "aria-label": t("shop.buy_one", { name }) }, "plus"),
      ),
    ),
  );
}

function reason({ source, title, product_id: id }) {
  const other = title || id;
  return t(other ? `because.${source}` : `because.${source}_alone`, { title: other });
}
