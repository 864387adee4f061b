"""The descent in the tree: from probabilities of leaves to the deepest category that is certain enough."""

from collections.abc import Callable, Iterable

import numpy as np

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
        self._leaves = [self._position[leaf.id] for leaf in taxonomy.leaves]
        self._children: dict[str | None, list[int]] = {}
        self._member_MC = np.zeros((len(taxonomy.nodes), len(taxonomy.leaves)), np.float32)
        for position, node in enumerate(taxonomy.nodes):
            self._children.setdefault(node.parent, []).append(position)
            self._member_MC[position, list(taxonomy.leaves_under(node.id))] = 1

    def scores(self, probability_NC: Floats) -> Floats:
        """Leaf probabilities of N products -> probabilities of all M nodes, in the taxonomy's order. A node has the
        sum of its leaves.
        """
        return np.minimum(probability_NC @ self._member_MC.T, 1)

    def promised(self, score_M: Floats, least: Callable[[int], float]) -> CategoryScore | None:
        """The deepest node for which it and each ancestor are the likeliest of their siblings and certain enough.

        least: level, 0 for the roots -> the minimum probability.
        """
        found, level = None, 0
        while below := self._children.get(found if found is None else self._nodes[found].id):
            best = max(below, key=lambda position: score_M[position])
            if score_M[best] < least(level):
                break
            found, level = best, level + 1
        return None if found is None else self._scored(found, score_M)

    def likeliest(self, score_M: Floats, under: CategoryScore | None, count: int) -> tuple[CategoryScore, ...]:
        """The likeliest leaves, best first: of those below `under` if it has any, else of all others."""
        among: Iterable[int] = self._leaves
        if under is not None:
            below = [leaf for leaf in self._leaves if under.id in self._paths[leaf][:-1]]
            among = below or [leaf for leaf in self._leaves if self._nodes[leaf].id != under.id]
        best = sorted(among, key=lambda position: -score_M[position])[:count]
        return tuple(self._scored(position, score_M) for position in best)

    def is_leaf(self, category: CategoryScore) -> bool:
        return category.id not in self._children

    def _scored(self, position: int, score_M: Floats) -> CategoryScore:
        ids = self._paths[position]
        return CategoryScore(
            id=ids[-1],
            path=self._labels[position],
            path_scores=tuple(float(score_M[self._position[node]]) for node in ids),
            path_ids=ids,
        )
