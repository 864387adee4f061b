// Elements and small signs. Text enters the page as text nodes only: nothing of a product or an answer is ever markup.

/** properties: attributes by name, `onclick` and the like as listeners, `style` as an object of custom properties. */
export function make(kind, properties = {}, ...children) {
  const element = document.createElement(kind);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** A sign of index.html's, without a meaning of its own for who cannot see it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  use.setAttribute("href", "#icon-" + name);
  svg.append(use);
  return svg;
}

export function button(text, onclick, properties = {}, sign = null) {
  return make("button", { type: "button", onclick, ...properties }, sign && icon(sign), make("span", {}, text));
}

/** A bar for a share of 0 to 1; the number itself stands beside it in text. */
export function bar(share) {
  const width = `${(100 * Math.min(1, Math.max(0, share))).toFixed(1)}%`;
  return make("span", { class: "bar", "aria-hidden": "true" }, make("span", { style: { "--share": width } }));
}

let last = 0;

/** An id that no other element has. */
export function fresh(name) {
  last += 1;
  return `${name}-${last}`;
}

/** Says something to who listens rather than looks. */
export function announce(text) {
  const live = document.getElementById("live");
  live.textContent = "";
  requestAnimationFrame(() => (live.textContent = text));
}

/** An address that may become a link: http and https, never javascript: or data:. Else null. */
export function webAddress(text) {
  try {
    const address = new URL(text);
    return ["http:", "https:"].includes(address.protocol) ? address.href : null;
  } catch {
    return null;
  }
}

/** Keeps a small setting across visits, where the browser lets us. */
export function keep(name, value) {
  try {
    localStorage.setItem("shelflens." + name, value);
  } catch {
    // Private windows may refuse; the setting then lasts as long as the page.
  }
}

export function kept(name) {
  try {
    return localStorage.getItem("shelflens." + name);
  } catch {
    return null;
  }
}

export function show(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
}
