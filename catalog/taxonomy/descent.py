"""The descent in the tree: from probabilities of leaves to the deepest category that is certain enough."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats
from catalog.product import CategoryScore
from catalog.taxonomy.tree import Taxonomy


class Descent:
    """A category tree, indexed for the descent. Safe to share between threads."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._nodes = taxonomy.nodes
        self._position = {node.id: position for position, node in enumerate(taxonomy.nodes)}
        self._paths = [taxonomy.ancestors(node.id) for node in taxonomy.nodes]
        self._labels = [taxonomy.path(node.id) for node in taxonomy.nodes]
        self._leaves_C = np.array([self._position[leaf.id] for leaf in taxonomy.leaves])
        self._children: dict[str | None, list[int]] = {}
        for position, node in enumerate(taxonomy.nodes):
            self._children.setdefault(node.parent, []).append(position)
        self._order_C, self._first_M, self._end_M = self._leaf_ranges(taxonomy)

    def _leaf_ranges(self, taxonomy: Taxonomy) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The leaves in an order in which those below a node are neighbours, and where each node's begin and end."""
        sizes = [len(taxonomy.leaves_under(node.id)) for node in taxonomy.nodes]
        first_M, order_C = np.zeros(len(sizes), int), np.zeros(len(taxonomy.leaves), int)
        for children in self._children.values():  # parents come before their children
            parent = self._nodes[children[0]].parent
            place = 0 if parent is None else first_M[self._position[parent]]
            for child in children:
                first_M[child] = place
                place += sizes[child]
        order_C[first_M[self._leaves_C]] = np.arange(len(order_C))
        return order_C, first_M, first_M + sizes

    def scores(self, probability_NC: Floats) -> Floats:
        """Leaf probabilities of N products -> probabilities of all M nodes, in the taxonomy's order. A node has the
        sum of its leaves.
        """
        before = np.zeros((*probability_NC.shape[:-1], probability_NC.shape[-1] + 1))
        np.cumsum(probability_NC[..., self._order_C], -1, np.float64, before[..., 1:])
        score_NM = before[..., self._end_M] - before[..., self._first_M]
        return np.minimum(score_NM, 1).astype(probability_NC.dtype)

    def score(self, score_M: Floats, category: CategoryScore) -> float:
        """Of a category of this tree."""
        return float(score_M[self._position[category.id]])

    def promised(self, score_NM: Floats, least: Callable[[str, int], float]) -> list[CategoryScore | None]:
        """Of each product the deepest node for which it and each ancestor are the likeliest of their siblings and
        certain enough.

        least: the id of the root and the level, 0 for the root itself -> the minimum probability.
        """
        found: list[CategoryScore | None] = [None] * len(score_NM)
        reached: list[tuple[int | None, NDArray[np.int64]]] = [(None, np.arange(len(score_NM)))]
        while reached:
            node, rows_R = reached.pop()
            deeper_R = np.zeros(len(rows_R), bool)
            for child, rows in self._likeliest_children(node, rows_R, score_NM):
                root, level = self._paths[child][0], len(self._paths[child]) - 1
                sure = score_NM[rows_R[rows], child] >= least(root, level)
                deeper_R[rows[sure]] = True
                reached.append((child, rows_R[rows[sure]]))
            ended = rows_R[~deeper_R]
            if node is not None:
                for row, scored in zip(ended.tolist(), self._scored(node, score_NM[ended]), strict=True):
                    found[row] = scored
        return found

    def _likeliest_children(
        self, node: int | None, rows_R: NDArray[np.int64], score_NM: Floats
    ) -> list[tuple[int, NDArray[np.int64]]]:
        """The node's children that are the likeliest of some of the rows, and the places of these among the rows."""
        children = self._children.get(None if node is None else self._nodes[node].id)
        if children is None or not len(rows_R):
            return []
        best_R = score_NM[rows_R[:, None], children].argmax(1)
        return [(children[place], np.flatnonzero(best_R == place)) for place in np.unique(best_R)]

    def likeliest(self, score_M: Floats, under: CategoryScore | None, count: int) -> tuple[CategoryScore, ...]:
        """The likeliest leaves, best first: of those below `under` if it has any, else of all others."""
        leaves_C = self._leaves_C
        if under is not None and self.is_leaf(under):
            leaves_C = leaves_C[leaves_C != self._position[under.id]]
        elif under is not None:
            node = self._position[under.id]
            leaves_C = self._leaves_C[np.sort(self._order_C[self._first_M[node] : self._end_M[node]])]
        score_C = score_M[leaves_C]
        if 0 < count < len(leaves_C):  # sort only those that can be among the first
            kept = score_C >= np.partition(score_C, -count)[-count]
            leaves_C, score_C = leaves_C[kept], score_C[kept]
        best = leaves_C[np.argsort(-score_C, kind="stable")[:count]]
        return tuple(self._scored(int(position), score_M[None])[0] for position in best)

    def is_leaf(self, category: CategoryScore) -> bool:
        return category.id not in self._children

    def _scored(self, position: int, score_NM: Floats) -> list[CategoryScore]:
        """The node with its scores, for each product."""
        ids, labels = self._paths[position], self._labels[position]
        path_scores = score_NM[:, [self._position[node] for node in ids]].tolist()
        return [CategoryScore(id=ids[-1], path=labels, path_scores=tuple(one), path_ids=ids) for one in path_scores]
