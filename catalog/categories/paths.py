"""A tree from the paths of its categories."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catalog.errors import TaxonomyInvalid
from catalog.taxonomy.names import normalised
from catalog.taxonomy.tree import SEPARATOR, Node, Taxonomy

NO_WORD = re.compile(r"\W+")
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """A category as a source gives it. where: such as "Line 3", for messages; id: "" for one that is made of the path.

    others: its path in further languages; path_zh: in Chinese.
    """

    path: Path
    where: str
    id: str = ""
    google: str = ""
    path_zh: Path = ()
    others: tuple[Path, ...] = ()


def tree_of(categories: Iterable[Category], version: str) -> Taxonomy:
    """The tree of all paths, in their order, each category behind its parent. Raises TaxonomyInvalid.

    A parent that is not listed is made. An id that is not given is made of the path, so it is the same in the next
    import.
    """
    listed = _by_path(categories)
    if not listed:
        raise TaxonomyInvalid("The file has no categories.")
    ids = _with_parents(listed)
    nodes = [_node(key, ids, listed[key]) for key in ids]
    return Taxonomy(version, tuple(_with_names(_with_chinese(nodes, listed, ids), listed, ids)))


def path_key(path: Sequence[str]) -> Path:
    """By which equal paths are found."""
    return tuple(normalised(name) for name in path)


def _by_path(categories: Iterable[Category]) -> dict[Path, Category]:
    listed: dict[Path, Category] = {}
    with_id: dict[str, Category] = {}
    for one in categories:
        if not one.path or not all(key for key in path_key(one.path)):
            raise TaxonomyInvalid(f"{one.where}: the path has an empty step.")
        same = listed.setdefault(path_key(one.path), one)
        if same.id != one.id:
            raise TaxonomyInvalid(
                f"{one.where}: the path {SEPARATOR.join(one.path)!r} has the id {one.id!r}, and in"
                f" {_lower(same.where)} the id {same.id!r}. Siblings must have different names."
            )
        other = with_id.setdefault(one.id, one) if one.id else one
        if path_key(other.path) != path_key(one.path):
            raise TaxonomyInvalid(
                f"{one.where}: the id {one.id!r} is that of {SEPARATOR.join(other.path)!r} in {_lower(other.where)}."
            )
    return listed


def _lower(where: str) -> str:
    return where[:1].lower() + where[1:]


def _with_parents(listed: dict[Path, Category]) -> dict[Path, str]:
    """Each path, a parent before its children -> its id."""
    taken = {one.id for one in listed.values() if one.id}
    ids: dict[Path, str] = {}
    for key, one in list(listed.items()):
        for end in range(1, len(key) + 1):
            if key[:end] not in ids:
                found = listed.setdefault(key[:end], Category(one.path[:end], one.where))
                ids[key[:end]] = found.id or _new_id(key[:end], taken)
                taken.add(ids[key[:end]])
    return ids


def _new_id(key: Path, taken: set[str]) -> str:
    """Such as "garden.garden-hoses"."""
    made = id = ".".join(map(slug, key))
    number = 2
    while id in taken:
        id, number = f"{made}-{number}", number + 1
    return id


def slug(name: str) -> str:
    """The name as part of an id."""
    return NO_WORD.sub("-", normalised(name)).strip("-") or "-"


def _node(key: Path, ids: dict[Path, str], category: Category) -> Node:
    name = category.path[-1]
    return Node(ids[key], name, name, ids.get(key[:-1]), (), category.google)


def _with_chinese(nodes: Sequence[Node], listed: dict[Path, Category], ids: dict[Path, str]) -> Iterable[Node]:
    """Siblings of equal Chinese name get the other one beside it."""
    seen: set[tuple[str | None, str]] = {(node.parent, normalised(node.label)) for node in nodes}
    for node, key in zip(nodes, ids, strict=True):
        name = listed[key].path_zh[-1] if listed[key].path_zh else node.label
        if normalised(name) != normalised(node.label) and (node.parent, normalised(name)) in seen:
            name = f"{name} ({node.label})"
        seen.add((node.parent, normalised(name)))
        yield Node(node.id, node.label, name, node.parent, (), node.google)


def _with_names(nodes: Iterable[Node], listed: dict[Path, Category], ids: dict[Path, str]) -> Iterable[Node]:
    """Names in further languages: alone where they mean one category, else as the whole path."""
    nodes = list(nodes)
    labels = {normalised(label) for node in nodes for label in (node.label, node.label_zh)}
    owners: dict[str, set[str]] = {}
    for key, id in ids.items():
        for path in listed[key].others:
            for name in (path[-1], SEPARATOR.join(path)):
                owners.setdefault(normalised(name), set()).add(id)
    for node, key in zip(nodes, ids, strict=True):
        names: dict[str, str] = {}
        for path in listed[key].others:
            for name in (path[-1], SEPARATOR.join(path)):
                if normalised(name) not in labels and len(owners[normalised(name)]) == 1:
                    names.setdefault(normalised(name), name)
                    break
        yield Node(node.id, node.label, node.label_zh, node.parent, tuple(names.values()), node.google)
