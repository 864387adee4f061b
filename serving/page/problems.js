// What the service says went wrong, in the reader's language, with all that it says: columns, limits, ids.
import { errorTexts, language, translated } from "./language.js";

let patterns = null; // made when first needed, of the Chinese sentences

/** "{n} jobs" -> an expression with n as a group. A part that is named again is the same again. */
function pattern(english) {
  const named = new Set();
  const parts = english.split(/(\{\{|\}\}|\{\w+\})/).map((part) => {
    if (part === "{{" || part === "}}") return `\\${part[0]}`;
    const name = /^\{(\w+)\}$/.exec(part);
    if (name && named.has(name[1])) return `\\k<${name[1]}>`;
    if (name) named.add(name[1]);
    return name ? `(?<${name[1]}>.*?)` : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`, "s");
}

/** The sentence in Chinese with its parts, which may be such sentences themselves; null where none is known. */
function inChinese(message) {
  const [sentences] = errorTexts;
  patterns ??= Object.entries(sentences).map(([english, chinese]) => [pattern(english), chinese]);
  for (const [form, chinese] of patterns) {
    const found = form.exec(message);
    if (found) return filled(chinese, found.groups ?? {});
  }
  return null;
}

function filled(chinese, parts) {
  return chinese.replace(/\{\{|\}\}|\{(\w+)\}/g, (place, name) => {
    if (!name) return place[0];
    return inChinese(parts[name]) ?? byItself(parts[name]) ?? parts[name];
  });
}

/** What a code says by itself, in Chinese; null where no code says this. */
function byItself(message) {
  const [, defaults] = errorTexts;
  const code = Object.keys(defaults).find((one) => defaults[one] === message);
  return code ? translated(`error.${code}`, null) : null;
}

/** -> {text, more}. more: the service's own sentence, where its parts would be lost in the reader's language. */
export function problem(code, message) {
  const known = translated(`error.${code}`, "");
  if (language !== "zh") return { text: known || message, more: "" };
  const whole = message && inChinese(message);
  if (whole) return { text: whole, more: "" };
  const [, defaults] = errorTexts;
  const said = [defaults[code], known, ""].includes(message);
  return known ? { text: known, more: said ? "" : message } : { text: message, more: "" };
}

/** The same as one text. */
export function sentence(code, message) {
  const { text, more } = problem(code, message);
  return more ? `${text} ${more}` : text;
}

/** What the code says by itself. Raises TypeError where its text cannot be fetched. */
export async function meaning(code) {
  return translated(`error.${code}`, null) ?? (await import("./errors-en.js")).default[code] ?? code;
}
