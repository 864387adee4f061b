"""The category tree and the vocabularies of tags and attributes, read from one JSON file.

The order of the file matters. The leaves in file order are the model's category logits, and so are the tags and the
values of each attribute. A model's folder therefore contains the file that the model was trained with.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from catalog.errors import FileNotReadable, TaxonomyInvalid
from catalog.taxonomy import document
from catalog.taxonomy.names import Named, Names
from catalog.taxonomy.nodes import SEPARATOR, Attribute, Node, Tag

__all__ = ["SEPARATOR", "Attribute", "Named", "Node", "Tag", "Taxonomy"]


# Without slots: cached_property stores its value in the instance's __dict__.
@dataclass(frozen=True)
class Taxonomy:
    """A valid tree and its vocabularies. Constructing an invalid one raises TaxonomyInvalid."""

    version: str
    nodes: tuple[Node, ...]
    tags: tuple[Tag, ...] = ()
    attributes: tuple[Attribute, ...] = ()

    def __post_init__(self) -> None:
        if not self.version.strip():
            raise TaxonomyInvalid("The taxonomy has no version.")
        _check_nodes(self.nodes)
        _ = self._names  # checks them
        _check_tags(self.tags)
        _check_attributes(self.attributes)

    @classmethod
    def load(cls, path: str | Path) -> "Taxonomy":
        """Read a file. Raises FileNotReadable or TaxonomyInvalid."""
        try:
            encoded = Path(path).read_bytes()
        except OSError:
            raise FileNotReadable("The taxonomy file does not exist or cannot be read.") from None
        try:
            return cls.from_json(encoded.decode())
        except UnicodeDecodeError:
            raise TaxonomyInvalid("The taxonomy is not UTF-8 text.") from None

    @classmethod
    def from_json(cls, text: str) -> "Taxonomy":
        """Parse what `to_json` writes. Raises TaxonomyInvalid."""
        version, nodes, tags, attributes = document.parsed(text)
        return cls(version, nodes, tags, attributes)

    def to_json(self) -> str:
        """JSON with one entry per line, so that diffs are readable."""
        return document.written(self.version, self.nodes, self.tags, self.attributes)

    def __getstate__(self) -> dict[str, Any]:
        """What to pickle: nothing that follows from it."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def leaves(self) -> tuple[Node, ...]:
        """The nodes without children, in file order: position i is category logit i."""
        return tuple(node for node in self.nodes if node.id not in self._parents)

    def node(self, node_id: str) -> Node:
        """The node with this id. This and the next three methods raise KeyError for an unknown id."""
        return self._node_of_id[node_id]

    def ancestors(self, node_id: str) -> tuple[str, ...]:
        """Ids from the root to the node, inclusive."""
        chain: list[str] = []
        current: str | None = node_id
        while current is not None:
            chain.append(current)
            current = self.node(current).parent
        return tuple(reversed(chain))

    def path(self, node_id: str) -> tuple[str, ...]:
        """English labels from the root to the node, inclusive."""
        return tuple(self.node(ancestor).label for ancestor in self.ancestors(node_id))

    def leaves_under(self, node_id: str) -> tuple[int, ...]:
        """Positions in `leaves` of the leaves at or below the node."""
        return self._leaves_of_id[node_id]

    def is_leaf(self, node_id: str) -> bool:
        return node_id not in self._parents

    def attributes_of(self, node_id: str) -> tuple[str, ...] | None:
        """Names of the properties that products of this category can have; None if the tree does not say."""
        line = (self.node(ancestor).attributes for ancestor in reversed(self.ancestors(node_id)))
        return next((given for given in line if given is not None), None)

    def can_have(self, node_id: str, tag: Tag) -> bool:
        """Whether products of this category can have the tag. True where the tree does not say otherwise."""
        attributes = self.attributes_of(node_id)
        return attributes is None or not tag.attributes or not set(tag.attributes).isdisjoint(attributes)

    def resolve(self, path: Sequence[str]) -> Node | None:
        """The node of a data set's category path, or None.

        The whole path is looked up first (among path synonyms), then its last element alone (among labels and
        synonyms; of nodes of equal label, the one whose ancestors agree best with the path). If neither is known, the
        last element is dropped and the search repeated, so that an unknown leaf resolves to its known parent. It does
        not resolve to a leaf of this tree: the data set divides that category further, and a part need not belong to
        the leaf. "Watches > Clocks" are no watches.
        """
        for end in range(len(path), 0, -1):
            node = self._names.of_path(path[:end])
            if node:
                return None if end < len(path) and self.is_leaf(node.id) else node
        return None

    def named(self, name: str) -> Node | None:
        """The node with this label or synonym, or None if there is none or the name is ambiguous."""
        found = self.meanings(name)
        return found[0] if len(found) == 1 else None

    def meanings(self, name: str) -> tuple[Node, ...]:
        """All nodes that the name can mean: several if they have the same label and none claims it as a synonym."""
        return self._names.meanings(name)

    def names_in(self, text: str) -> list[Named]:
        """Labels and synonyms in a text, from left to right, the longest at each position. A name in a script that
        separates words by spaces matches whole words only.
        """
        return self._names.found_in(text)

    def leaves_named(self, title: str) -> dict[int, float]:
        """Positions in `leaves` of the leaves at or below the nodes that a title names -> 1 for the last name, which is
        mostly the head of the phrase ("flat sandals"), and 0.5 for any other.
        """
        shares: dict[int, float] = {}
        for found in reversed(self.names_in(title)):
            share = 0.5 if shares else 1.0
            for leaf in {leaf for node in found.nodes for leaf in self.leaves_under(node.id)}:
                shares.setdefault(leaf, share)
        return shares

    def tags_in(self, text: str) -> frozenset[str]:
        """Names of the tags with a pattern that occurs in the text as whole words, in any case."""
        return frozenset(name for name, pattern in self._tag_patterns.items() if pattern.search(text))

    @cached_property
    def roots(self) -> frozenset[str]:
        """Ids of the nodes that have no parent."""
        return frozenset(node.id for node in self.nodes if node.parent is None)

    @cached_property
    def _parents(self) -> frozenset[str | None]:
        return frozenset(node.parent for node in self.nodes)

    @cached_property
    def _node_of_id(self) -> Mapping[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def _names(self) -> Names:
        return Names(self.nodes)

    @cached_property
    def _leaves_of_id(self) -> Mapping[str, tuple[int, ...]]:
        under: dict[str, list[int]] = {node.id: [] for node in self.nodes}
        for position, leaf in enumerate(self.leaves):
            for ancestor in self.ancestors(leaf.id):
                under[ancestor].append(position)
        return {node_id: tuple(positions) for node_id, positions in under.items()}

    @cached_property
    def _tag_patterns(self) -> Mapping[str, re.Pattern[str]]:
        return {tag.name: _whole_words(tag.patterns) for tag in self.tags}


def _whole_words(patterns: Iterable[str]) -> re.Pattern[str]:
    """Match any pattern between word boundaries. Spaces and hyphens are equal, as in "slim fit" and "slim-fit"."""
    phrases = (r"[\s-]+".join(map(re.escape, re.findall(r"[^\s-]+", pattern))) for pattern in patterns)
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?!\w)", re.IGNORECASE)


def _check_nodes(nodes: Sequence[Node]) -> None:
    """Check that parents precede their children, which also excludes cycles."""
    if not nodes:
        raise TaxonomyInvalid("The taxonomy has no nodes.")
    _check_unique((node.id for node in nodes), "node id")
    known: set[str | None] = {None, *(node.id for node in nodes)}
    seen: set[str | None] = {None}
    for node in nodes:
        if node.parent not in known:
            raise TaxonomyInvalid(f"The node {node.id!r} has an unknown parent, {node.parent!r}.")
        if node.parent not in seen:
            raise TaxonomyInvalid(f"The node {node.id!r} must come after its parent, {node.parent!r}.")
        seen.add(node.id)


def _check_tags(tags: Sequence[Tag]) -> None:
    _check_unique((tag.name for tag in tags), "tag name")
    for tag in tags:
        if not tag.patterns:
            raise TaxonomyInvalid(f"The tag {tag.name!r} has no patterns.")
        for pattern in tag.patterns:
            # A pattern of hyphens alone would compile to an expression that matches every text.
            if pattern != pattern.lower() or not re.search(r"\w", pattern):
                raise TaxonomyInvalid(f"The tag {tag.name!r} has a pattern that is not lower-case words: {pattern!r}.")


def _check_attributes(attributes: Sequence[Attribute]) -> None:
    _check_unique((attribute.name for attribute in attributes), "attribute name")
    for attribute in attributes:
        if not attribute.values:
            raise TaxonomyInvalid(f"The attribute {attribute.name!r} has no values.")
        _check_unique(attribute.values, f"{attribute.name} value")
        if attribute.words and (len(attribute.words) != len(attribute.values) or not all(attribute.words)):
            raise TaxonomyInvalid(f"The attribute {attribute.name!r} does not have words for each of its values.")


def _check_unique(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if not name.strip():
            raise TaxonomyInvalid(f"A {what} is empty.")
        if name in seen:
            raise TaxonomyInvalid(f"The {what} {name!r} is listed twice.")
        seen.add(name)
