"""The names of a tree's nodes: which node a name or a category path means, and which names a text contains.

A label may be that of several nodes below different parents, as folders of equal name may be: "Jeans" for adults and
"Jeans" for babies. It then means the node that lists it as a synonym too, if one does, else none: a path decides. A
synonym is there to mean one node, so a synonym that is another node's name is a mistake, and so are siblings of equal
name.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from catalog.errors import TaxonomyInvalid
from catalog.taxonomy.nodes import SEPARATOR, Node

SIZES = frozenset({"大号", "小号"})  # "large" and "small", and a tuba and a trumpet


class Named(NamedTuple):
    """A category's name in a text: the name as written, its position, and the nodes that it can mean."""

    name: str
    start: int
    nodes: tuple[Node, ...]


class Names:
    """The names of valid nodes. Raises TaxonomyInvalid for an empty name and for one that is ambiguous by mistake."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._node_of_id = {node.id: node for node in nodes}
        self._labelled = _by_label(nodes)
        self._synonyms = _by_synonym(nodes, self._labelled)

    def meanings(self, name: str) -> tuple[Node, ...]:
        """All nodes that the name can mean: one, unless several have this label and none claims it."""
        return self._meanings(normalised(name))

    def _meanings(self, key: str) -> tuple[Node, ...]:
        claimed = self._synonyms.get(key)
        return (claimed,) if claimed else tuple(self._labelled.get(key, ()))

    def of_path(self, path: Sequence[str]) -> Node | None:
        """The node of a whole path among the synonyms, else of its last element."""
        parts = [normalised(part) for part in path]
        whole = self._meanings(SEPARATOR.join(parts))
        if len(parts) > 1 and len(whole) == 1:
            return whole[0]
        candidates = self._labelled.get(parts[-1], ())
        if len(candidates) > 1:
            return self._nearest(candidates, parts)
        return next(iter(self._meanings(parts[-1])), None)

    def _nearest(self, candidates: Sequence[Node], parts: Sequence[str]) -> Node | None:
        """Of nodes of equal label the one that lies below most of what the path names before it. Of several of these
        the one with exactly this path, else the one that claims the name.
        """
        *above, name = parts
        named = [self._names_above(node) for node in candidates]
        agreement = [sum(any(part in names for names in line) for part in above) for line in named]
        best = [n for n, count in enumerate(agreement) if count == max(agreement)]
        exact = [n for n in best if agreement[n] == len(named[n]) == len(above)]
        chosen = best if len(best) == 1 else exact
        if len(chosen) == 1:
            return candidates[chosen[0]]
        claimed = self._synonyms.get(name)
        return claimed if claimed in [candidates[n] for n in best] else None

    def _names_above(self, node: Node) -> list[set[str]]:
        """The names of each ancestor."""
        line = []
        while node.parent is not None:
            node = self._node_of_id[node.parent]
            line.append({normalised(name) for name in (node.label, node.label_zh, *node.synonyms)})
        return line

    def found_in(self, text: str) -> list[Named]:
        """Names in a text, from left to right, the longest at each position. A size is none beside another name."""
        found = list(self._found_in(text))
        others = [named for named in found if named.name not in SIZES]
        return others or found

    def _found_in(self, text: str) -> Iterator[Named]:
        folded, origin = _folded(text)
        at = 0
        while at < len(folded):
            length = self._longest(folded, at)
            if length:
                start = origin[at]
                key = folded[at : at + length]
                yield Named(text[start : origin[at + length - 1] + 1], start, self._meanings(key))
            at += length or 1

    def _longest(self, folded: str, at: int) -> int:
        """The length of the longest name that begins here, or 0. An ASCII letter at its ends must be at the boundary
        of a word.
        """
        if at > 0 and folded[at].isascii() and _joins_words(folded[at - 1]):
            return 0
        for start in (folded[at : at + 2], folded[at]):
            for length in self._lengths.get(start, ()):
                end = at + length
                if end <= len(folded) and self._is_name(folded[at:end]):
                    cut = end < len(folded) and folded[end - 1].isascii() and _joins_words(folded[end])
                    if not cut:
                        return length
        return 0

    @cached_property
    def _lengths(self) -> Mapping[str, tuple[int, ...]]:
        """The first two characters of names (or the only one) -> the lengths of such names, the longest first."""
        lengths: dict[str, set[int]] = {}
        for key in (*self._labelled, *self._synonyms):
            if SEPARATOR not in key:
                lengths.setdefault(key[:2], set()).add(len(key))
        return {start: tuple(sorted(found, reverse=True)) for start, found in lengths.items()}

    def _is_name(self, key: str) -> bool:
        return key in self._labelled or key in self._synonyms


def _joins_words(character: str) -> bool:
    """Whether a letter beside it belongs to the same word: an ideograph is a word of its own."""
    return character.isalnum() and unicodedata.category(character) != "Lo"


def normalised(name: str) -> str:
    """Fold case and collapse spaces, including those around the separator of a path."""
    return SEPARATOR.join(" ".join(part.split()) for part in name.casefold().split(">"))


def _key(name: str, node: Node) -> str:
    key = normalised(name)
    if not key:
        raise TaxonomyInvalid(f"The node {node.id!r} has an empty label or synonym.")
    return key


def _by_label(nodes: Sequence[Node]) -> dict[str, list[Node]]:
    labelled: dict[str, list[Node]] = {}
    siblings: dict[tuple[str | None, str], Node] = {}
    for node in nodes:
        for key, label in {_key(label, node): label for label in (node.label, node.label_zh)}.items():
            other = siblings.setdefault((node.parent, key), node)
            if other is not node:
                raise _ambiguous(label, other, node)
            labelled.setdefault(key, []).append(node)
    return labelled


def _by_synonym(nodes: Sequence[Node], labelled: Mapping[str, Sequence[Node]]) -> dict[str, Node]:
    meant: dict[str, Node] = {}
    for node in nodes:
        for name in node.synonyms:
            key = _key(name, node)
            others = labelled.get(key, (node,))
            other = meant.setdefault(key, node)
            if other is not node or node not in others:
                raise _ambiguous(name, other if other is not node else others[0], node)
    return meant


def _ambiguous(name: str, one: Node, other: Node) -> TaxonomyInvalid:
    return TaxonomyInvalid(f"The name {name!r} is ambiguous: it means both {one.id!r} and {other.id!r}.")


def _folded(text: str) -> tuple[str, list[int]]:
    """The text with folded case and single spaces, and the position in the text of each of its characters."""
    folded: list[str] = []
    origin: list[int] = []
    for position, character in enumerate(text):
        if not character.isspace():
            parts = character.casefold()
        elif folded and folded[-1] == " ":
            continue
        else:
            parts = " "
        folded += parts
        origin += [position] * len(parts)
    return "".join(folded), origin


def split_path(text: str) -> tuple[str, ...]:
    """The steps of a path as feeds and trees write it, "Home > Kitchen", from the top down."""
    return tuple(step.strip() for step in text.split(">"))
