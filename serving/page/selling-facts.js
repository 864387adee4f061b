// What is known of a product as edges of a graph, each with who says so and how sure that is. Fetched when it is opened.
import { request } from "./api.js";
import { make, show as fill } from "./dom.js";
import { percent, t } from "./language.js";
import { errorNotice, stopped, waiting } from "./notice.js";

export function factsPanel(address, signal) {
  const place = make("div", {});
  const element = make("details", { class: "sheet" }, make("summary", {}, make("h2", {}, t("facts.title"))), place);
  element.addEventListener("toggle", () => element.open && !place.children.length && load());
  return element;

  async function load() {
    const busy = waiting(t("selling.busy"), null, signal);
    fill(place, busy);
    try {
      const { edges } = await request(`${address}/knowledge`, { signal });
      fill(place, edges.length ? table(edges) : make("p", { class: "soft" }, t("facts.none")));
    } catch (error) {
      if (!stopped(error)) fill(place, errorNotice(error, load));
    } finally {
      busy.done();
    }
  }
}

function table(edges) {
  const names = ["facts.predicate", "facts.object", "facts.evidence"];
  const head = names.map((name) => make("th", { scope: "col" }, t(name)));
  const rows = edges.map(({ predicate, object, by, score, source }) =>
    make(
      "tr",
      {},
      make("td", {}, predicate),
      make("td", {}, object),
      make("td", {}, t(`facts.by_${by}`), " ", make("span", { class: "score" }, percent(score)), source && ` ${source}`),
    ),
  );
  return make(
    "table",
    { class: "listing" },
    make("thead", {}, make("tr", {}, head)),
    make("tbody", {}, rows),
  );
}
