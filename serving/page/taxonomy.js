// The active model's category tree with its labels in both languages, and its tags and attributes, asked for once.
import { request } from "./api.js";
import { language } from "./language.js";
import { treeOf } from "./tree.js";

let tree = treeOf([]);
let words = null;
let asked = null;

/** Get the tree; without one the labels of the answers, which are English, are shown. Never fails. */
export async function loadTaxonomy() {
  if (words) return;
  asked ??= request("v1/taxonomy")
    .then(({ nodes, tags, attributes }) => {
      tree = treeOf(nodes);
      words = { tags: new Map(tags.map((tag) => [tag.name, tag])), attributes };
    })
    .catch(() => null)
    .finally(() => (asked = null));
  await asked;
}

export const path = (category) => tree.path(category);
export const pathText = (category) => tree.pathText(category);
export const leaf = (category) => tree.leaf(category);
export const depth = (id) => tree.depth(id);
export const position = (id) => tree.position(id);
export const upwards = (id) => tree.upwards(id);
export const childrenOf = (id) => tree.childrenOf(id);
export const parentOf = (node) => tree.parentOf(node);
export const categoryCalled = (text) => tree.categoryCalled(text);
export const findCategories = (typed, limit) => tree.findCategories(typed, limit);

export function tagLabel(name) {
  const tag = words?.tags.get(name);
  return (tag && language === "zh" && tag.label_zh) || name;
}

export function tagNames() {
  return [...(words?.tags.keys() ?? [])];
}

export function attributeNames() {
  return (words?.attributes ?? []).map((attribute) => attribute.name);
}

export function attributeValues(name) {
  return words?.attributes.find((attribute) => attribute.name === name)?.values ?? [];
}
