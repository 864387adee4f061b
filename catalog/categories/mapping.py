"""Which category of one tree is which of another, by their names and by what lies above them.

A category and its counterpart are of the same kind: their names are alike, and so is what lies above them, where a
level that one of the trees lacks is passed over at a price. Or the first is of a finer kind than any of the other tree:
then it belongs where its parent does. The score of a pair is that of the better reading.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats
from catalog.categories.likeness import Embed, Likeness
from catalog.taxonomy.tree import Node, Taxonomy

# Chosen on half of Shopify's rules to Google, see benchmarks/taxonomy_map.py.
NAME = 0.5  # weight of the names; the rest is that of what lies above
PASSED = 0.95  # for each level that the other tree lacks
FINER = 0.86  # for each level by which a category is finer than its counterpart
STRANGE = 0.02  # likeness below which two names are not of one kind, whatever lies above them
ROOT = 0.5  # agreement of what lies above a root and of what lies above a category that is none


@dataclass(frozen=True, slots=True)
class Proposal:
    """A counterpart. score: from 0 to 1; finer: whether it is that of the parent, or of one further above."""

    node: Node
    score: float
    finer: bool


@dataclass(frozen=True, slots=True)
class Mapped:
    """A category and its likeliest counterparts, best first; none where nothing is known of it."""

    node: Node
    proposals: tuple[Proposal, ...]


def map_trees(first: Taxonomy, second: Taxonomy, embed: Embed | None = None, count: int = 5) -> Iterator[Mapped]:
    """Of each category of the first tree, in order, the likeliest of the second.

    embed: texts -> unit vectors, by which names of equal meaning are found; without, equal letters alone count.
    """
    likeness = Likeness(first.nodes, second.nodes, embed)
    above = Above(second)
    above_of: dict[str | None, Floats] = {None: above.of_root}
    finer_of: dict[str | None, Floats] = {None: np.zeros(len(second.nodes), np.float32)}
    for row, node in enumerate(first.nodes):
        like_M = likeness.of(row)
        same_M = np.where(like_M < STRANGE, 0, NAME * like_M + (1 - NAME) * above_of[node.parent]).astype(np.float32)
        finer_M = FINER * finer_of[node.parent]
        score_M = np.maximum(same_M, finer_M)
        best = _best(score_M, count)
        proposals = (Proposal(second.nodes[at], float(score_M[at]), bool(finer_M[at] > same_M[at])) for at in best)
        yield Mapped(node, tuple(one for one in proposals if one.score > 0))
        if not first.is_leaf(node.id):
            finer_of[node.id] = score_M
            above_of[node.id] = np.maximum(PASSED * above_of[node.parent], above.best(score_M))


def _best(score_M: Floats, count: int) -> list[int]:
    """The places of the highest scores; of equal ones the first of the tree's."""
    if count < len(score_M):
        least = np.partition(score_M, -count)[-count]
        places = np.flatnonzero(score_M >= least)
    else:
        places = np.arange(len(score_M))
    return [int(at) for at in places[np.argsort(-score_M[places], kind="stable")][:count]]


class Above:
    """What lies above each category of a tree. of_root: how well that agrees with what lies above a root."""

    def __init__(self, tree: Taxonomy) -> None:
        place = {node.id: at for at, node in enumerate(tree.nodes)}
        depth_M = np.array([len(tree.ancestors(node.id)) - 1 for node in tree.nodes])
        parent_M = np.array([place[node.parent] if node.parent else -1 for node in tree.nodes])
        self._levels: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = [
            (level, parent_M[level])
            for depth in range(1, depth_M.max() + 1)
            for level in [np.flatnonzero(depth_M == depth)]
        ]
        self.of_root: Floats = np.where(depth_M == 0, 1, ROOT * PASSED**depth_M).astype(np.float32)

    def best(self, score_M: Floats) -> Floats:
        """Of each category the best score of those above it, less for each level between."""
        found_M = np.zeros_like(score_M)
        for level, parents in self._levels:
            found_M[level] = np.maximum(score_M[parents], PASSED * found_M[parents])
        return found_M
