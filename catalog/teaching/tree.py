"""Category paths as merchants write them -> a tree."""

import re
from collections import Counter
from collections.abc import Iterable

from catalog.categories.paths import Path, path_key
from catalog.taxonomy.nodes import Node
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
    nodes: dict[tuple[str, ...], Node] = {}
    taken: set[str] = set()
    for path in sorted(set(paths), key=lambda path: (len(path), path)):
        for depth in range(1, len(path) + 1):
            key = path_key(path[:depth])
            if key in nodes:
                continue
            parent = nodes[key[:-1]].id if depth > 1 else None
            label = path[depth - 1]
            nodes[key] = Node(unused(identifier(key), taken), label, label, parent)
    return Taxonomy(version, tuple(sorted(nodes.values(), key=lambda node: node.id.count("/"))), (), ())


def nodes_of(tree: Taxonomy, paths: Iterable[Path]) -> dict[Path, str]:
    """Path -> the id of its node, for those that the tree has."""
    known = {path_key(tree.path(node.id)): node.id for node in tree.nodes}
    return {path: known[key] for path in set(paths) if (key := path_key(path)) in known}


def identifier(key: Path) -> str:
    """Garden > Hoses & Pipes -> garden/hoses-pipes"""
    return "/".join(re.sub(r"\W+", "-", part).strip("-") or "category" for part in key)


def unused(wanted: str, taken: set[str]) -> str:
    found, number = wanted, 2
    while found in taken:
        found, number = f"{wanted}-{number}", number + 1
    taken.add(found)
    return found
