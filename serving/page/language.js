// Messages, numbers and dates in the reader's language.

// Only the reader's own language is fetched. Texts of errors in English are the service's own.
const MESSAGES = { en: ["messages-en"], zh: ["messages-zh", "errors-zh", "values-zh", "reasons-zh"] };
const ERRORS = { en: [], zh: ["sentences-zh", "errors-en"] };
const MAX_DECIMALS = 6;
const TAGS = { en: "en", zh: "zh-CN" };

/** The reader's own variant of the language, for dates and numbers: en-GB, say. */
const local = () => navigator.languages.find((one) => one.split("-")[0] === language) ?? TAGS[language];

export let language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
let messages = {};

/** What problems.js translates errors by: [the service's sentences, what it says of each code]; in English none. */
export let errorTexts = [];

const fetched = (names) => Promise.all(names.map(async (name) => (await import(`./${name}.js`)).default));

/** Raises TypeError, and leaves the language as it was, where its texts cannot be fetched. */
export async function setLanguage(name) {
  const [found, errors] = await Promise.all([fetched(MESSAGES[name]), fetched(ERRORS[name])]);
  messages = Object.assign({}, ...found);
  errorTexts = errors;
  language = name;
  document.documentElement.lang = TAGS[name];
}

await setLanguage(language); // the page is drawn once its messages are there

/** The texts of views that most visits never open. */
export async function loadMessages(name) {
  Object.assign(messages, (await import(`./${name}-${language}.js`)).default);
}

/** The text of a key, its {places} filled. */
export function t(key, values = {}) {
  const text = messages[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/** `t` by a number: KEY.one or KEY.other, as the language counts. */
export function count(key, number, values = {}) {
  const form = new Intl.PluralRules(TAGS[language]).select(number);
  const known = `${key}.${form}` in messages ? form : "other";
  return t(`${key}.${known}`, { n: whole(number), ...values });
}

/** The text of a key that may not be there: names and values of attributes, codes of errors. */
export function translated(key, otherwise) {
  return messages[key] ?? otherwise;
}

/** A probability as text: 0.97 is "97 %". Only what is certain, a person's own word, is 100 %. */
export function percent(score) {
  const gap = language === "zh" ? "" : "\u00a0";
  if (score < 1 && score >= 0.995) return `>${gap}99${gap}%`;
  if (score > 0 && score < 0.005) return `<${gap}1${gap}%`;
  return `${Math.round(100 * score)}${gap}%`;
}

export function whole(number) {
  return new Intl.NumberFormat(local()).format(number);
}

export function decimal(number, digits = 2) {
  return new Intl.NumberFormat(local(), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(number);
}

/** By the product's own currency, with all the decimals that are stored: a yen price of 5.9 is not 6. */
export function price(amount, currency) {
  try {
    const form = { style: "currency", currency, currencyDisplay: "symbol" };
    const usual = new Intl.NumberFormat(local(), form).resolvedOptions().maximumFractionDigits;
    const stored = Math.min(MAX_DECIMALS, String(amount).split(".")[1]?.length ?? 0);
    return new Intl.NumberFormat(local(), { ...form, maximumFractionDigits: Math.max(usual, stored) }).format(amount);
  } catch {
    return `${decimal(amount)} ${currency ?? ""}`.trim(); // a currency that is no ISO code
  }
}

export function moment(text) {
  const date = new Date(text);
  if (Number.isNaN(date.valueOf())) return "";
  return new Intl.DateTimeFormat(local(), { dateStyle: "medium", timeStyle: "short" }).format(date);
}

export function duration(seconds) {
  if (seconds < 90) return t("time.seconds", { n: whole(Math.max(1, Math.round(seconds))) });
  if (seconds < 5400) return t("time.minutes", { n: whole(Math.round(seconds / 60)) });
  return t("time.hours", { n: decimal(seconds / 3600) });
}

export function bytes(size) {
  if (size < 1e6) return `${whole(Math.max(1, Math.round(size / 1e3)))} kB`;
  return `${decimal(size / 1e6)} MB`;
}
