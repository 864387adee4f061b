"""Category paths as merchants write them -> a tree."""

import re
from collections import Counter
from collections.abc import Iterable

from catalog.categories.paths import Category, Path, path_key
from catalog.categories.paths import tree_of as paths_tree
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
