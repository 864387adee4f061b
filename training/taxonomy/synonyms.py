"""Synonyms for the tree: the names of the first tree, and singular forms, as far as each then means one node alone."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from catalog.taxonomy.names import normalised
from catalog.taxonomy.tree import SEPARATOR, Node, Taxonomy
from training.taxonomy.places import DROPPED, PATHS, SAME, SPECIAL, WITHIN

REST = ".other"  # ends the id of a leaf for the rest
# Words without a singular, and those whose singular the rules miss.
PLURAL = re.compile(
    r"(?:\w+ics|jeans|pants|trousers|shorts|tights|leggings|glasses|goggles|scissors|pliers|clothes|goods|series|lens|gas|news"
    r"|binoculars|shears|tongs|tweezers|briefs|boxers|overalls|pajamas|accessories|electronics|components|supplies"
    r"|parts|molasses|works|bass|swiss)$"
)
IRREGULAR = {"knives": "knife", "shelves": "shelf", "scarves": "scarf", "leaves": "leaf", "loaves": "loaf"}
ENDINGS = (
    (r"(^t|neckt|bowt|hood|cook|bean|brown|mov|ones|gen|magp|zomb|cowr)ies$", r"\1ie"),
    (r"(?<=\w\w)ies$", "y"),
    (r"(?<=ch|sh|ss)es$", ""),
    (r"(?<=x)es$", ""),
    (r"(?<=at|an|og|er)oes$", "o"),
    (r"(?<=[^sui])s$", ""),
)


class Synonyms:
    """The names of nodes, and who may have which."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.labelled: dict[str, set[str]] = defaultdict(set)  # a name -> the nodes with this label
        self.singular: dict[str, set[str]] = defaultdict(set)
        self.meant: dict[str, str] = {}  # a synonym -> its node
        self.of_node: dict[str, list[str]] = defaultdict(list)
        for node in nodes:
            for label in (node.label, node.label_zh):
                self.labelled[normalised(label)].add(node.id)
            if single := singular(node):
                self.singular[normalised(single)].add(node.id)

    def claim(self, label: str, id: str) -> None:
        """The label of several nodes shall mean this one."""
        if len(self.labelled[normalised(label)]) > 1:
            self._give(label, id)

    def claim_from_special(self) -> None:
        """What is for everyone claims its label from what is for babies."""
        for label, ids in self.labelled.items():
            others = [id for id in ids if not f"{id}-".startswith(tuple(f"{kind}-" for kind in SPECIAL))]
            if len(others) == 1:
                self.claim(label, others[0])

    def add(self, name: str, id: str) -> None:
        """Unless it is another's label, or the singular of another's."""
        key = normalised(name)
        single = self.singular.get(key, {id})
        if not self.labelled.get(key) and id in single:
            self._give(name, id)

    def add_singular(self, name: str, node: Node) -> None:
        """Unless several have it: then only to the one that claims the plural."""
        claimed = self.meant.get(normalised(node.label)) == node.id
        if claimed or self.singular[normalised(name)] == {node.id}:
            self.add(name, node.id)

    def _give(self, name: str, id: str) -> None:
        key = normalised(name)
        if key not in self.meant:
            self.meant[key] = id
            self.of_node[id].append(name)


def with_synonyms(nodes: Sequence[Node], first: Taxonomy) -> list[Node]:
    """first: the tree whose categories `places` maps."""
    known = {node.id: node for node in nodes}
    synonyms = Synonyms(nodes)
    for id in SAME.values():
        synonyms.claim(known[id].label, id)
        synonyms.claim(known[id].label_zh, id)
    synonyms.claim_from_special()
    for path, id in paths(first):
        synonyms.add(path, id)
    for old, id in SAME.items():
        for name in names(first.node(old)):
            synonyms.add(name, id)
    for node in nodes:
        if single := singular(node):
            synonyms.add_singular(single, node)
    return [replace(node, synonyms=tuple(synonyms.of_node[node.id])) for node in nodes]


def paths(first: Taxonomy) -> Iterator[tuple[str, str]]:
    """The category paths that mean a node, those of `places` before those of the first tree."""
    yield from PATHS.items()
    for old, id in (SAME | WITHIN).items():
        yield from ((name, id) for name in first.node(old).synonyms if SEPARATOR in name)


def names(old: Node) -> Iterator[str]:
    for name in (old.label, old.label_zh, *old.synonyms):
        if SEPARATOR not in name and name not in DROPPED:
            yield name


def singular(node: Node) -> str | None:
    """ "Rain Coats" -> "rain coat"; None for a label of several kinds and for a word that is no plural."""
    label = node.label.lower()
    if re.search(r"[^\w\s'-]|\band\b|\bof\b", label) or node.id.endswith(REST) or PLURAL.search(label):
        return None
    *before, last = label.split()
    if last in IRREGULAR:
        return " ".join([*before, IRREGULAR[last]])
    for ending, instead in ENDINGS:
        if re.search(ending, last):
            return " ".join([*before, re.sub(ending, instead, last)])
    return None
