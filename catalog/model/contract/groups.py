"""A contract from held-out products: the groups whose thresholds are tested.

How products are grouped follows from their number alone, not from what is right. A branch with too few products for a
proof that leaves room for some errors is tested together with its root's other small branches, or at last with those of
all roots: alone, a single error would end its promise.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from catalog.arrays import Modalities
from catalog.model.contract.binomial import needed
from catalog.model.contract.targets import Targets
from catalog.model.contract.terms import Claim, Contract, branch, upper_levels
from catalog.model.contract.threshold import SPARE_ERRORS, Outcome, Unpromised, promise
from catalog.product import CategoryScore

LEAST_OF_A_POOL = 10  # products of a branch, for it to be promised together with others


class HeldOut(NamedTuple):
    """The answer for a product that the model was not taught. category: None if it abstains. leaf: whether the category
    is one. truth: ids from the root to the right node. familiar: whether it may be accepted at all.
    """

    category: CategoryScore | None
    leaf: bool
    truth: tuple[str, ...]
    familiar: bool = True


class Answer(NamedTuple):
    """A product with a category that may be accepted."""

    category: CategoryScore
    leaf: bool
    truth: tuple[str, ...]


class Branch(NamedTuple):
    """answers: those with a leaf. products: all whose category is below the branch."""

    node: str
    root: str
    target: float
    answers: list[Answer]
    products: int

    @property
    def is_enough(self) -> bool:
        return len(self.answers) >= needed(SPARE_ERRORS, self.target)


def fit(held_out: Mapping[Modalities, Sequence[HeldOut]], targets: Targets) -> Contract:
    """The contract that these products prove, by modality choice."""
    claims: list[Claim] = []
    for modalities, products in held_out.items():
        of_leaves = leaf_claims(products, modalities, targets)
        short = {node for one in of_leaves if isinstance(one.outcome, Unpromised) for node in one.nodes}
        # Leaves join the others here because many of them were wrong, which makes no node look better than it is.
        rest = [one for one in answers(products) if not one.leaf or branch(one.category) in short]
        claims += [*of_leaves, *node_claims(rest, modalities, targets)]
    return Contract(tuple(claims), targets=targets)


def answers(products: Iterable[HeldOut]) -> list[Answer]:
    return [Answer(one.category, one.leaf, one.truth) for one in products if one.category and one.familiar]


def leaf_claims(products: Sequence[HeldOut], modalities: Modalities, targets: Targets) -> list[Claim]:
    """Claims that the leaves of branches are right."""
    below: dict[str, list[HeldOut]] = defaultdict(list)
    for one in products:
        if one.category:
            below[branch(one.category)].append(one)
    branches = []
    for node, found in below.items():
        root = next(one.category.path_ids[0] for one in found if one.category)
        leaves = [one for one in answers(found) if one.leaf]
        branches.append(Branch(node, root, targets.of(modalities, (root, node)), leaves, len(found)))
    return [
        Claim(modalities, "leaves", tuple(sorted(one.node for one in group)), leaf_outcome(group))
        for group in grouped(branches)
    ]


def grouped(branches: Sequence[Branch]) -> list[list[Branch]]:
    """The branches that are tested together: each alone, else those of one root, else of all, by target."""
    thin = [one for one in branches if not one.is_enough and len(one.answers) < LEAST_OF_A_POOL]
    groups = [[one] for one in branches if one.is_enough]
    rest = [one for one in branches if not one.is_enough and one not in thin]
    by_root = _gathered(rest, lambda one: (one.root, one.target))
    groups += [group for group in by_root if _is_enough(group)]
    rest = [one for group in by_root if not _is_enough(group) for one in group]
    return [*groups, *_gathered(rest, lambda one: one.target), *([one] for one in thin)]


def _gathered(branches: Iterable[Branch], key: Callable[[Branch], Hashable]) -> list[list[Branch]]:
    groups: dict[Hashable, list[Branch]] = defaultdict(list)
    for one in branches:
        groups[key(one)].append(one)
    return list(groups.values())


def _is_enough(group: Sequence[Branch]) -> bool:
    return sum(len(one.answers) for one in group) >= needed(SPARE_ERRORS, group[0].target)


def leaf_outcome(group: Sequence[Branch]) -> Outcome:
    found = [answer for one in group for answer in one.answers]
    score_N = np.array([one.category.score for one in found], np.float32)
    right_N = np.array([is_right(one.category.path_ids, one.truth) for one in found], bool)
    return promise(score_N, right_N, group[0].target, sum(one.products for one in group))


def is_right(found: Sequence[str], truth: Sequence[str]) -> bool:
    """Whether a node is on the path of the truth, or below it if the truth is no leaf. Both are ids from the root."""
    return found[-1] in truth or truth[-1] in found


def node_claims(found: Sequence[Answer], modalities: Modalities, targets: Targets) -> list[Claim]:
    """Claims that nodes are right, for products without a leaf that can be promised. Each counts for the deepest node
    that can stand for its category and has the products for it.
    """
    rest, claims = list(enumerate(found)), []
    deepest = max((len(one.category.path_ids) for one in found), default=0)
    for level in range(deepest - 1, -1, -1):
        at: dict[str, list[tuple[int, Answer]]] = defaultdict(list)
        for n, one in rest:
            if level in upper_levels(one.category, one.leaf):
                at[one.category.path_ids[level]].append((n, one))
        for node, mine in at.items():
            target = targets.of(modalities, mine[0][1].category.path_ids[: level + 1])
            if len(mine) >= needed(0, target):
                score_N = np.array([one.category.path_scores[level] for _, one in mine], np.float32)
                right_N = np.array([node in one.truth for _, one in mine], bool)
                claims.append(Claim(modalities, "nodes", (node,), promise(score_N, right_N, target)))
                taken = {n for n, _ in mine}
                rest = [(n, one) for n, one in rest if n not in taken]
    return claims
