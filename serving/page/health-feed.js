// A merchant's own feed, which comes back with the corrections in it.
import { request } from "./api.js";
import { button, make, show } from "./dom.js";
import { count, t, whole } from "./language.js";
import { errorNotice, stopped } from "./notice.js";
import { saveFile } from "./save.js";

/** place: for what is to be said of it. */
export function feedButton(place, signal) {
  const input = make("input", { type: "file", hidden: true, "aria-label": t("health.feed"), accept: ".csv,.tsv,.txt,.jsonl,.ndjson,.gz" });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    input.value = "";
    if (file) await correct(file, place, signal);
  });
  return make("span", {}, input, button(t("health.feed"), () => input.click(), { title: t("health.feed_why") }, "upload"));
}

async function correct(file, place, signal) {
  const form = new FormData();
  form.append("file", file, file.name);
  show(place);
  try {
    const response = await request("v1/audit/corrected", { body: form, as: "response", signal });
    saveFile(await response.blob(), `corrected-${file.name}`);
    const products = Number(response.headers.get("x-corrected-products"));
    const left = (response.headers.get("x-corrections-left-out") ?? "").split(", ").filter(Boolean);
    const lines = left.map((one) => one.split("=")).map(([why, number]) => make("li", {}, t(`health.left.${why}`, { n: whole(Number(number)) })));
    show(place, make("p", { role: "status" }, count("health.feed_done", products)), lines.length > 0 && make("ul", {}, lines));
  } catch (error) {
    if (!stopped(error)) show(place, errorNotice(error));
  }
}
