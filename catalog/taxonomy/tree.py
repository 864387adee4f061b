"""The category tree and the vocabularies of tags and attributes, read from one JSON file.

The order of the file matters. The leaves in file order are the model's category logits, and so are the tags and the
values of each attribute. A model's folder therefore contains the file that the model was trained with.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from catalog.errors import FileNotReadable, TaxonomyInvalid

SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Node:
    """One category. A synonym is another name for it, or a whole path such as "Clothing > Hat"."""

    id: str
    label: str
    label_zh: str
    parent: str | None
    synonyms: tuple[str, ...] = ()


class Named(NamedTuple):
    """A category's name in a text: the name as written, its position, and the node."""

    name: str
    start: int
    node: Node


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of products. It applies to a title that contains one of the lower-case patterns as whole words."""

    name: str
    label_zh: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """A property with at most one value for each product, such as the colour."""

    name: str
    values: tuple[str, ...]


Entry = TypeVar("Entry", Node, Tag, Attribute)


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
        _nodes_by_name(self.nodes)
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
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            raise TaxonomyInvalid("The taxonomy is not valid JSON.") from None
        if not isinstance(document, dict) or set(document) != {"version", "nodes", "tags", "attributes"}:
            raise TaxonomyInvalid("The taxonomy must be an object with the keys version, nodes, tags, attributes.")
        if not isinstance(document["version"], str):
            raise TaxonomyInvalid("The version of the taxonomy must be a string.")
        return cls(
            version=document["version"],
            nodes=_entries(document, "nodes", Node),
            tags=_entries(document, "tags", Tag),
            attributes=_entries(document, "attributes", Attribute),
        )

    def to_json(self) -> str:
        """JSON with one entry per line, so that diffs are readable."""
        blocks = [f' "version": {json.dumps(self.version, ensure_ascii=False)}']
        for key, entries in (("nodes", self.nodes), ("tags", self.tags), ("attributes", self.attributes)):
            lines = ",".join("\n  " + json.dumps(asdict(entry), ensure_ascii=False) for entry in entries)
            blocks.append(f' "{key}": [{lines}\n ]')
        return "{\n" + ",\n".join(blocks) + "\n}\n"

    @cached_property
    def leaves(self) -> tuple[Node, ...]:
        """The nodes without children, in file order: position i is category logit i."""
        parents = {node.parent for node in self.nodes}
        return tuple(node for node in self.nodes if node.id not in parents)

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

    def resolve(self, path: Sequence[str]) -> Node | None:
        """The node of a data set's category path, or None.

        The whole path is looked up first (among path synonyms), then its last element alone (among labels and
        synonyms). If neither is known, the last element is dropped and the search repeated, so that an unknown leaf
        resolves to its known parent. It does not resolve to a leaf of this tree: the data set divides that category
        further, and a part need not belong to the leaf. "Watches > Clocks" are no watches.
        """
        parts = [_normalise(part) for part in path]
        for end in range(len(parts), 0, -1):
            for name in (SEPARATOR.join(parts[:end]), parts[end - 1]):
                node = self._node_of_name.get(name)
                if node:
                    return None if end < len(parts) and node in self.leaves else node
        return None

    def named(self, name: str) -> Node | None:
        """The node with this label or synonym, or None."""
        return self._node_of_name.get(_normalise(name))

    def names_in(self, text: str) -> list[Named]:
        """Labels and synonyms in a text, from left to right, the longest at each position. A name in a script that
        separates words by spaces matches whole words only.
        """
        found = [(match.group(), match.start()) for match in self._names.finditer(text)]
        return [Named(name, start, self._node_of_name[_normalise(name)]) for name, start in found]

    def tags_in(self, text: str) -> frozenset[str]:
        """Names of the tags with a pattern that occurs in the text as whole words, in any case."""
        return frozenset(name for name, pattern in self._tag_patterns.items() if pattern.search(text))

    @cached_property
    def _node_of_id(self) -> Mapping[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def _node_of_name(self) -> Mapping[str, Node]:
        return _nodes_by_name(self.nodes)

    @cached_property
    def _names(self) -> re.Pattern[str]:
        names = sorted((name for name in self._node_of_name if SEPARATOR not in name), key=len, reverse=True)
        return re.compile("|".join(map(_name_pattern, names)), re.IGNORECASE)

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


def _normalise(name: str) -> str:
    """Fold case and collapse spaces, including those around the separator of a path."""
    return SEPARATOR.join(" ".join(part.split()) for part in name.casefold().split(">"))


def _whole_words(patterns: Iterable[str]) -> re.Pattern[str]:
    """Match any pattern between word boundaries. Spaces and hyphens are equal, as in "slim fit" and "slim-fit"."""
    phrases = (r"[\s-]+".join(map(re.escape, re.findall(r"[^\s-]+", pattern))) for pattern in patterns)
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?!\w)", re.IGNORECASE)


def _name_pattern(name: str) -> str:
    """Match a name with any spaces between its words. An ASCII letter at its ends must be at a word boundary."""
    before, after = (r"(?<![^\W_])" if end.isascii() else "" for end in (name[0], name[-1]))
    after = after.replace("?<!", "?!")
    return before + r"\s+".join(map(re.escape, name.split())) + after


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


def _nodes_by_name(nodes: Sequence[Node]) -> dict[str, Node]:
    """Nodes by each normalised label and synonym. Raises TaxonomyInvalid for a name of two nodes."""
    named: dict[str, Node] = {}
    for node in nodes:
        for name in (node.label, node.label_zh, *node.synonyms):
            key = _normalise(name)
            if not key:
                raise TaxonomyInvalid(f"The node {node.id!r} has an empty label or synonym.")
            other = named.setdefault(key, node)
            if other.id != node.id:
                raise TaxonomyInvalid(f"The name {name!r} is ambiguous: it means both {other.id!r} and {node.id!r}.")
    return named


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


def _check_unique(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if not name.strip():
            raise TaxonomyInvalid(f"A {what} is empty.")
        if name in seen:
            raise TaxonomyInvalid(f"The {what} {name!r} is listed twice.")
        seen.add(name)


def _entries(document: Mapping[str, object], key: str, kind: type[Entry]) -> tuple[Entry, ...]:
    """Build a Node, Tag or Attribute from each object in the list. All fields are strings but the last, a list."""
    entries = document[key]
    if not isinstance(entries, list):
        raise TaxonomyInvalid(f"The {key} of the taxonomy must be a list.")
    names = [field.name for field in fields(kind)]
    return tuple(kind(**_checked(entry, key, names)) for entry in entries)


def _checked(entry: object, key: str, names: Sequence[str]) -> dict[str, Any]:
    if not isinstance(entry, dict) or set(entry) != set(names):
        raise TaxonomyInvalid(f"Each entry of {key} must be an object with exactly these keys: {', '.join(names)}.")
    *texts, listed = names
    for name in texts:
        is_root = name == "parent" and entry[name] is None
        if not (isinstance(entry[name], str) or is_root):
            raise TaxonomyInvalid(f"The {name} of each entry of {key} must be a string.")
    if not isinstance(entry[listed], list) or not all(isinstance(item, str) for item in entry[listed]):
        raise TaxonomyInvalid(f"The {listed} of each entry of {key} must be a list of strings.")
    return {**entry, listed: tuple(entry[listed])}
