// Where a feed comes from: files or a folder of the reader's, or the server's folder of feeds.
import { request } from "./api.js";
import { fresh, icon, make, show } from "./dom.js";
import { ofFile, ofFolder, ofSource } from "./feeds.js";
import { bytes, count, t } from "./language.js";
import { acceptDrops } from "./image-field.js";

const FEEDS = ".csv,.tsv,.tab,.txt,.jsonl,.ndjson,.json,.xml,.parquet,.xlsx,.zip,.gz";

/** feeds: those that are chosen already. choose(feeds): called with what the reader chooses next. */
export function feedChoice(feeds, choose, signal) {
  const place = make("div", { class: "file-place" }, fileField(feeds, choose));
  acceptDrops(place, (_, files) => choose(files.map(ofFile)));
  const server = make("div", {});
  offerSources(server, choose, signal);
  return [place, make("div", { class: "actions" }, folderField(choose), server)];
}

function fileField(feeds, choose) {
  const input = make("input", { type: "file", accept: FEEDS, multiple: true, class: "unseen" });
  input.addEventListener("change", () => input.files.length && choose([...input.files].map(ofFile)));
  const [first] = feeds;
  const chosen = feeds.length > 1 ? count("feed.several", feeds.length) : first?.name;
  const hint = first ? [feeds.length === 1 && first.size, t("jobs.change_file")].filter(Boolean).join(" \u00b7 ") : t("jobs.formats");
  return make(
    "label",
    { class: "drop wide" },
    input,
    icon("upload"),
    make("span", { class: "drop-title" }, chosen ?? t("jobs.drop")),
    make("span", { class: "soft small" }, hint),
  );
}

function folderField(choose) {
  const input = make("input", { type: "file", webkitdirectory: true, class: "unseen" });
  input.addEventListener("change", () => input.files.length && choose(ofFolder(input.files)));
  return make("label", { class: "button-label" }, input, make("span", {}, t("feed.folder")));
}

/** Nothing is said where the server has no such folder, or the key may not ask: it is only one more way. */
async function offerSources(place, choose, signal) {
  const { sources } = await request("v1/sources", { signal }).catch(() => ({ sources: null }));
  if (!sources?.length) return;
  const id = fresh("source");
  const select = make(
    "select",
    { id },
    make("option", { value: "" }, t("feed.server_choose")),
    sources.map(({ path, bytes: size }) => make("option", { value: path }, `${path} (${bytes(size)})`)),
  );
  select.addEventListener("change", () => {
    const found = sources.find(({ path }) => path === select.value);
    if (found) choose([ofSource(found)]);
  });
  show(place, make("label", { for: id, class: "unseen" }, t("feed.server")), select);
}
