// The frame: which view the address asks for, the language, the colours, the key.
import { askAgain, key, onKeyNeeded } from "./api.js";
import { announce, keep } from "./dom.js";
import { askForKey } from "./key.js";
import { language, setLanguage, t } from "./language.js";
import { errorNotice, plainNotice, stopped } from "./notice.js";
import * as added from "./new.js";
import * as overview from "./overview.js";
import * as product from "./product.js";
import * as review from "./review.js";
import * as search from "./search.js";
import * as understand from "./understand.js";

// Views that most visits never open are fetched once somebody does.
const fetched = (name) => ({ show: async (...given) => (await import(`./${name}.js`)).show(...given) });
const VIEWS = {
  overview,
  understand,
  search,
  product,
  jobs: fetched("jobs"),
  teach: fetched("teach"),
  map: fetched("map"),
  health: fetched("health"),
  shop: fetched("shop"),
  review,
  new: added,
};
const main = document.getElementById("main");
let current = { name: null, controller: new AbortController() };

/** "#/product/7?x=1" -> ["product", {rest: "7", parameters}] */
function read(hash) {
  const [place, query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [name, ...rest] = place.split("/");
  return {
    name: name in VIEWS ? name : "overview",
    query: { rest: decode(rest.join("/")), parameters: new URLSearchParams(query) },
  };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign, typed by hand
  }
}

/** Show what the address asks for. again: in another language, say; the reader has not moved. */
async function go({ again = false, first = false } = {}) {
  const { name, query } = read(location.hash);
  const view = VIEWS[name];
  askAgain();
  if (!again && name === current.name && view.update?.(query, current.controller.signal)) return;
  current.controller.abort();
  const controller = new AbortController();
  current = { name, controller };
  document.title = `${t(`nav.${name}`)} \u00b7 Shelflens`;
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  try {
    await view.show(main, query, controller.signal);
  } catch (error) {
    if (!stopped(error)) main.append(errorNotice(error, () => go({ again: true })));
  }
  if (again || first || controller.signal.aborted) return;
  scrollTo(0, 0);
  main.querySelector("h1")?.focus();
}

function drawFrame() {
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = t(element.dataset.word);
  for (const element of document.querySelectorAll("[data-word-label]")) {
    element.setAttribute("aria-label", t(element.dataset.wordLabel));
    if (element.matches("button")) element.title = t(element.dataset.wordLabel);
  }
  const other = document.getElementById("language");
  other.textContent = language === "zh" ? "English" : "中文";
  other.lang = language === "zh" ? "en" : "zh-CN";
  document.documentElement.classList.add("ready");
}

document.getElementById("language").addEventListener("click", async () => {
  try {
    await setLanguage(language === "zh" ? "en" : "zh");
  } catch {
    announce(t("error.network"));
    main.prepend(plainNotice(t("error.network")));
    return;
  }
  keep("language", language);
  drawFrame();
  go({ again: true });
});

const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";

function drawTheme() {
  const theme = document.getElementById("theme");
  theme.setAttribute("aria-pressed", String(isDark()));
  theme.querySelector("use").setAttribute("href", isDark() ? "#icon-sun" : "#icon-moon");
}

document.getElementById("theme").addEventListener("click", () => {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  keep("theme", theme);
  drawTheme();
});
dark.addEventListener("change", drawTheme);

const keyButton = document.getElementById("key");

async function newKey(refused) {
  const given = await askForKey({ refused });
  keyButton.hidden = false;
  if (given) announce(t("key.kept"));
  return given;
}

onKeyNeeded(newKey);
keyButton.hidden = !key.get();
keyButton.addEventListener("click", async () => (await newKey(false)) && go({ again: true }));

// Its address would be taken for a view's.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

// A file dropped beside its field would otherwise replace the page.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
addEventListener("hashchange", () => {
  main.dataset.moved = "";
  go();
});

drawFrame();
drawTheme();
go({ first: true });
