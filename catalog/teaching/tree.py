"""Category paths as merchants write them -> a tree, and the names that a file of targets has for its parts."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from catalog.categories.edits import find
from catalog.categories.paths import Category, Path, path_key
from catalog.categories.paths import tree_of as paths_tree
from catalog.errors import CategoryAmbiguous, CategoryNotFound, ConfigInvalid
from catalog.index.filters import meant
from catalog.model.contract import Targets
from catalog.synonyms import attribute_name
from catalog.taxonomy.tree import Taxonomy

SEPARATORS = (">", "\u00bb", "\u203a", "/", "|", ":")  # the second and third as >> and > in quotation marks
SPACED = {"/": r"\s*/\s*", "|": r"\s*\|\s*", ":": r"\s*::?\s*"}
FEW = 0.02  # share of the cells with a sign below which it parts no levels
DEEPEST = 64  # levels


def separator_of(cells: Iterable[str]) -> str:
    """The sign that parts the levels of a column's paths: the first of SEPARATORS that is in some of its cells, and for
    "/", "|" and ":", which occur within names, if cells begin alike before it. "" for names without levels above.
    """
    counted = Counter(cells)
    total = sum(counted.values())
    for sign in SEPARATORS:
        parted = {cell: count for cell, count in counted.items() if sign in cell}
        if sum(parted.values()) <= FEW * total:
            continue
        tops = {cell.split(sign)[0].strip().casefold() for cell in parted}
        if sign in SEPARATORS[:3] or len(tops) < len(parted) or len(parted) == len(counted) == 1:
            return sign
    return ""


def path_of(cell: str, separator: str) -> Path:
    """The levels of a path, from the top down; () for a cell without a name, or with more than DEEPEST."""
    parts = re.split(SPACED.get(separator, re.escape(separator)), cell) if separator else [cell]
    levels = tuple(" ".join(part.split()) for part in parts if part.strip())
    return levels if len(levels) <= DEEPEST else ()


def tree_of(paths: Iterable[Path], version: str) -> Taxonomy:
    """A tree with a node for each path and each that is above one. Names that differ in nothing but case and spaces are
    one category, in the spelling that comes first. Ids are made of the names.
    """
    ordered = sorted(set(paths), key=lambda path: (len(path), path))
    return paths_tree((Category(path, "The column of categories") for path in ordered), version)


def nodes_of(tree: Taxonomy, paths: Iterable[Path]) -> dict[Path, str]:
    """Path -> the id of its node, for those that the tree has."""
    known = {path_key(tree.path(node.id)): node.id for node in tree.nodes}
    return {path: known[key] for path in set(paths) if (key := path_key(path)) in known}


def placed_targets(targets: Targets, tree: Taxonomy) -> Targets:
    """The targets with ids of the tree's nodes. Raises ConfigInvalid for a name that the tree lacks, with the nearest
    ones, that can mean several, or that another one means, too.
    """
    branches: dict[str, tuple[str, float]] = {}
    for name, share in targets.branches.items():
        try:
            node = find(tree, name).id
        except (CategoryNotFound, CategoryAmbiguous) as error:
            raise ConfigInvalid(f"A target is of a category that the tree lacks. {error.message}") from None
        other, before = branches.setdefault(node, (name, share))
        if before != share:
            raise ConfigInvalid(f"Two targets are of one category: {other!r} and {name!r}.")
    return replace(targets, branches={node: share for node, (_, share) in branches.items()})


def check_attributes_of(targets: Targets, known: Iterable[str]) -> None:
    """Raises ConfigInvalid for a target of an attribute that is not known, with the nearest ones, or that has two.

    known: the attributes of which something can be promised.
    """
    names: Mapping[str, str] = {attribute_name(name): name for name in known}
    asked: dict[str, str] = {}
    for name in targets.attributes:
        meaning = attribute_name(name)
        if meaning not in names:
            told = meant(name, {one: one for one in names.values()})
            there = f" Known are {', '.join(sorted(names.values()))}." if names else " None is asked for."
            raise ConfigInvalid(f"A target is of an unknown attribute: {name!r}.{told or there}")
        if (other := asked.setdefault(meaning, name)) != name:
            raise ConfigInvalid(f"Two targets are of one attribute: {other!r} and {name!r}.")
