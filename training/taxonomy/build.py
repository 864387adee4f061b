"""Shopify's taxonomy as the category tree, with finer categories of our own below it (see `places`).

A product may belong to a node of Shopify's without belonging to any of its children. Where it has but one child, or
children of ours that cannot cover it, a leaf "Other ..." stands for the rest: an only child would be promised whenever
its parent is.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from catalog.categories.shopify import google_rules
from catalog.errors import FileNotReadable, TaxonomyInvalid
from catalog.taxonomy.names import normalised
from catalog.taxonomy.tree import Node, Taxonomy
from training.taxonomy.places import CHINESE, PATHS, SAME, WITHIN
from training.taxonomy.properties import attributes_of_categories, attributes_of_tags
from training.taxonomy.synonyms import REST, with_synonyms
from training.texts.shopify import ShopifyTaxonomy

VERSION = "2"
LEFT_OUT = {
    "se": "services are no products",
    "pa": "add-ons of other products: engraving, gift wrapping",
    "bu": "a bundle is of its parts' kinds",
    "gc": "neither a title nor a picture tells a gift card from what it is for",
    "na": "says nothing",
    "ma": "for adults alone",
}
CHINESE_LANGUAGE = "zh-CN"


@dataclass
class Draft:
    """The tree while it is built. children: of each id, None for the roots, in order."""

    nodes: dict[str, Node] = field(default_factory=dict)
    children: dict[str | None, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, node: Node) -> None:
        self.nodes[node.id] = node
        self.children[node.parent].append(node.id)

    def ordered(self, parent: str | None = None) -> Iterator[Node]:
        """Parents first, and what lies below a node together."""
        for id in self.children.get(parent, ()):
            yield self.nodes[id]
            yield from self.ordered(id)


def read_tree(folder: Path, first: Taxonomy) -> Taxonomy:
    """Build the tree. folder: of Shopify's taxonomy. Raises FileNotReadable or TaxonomyInvalid."""
    return build_tree(ShopifyTaxonomy.load(folder), read_google(folder / "from_shopify_to_google.yml"), first)


def build_tree(shopify: ShopifyTaxonomy, google: Mapping[str, str], first: Taxonomy) -> Taxonomy:
    """first: the tree whose categories `places` maps; it gives their names, its tags and its attributes."""
    draft = Draft()
    for node in shopify_nodes(shopify, google):
        draft.add(node)
    check_places(draft, first)
    for old, id in SAME.items():
        if "." in id and id not in draft.nodes:
            draft.add(own_node(id, first.node(old), draft))
    add_rests(draft)
    nodes = with_synonyms(list(draft.ordered()), first)
    attributes = attributes_of_tags([tag.name for tag in first.tags], shopify)
    tags = tuple(replace(tag, attributes=attributes[tag.name]) for tag in first.tags)
    return Taxonomy(VERSION, tuple(nodes), tags, first.attributes)


def check_places(draft: Draft, first: Taxonomy) -> None:
    """Raises TaxonomyInvalid if a category of `places` is in neither tree."""
    if missing := sorted((SAME | WITHIN).keys() - {node.id for node in first.nodes}):
        raise TaxonomyInvalid(f"The first tree lacks the category {missing[0]!r}. Give the one of 167 leaves.")
    needed = {id.partition(".")[0] for id in (*SAME.values(), *WITHIN.values(), *PATHS.values())}
    if missing := sorted(needed - draft.nodes.keys()):
        raise TaxonomyInvalid(f"Shopify's taxonomy lacks the category {missing[0]!r}.")


def read_google(path: Path) -> dict[str, str]:
    """Shopify's id -> Google's. Raises FileNotReadable."""
    try:
        return google_rules(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise FileNotReadable("The rules from Shopify's taxonomy to Google's cannot be read.") from None


def shopify_nodes(shopify: ShopifyTaxonomy, google: Mapping[str, str]) -> Iterator[Node]:
    """Its categories without those LEFT_OUT. Siblings of equal Chinese label get the English one beside it."""
    attributes = attributes_of_categories(shopify)
    seen: set[tuple[str, str]] = set()
    for id, path in shopify.names["en"].items():
        parent = id.rpartition("-")[0]
        if id.partition("-")[0] in LEFT_OUT:
            continue
        label_zh = CHINESE.get(id) or shopify.names[CHINESE_LANGUAGE][id][-1]
        if (parent, normalised(label_zh)) in seen:
            label_zh = f"{label_zh} ({path[-1]})"
        seen.add((parent, normalised(label_zh)))
        own = attributes.get(id, ())
        inherited = parent and set(own) == set(attributes.get(parent, ()))
        yield Node(id, path[-1], label_zh, parent or None, (), google.get(id, ""), None if inherited else own)


def own_node(id: str, old: Node, draft: Draft) -> Node:
    parent = id.rpartition(".")[0]
    return Node(id, old.label, old.label_zh, parent, (), draft.nodes[parent].google)


def add_rests(draft: Draft) -> None:
    """A leaf for the rest below each node with one child, and below each leaf of Shopify's that ours were put below."""
    for id, children in list(draft.children.items()):
        ours = "." not in (id or "") and all("." in child for child in children)
        if id is not None and (len(children) == 1 or ours):
            node = draft.nodes[id]
            draft.add(Node(f"{id}{REST}", f"Other {node.label}", f"其他{node.label_zh}", id, (), node.google))
