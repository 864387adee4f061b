// The category tree with its labels in both languages, asked for once.
import { request } from "./api.js";
import { language } from "./language.js";

let tree = null;
let asked = null;

/** Get the tree; without one the labels of the answers, which are English, are shown. Never fails. */
export async function loadTaxonomy() {
  if (tree) return;
  asked ??= request("v1/taxonomy")
    .then((found) => (tree = indexed(found)))
    .catch(() => null)
    .finally(() => (asked = null));
  await asked;
}

function indexed({ nodes, tags, attributes }) {
  const order = new Map(nodes.map((node, position) => [node.id, { ...node, position }]));
  const children = new Map();
  for (const node of order.values()) {
    const parent = node.parent ?? null;
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(node);
  }
  return { nodes: order, children, tags: new Map(tags.map((tag) => [tag.name, tag])), attributes };
}

/** The nodes with what a reader may type for them, in lower case: labels and paths in both languages. Made once. */
function searchable() {
  if (!tree.written) {
    tree.written = new Map();
    for (const node of tree.nodes.values()) {
      const above = tree.written.get(node.parent); // parents come before their children
      const labels = [node.label.trim().toLowerCase(), (node.label_zh ?? "").trim().toLowerCase()];
      const paths = above ? labels.map((label, which) => `${above.paths[which]}>${label}`) : labels;
      tree.written.set(node.id, { node, labels, paths });
    }
  }
  return tree.written.values();
}

const labelled = (node) => (language === "zh" && node.label_zh) || node.label;

/** Ids from the top down to the node. */
function line(id) {
  const found = [];
  for (let node = tree?.nodes.get(id); node; node = tree.nodes.get(node.parent)) found.unshift(node);
  return found;
}

/** The labels of a category from the top down; `category` as the service answers it, or `{id}`. */
export function path({ id, path: given = [id] }) {
  const nodes = line(id);
  return nodes.length ? nodes.map(labelled) : given;
}

const SEPARATOR = " \u203a ";

export function pathText(category) {
  return path(category).join(SEPARATOR);
}

export function leaf(category) {
  return path(category).at(-1);
}

export function depth(id) {
  return Math.max(0, line(id).length - 1);
}

export function position(id) {
  return tree?.nodes.get(id)?.position ?? Infinity;
}

export function tagLabel(name) {
  const tag = tree?.tags.get(name);
  return (tag && language === "zh" && tag.label_zh) || name;
}

export function tagNames() {
  return [...(tree?.tags.keys() ?? [])];
}

export function attributeNames() {
  return (tree?.attributes ?? []).map((attribute) => attribute.name);
}

export function attributeValues(name) {
  return tree?.attributes.find((attribute) => attribute.name === name)?.values ?? [];
}

/** The nodes right below one, or those at the top below `null`. */
export function childrenOf(id) {
  return tree?.children.get(id) ?? [];
}

/** Null at the top. */
export function parentOf(node) {
  return tree?.nodes.get(node.parent) ?? null;
}

/** The node of a path or of a label, written in either language as it is in the tree; null if there is none. */
export function categoryCalled(text) {
  const wanted = text.toLowerCase().split(/[>\u203a]/).map((part) => part.trim()).join(">");
  if (!tree) return null;
  for (const { node, labels, paths } of searchable()) {
    if (labels.includes(wanted) || paths.includes(wanted)) return node;
  }
  return null;
}

/** Categories whose label or path, in either language, has every word typed; those that begin so first. */
export function findCategories(typed, limit = 12) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (!tree || !words.length) return [];
  const found = [];
  for (const { node, labels, paths } of searchable()) {
    if (!words.every((word) => paths.some((names) => names.includes(word)))) continue;
    const starts = labels.some((label) => label.startsWith(words[0]));
    const own = labels.some((label) => words.some((word) => label.includes(word)));
    found.push({ node, rank: (starts ? 0 : own ? 1 : 2) * 1e6 + node.position });
  }
  return found
    .sort((one, other) => one.rank - other.rank)
    .slice(0, limit)
    .map(({ node }) => node);
}
