// A category tree: its labels in the reader's language, its branches, and how a category is found by what is typed.
import { language } from "./language.js";

const SEPARATOR = " \u203a ";

/** nodes: as the service answers them, parents before children. */
export function treeOf(nodes) {
  const known = new Map(nodes.map((node, position) => [node.id, { ...node, position }]));
  const children = new Map();
  for (const node of known.values()) {
    const parent = node.parent ?? null;
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(node);
  }
  let written = null;

  /** The nodes with what a reader may type for them, in lower case: labels and paths in both languages. Made once. */
  function searchable() {
    if (!written) {
      written = new Map();
      for (const node of known.values()) {
        const above = written.get(node.parent); // parents come before their children
        const labels = [node.label.trim().toLowerCase(), (node.label_zh ?? "").trim().toLowerCase()];
        const paths = above ? labels.map((label, which) => `${above.paths[which]}>${label}`) : labels;
        written.set(node.id, { node, labels, paths });
      }
    }
    return written.values();
  }

  const labelled = (node) => (language === "zh" && node.label_zh) || node.label;

  /** Ids from the top down to the node. */
  function line(id) {
    const found = [];
    for (let node = known.get(id); node; node = known.get(node.parent)) found.unshift(node);
    return found;
  }

  /** The labels of a category from the top down; `category` as the service answers it, or `{id}`. */
  function path({ id, path: given = [id] }) {
    const nodes = line(id);
    return nodes.length ? nodes.map(labelled) : given;
  }

  /** The node of a path or of a label, written in either language as it is in the tree; null if there is none. */
  function categoryCalled(text) {
    const wanted = text.toLowerCase().split(/[>\u203a]/).map((part) => part.trim()).join(">");
    for (const { node, labels, paths } of searchable()) {
      if (labels.includes(wanted) || paths.includes(wanted)) return node;
    }
    return null;
  }

  /** Categories whose label or path, in either language, has every word typed; those that begin so first. */
  function findCategories(typed, limit = 12) {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return [];
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

  return {
    path,
    pathText: (category) => path(category).join(SEPARATOR),
    leaf: (category) => path(category).at(-1),
    depth: (id) => Math.max(0, line(id).length - 1),
    position: (id) => known.get(id)?.position ?? Infinity,
    /** The ids of the category and of what lies above it, the nearest first. */
    upwards: (id) => line(id).map((node) => node.id).reverse(),
    /** The nodes right below one, or those at the top below `null`. */
    childrenOf: (id) => children.get(id) ?? [],
    /** Null at the top. */
    parentOf: (node) => known.get(node.parent) ?? null,
    categoryCalled,
    findCategories,
  };
}
