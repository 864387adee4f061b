"""Examples of a tree's categories -> the head that files products among them, with what it says of each one unseen.

Kernel ridge regression on the embedding, to which the categories' names add their part. How much they do, and the
penalty, are the usual ones, unless others file clearly more of the examples right, each unseen.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from catalog.arrays import Floats
from catalog.model.taught import TaughtHead, kernel
from catalog.taxonomy.tree import Taxonomy
from catalog.teaching.examples import Ints, Views
from catalog.teaching.head.ridge import Design, blocks, inverse

MAX_VOTERS, FEW_VOTERS = 1_024, 384  # examples that vote; the others decide what those say
IN_TURN = 0.25  # of those that vote are from each category in its turn; the others are the hardest to file
CHOSEN_ON = 1_500  # examples at most on which the settings are chosen
PENALTIES = (0.03, 0.1, 0.3, 1.0)
NAMES = (0.0, 1.0, 2.0)  # weight of the names beside the votes
KEPT = 32_000_000  # kernels at most that are kept: of more, they are computed again whenever they are needed
JITTER = 1e-4  # of a kernel with voters that are nearly the same
SEED = 0


@dataclass(frozen=True)
class Lesson:
    """What is to be learnt. leaves_NC: of each example the share that it has in each leaf: 1 in its own, or as much in
    each of those below an inner node. groups_N: see `examples.groups_of`. names_CE: unit vectors of the leaves' names.
    """

    views: Views
    leaves_NC: Floats
    groups_N: Ints
    names_CE: Floats

    def only(self, examples_N: Ints) -> "Lesson":
        """That of some of the examples."""
        number_N = np.full(len(self.groups_N), -1)
        number_N[examples_N] = np.arange(len(examples_N))
        kept_V = number_N[self.views.example_V] >= 0
        views = self.views.only(kept_V)
        views = replace(views, example_V=number_N[views.example_V])
        return Lesson(views, self.leaves_NC[examples_N], self.groups_N[examples_N], self.names_CE)

    def without_empty_leaves(self) -> "Lesson":
        """That of the leaves which have examples."""
        taught_C = self.leaves_NC.any(0)
        return Lesson(self.views, self.leaves_NC[:, taught_C], self.groups_N, self.names_CE[taught_C])


class Settings(NamedTuple):
    """penalty: of the ridge regression; names: their weight beside the votes."""

    penalty: float
    names: float


USUAL = Settings(0.1, 2.0)  # others must beat it by more than chance would let them


class Learnt(NamedTuple):
    """held_out_VC: the scores of each view, by a head that never saw its group."""

    head: TaughtHead
    held_out_VC: Floats
    settings: Settings


def fit(lesson: Lesson, settings: Settings | None = None, max_voters: int = MAX_VOTERS) -> Learnt:
    """settings: those of a lesson that this is a part of; chosen without, of a large lesson on a part of it."""
    if not settings and len(lesson.groups_N) > CHOSEN_ON:
        some = np.random.default_rng(SEED).permutation(len(lesson.groups_N))[:CHOSEN_ON]
        part = lesson.only(np.sort(some))
        settings = choose(part, voters(part, USUAL, FEW_VOTERS))
    voters_SE = voters(lesson, settings or USUAL, max_voters)
    regression = Regression(lesson, voters_SE, settings or choose(lesson, voters_SE))
    return Learnt(regression.head, regression.held_out(), regression.settings)


def fit_head(lesson: Lesson, settings: Settings, max_voters: int) -> TaughtHead:
    """The head of `fit` alone: it is the held-out scores that take the time."""
    return Regression(lesson, voters(lesson, settings, max_voters), settings).head


class Regression:
    """That of a lesson on the kernels with some of its views, which vote, with what the names add."""

    def __init__(self, lesson: Lesson, voters_SE: Floats, settings: Settings) -> None:
        self.settings = settings
        self._vector_VE, names_EC = (
            lesson.views.vector_VE,
            np.asarray(settings.names * centred_names(lesson), np.float32),
        )
        self._design = design(lesson, voters_SE, lambda share_BC, vector_BE: share_BC - vector_BE @ names_EC)
        self._solution = self._design.solve(settings.penalty)
        self.head = TaughtHead(voters_SE, self._solution.votes_SC, names_EC, np.zeros(3, np.float32))

    def held_out(self) -> Floats:
        """(V, C): see `Learnt`."""
        score_VC = self._design.held_out(self._solution)
        for numbers in blocks(len(score_VC)):
            score_VC[numbers] += self._vector_VE[numbers] @ self.head.names_EC
        return score_VC


def design(lesson: Lesson, voters_SE: Floats, targets: Callable[[Floats, Floats], Floats]) -> Design:
    """targets: the leaves' shares, less their mean, of some views (B, C), and their vectors (B, E) -> what the votes
    are to give.
    """
    vector_VE, example_V, mean = lesson.views.vector_VE, lesson.views.example_V, 1 / lesson.leaves_NC.shape[1]
    kept = len(vector_VE) * len(voters_SE) <= KEPT
    kernel_VS = kernel(vector_VE, voters_SE) if kept else None

    def rows(numbers: Ints) -> tuple[Floats, Floats]:
        vector_BE = vector_VE[numbers]
        kernel_BS = kernel(vector_BE, voters_SE) if kernel_VS is None else kernel_VS[numbers]
        return kernel_BS, targets(lesson.leaves_NC[example_V[numbers]] - mean, vector_BE)

    return Design(rows, whitening(voters_SE), lesson.groups_N[example_V], weights(lesson))


def centred_names(lesson: Lesson) -> Floats:
    """(E, C)"""
    return (lesson.names_CE - lesson.names_CE.mean(0)).T


def choose(lesson: Lesson, voters_SE: Floats) -> Settings:
    """The usual ones, or the best of the others if they are better by a standard error.

    Held-out scores are linear in what the votes are to give, so one fit to the shares and one to the names' part tell
    those of any weight of the names.
    """
    if not lesson.views.judged_V.any():
        return USUAL
    names_EC, classes = centred_names(lesson), lesson.leaves_NC.shape[1]
    named_VC = lesson.views.vector_VE @ names_EC
    both = design(lesson, voters_SE, lambda share_BC, vector_BE: np.hstack([share_BC, vector_BE @ names_EC]))
    right: dict[Settings, float] = {}
    for penalty in PENALTIES:
        held_out_VC = both.held_out(both.solve(penalty))
        more_VC = named_VC - held_out_VC[:, classes:]
        for names in NAMES:
            score_VC = held_out_VC[:, :classes] + np.float32(names) * more_VC
            right[Settings(penalty, names)] = rightness(score_VC, lesson)
    best, usual = max(right, key=lambda one: right[one]), right[USUAL]
    least = usual + math.sqrt(max(usual * (1 - usual), 0) / len(lesson.leaves_NC))
    return best if right[best] > least else USUAL


def rightness(score_VC: Floats, lesson: Lesson) -> float:
    """Of the judged views the share whose best leaf is one of the example's, and a little of how clearly it is."""
    judged_V = lesson.views.judged_V
    score_VC, leaves_VC = score_VC[judged_V], lesson.leaves_NC[lesson.views.example_V[judged_V]]
    right = np.take_along_axis(leaves_VC, score_VC.argmax(1)[:, None], 1) > 0
    error = np.square(score_VC + 1 / score_VC.shape[1] - leaves_VC).sum(1)
    return float(right.mean() - 0.01 * error.mean())


def weights(lesson: Lesson) -> Floats:
    """Of each view: categories weigh by the root of their examples, so that the rare are heard and the common stay."""
    count_C = lesson.leaves_NC.sum(0)
    weight_N = (lesson.leaves_NC / np.sqrt(np.maximum(count_C, 1e-6))).sum(1)
    return np.asarray(weight_N[lesson.views.example_V], np.float32)


def voters(lesson: Lesson, settings: Settings, limit: int) -> Floats:
    """(S, E): the vectors of at most so many views, as a head keeps them: of each category in its turn or, of more
    views, some of these and the hardest to file.
    """
    voter_S = in_turn(lesson, limit)
    if len(lesson.views.vector_VE) > limit:
        few_S = voter_S[: round(IN_TURN * limit)]
        rough_VC = Regression(lesson, kept_vectors(lesson, few_S), settings).held_out()
        voter_S = with_hardest(few_S, margins(rough_VC, lesson), limit)
    return kept_vectors(lesson, voter_S)


def kept_vectors(lesson: Lesson, views_S: Ints) -> Floats:
    return lesson.views.vector_VE[np.sort(views_S)].astype(np.float16).astype(np.float32)


def in_turn(lesson: Lesson, limit: int) -> Ints:
    """(S,): at most so many of the views, of each category in its turn."""
    draw = np.random.default_rng(SEED)
    leaf_V = lesson.leaves_NC.argmax(1)[lesson.views.example_V]
    order_V = draw.permutation(len(leaf_V))
    by_leaf_V = np.argsort(leaf_V[order_V], kind="stable")
    _, first, count = np.unique(leaf_V[order_V][by_leaf_V], return_index=True, return_counts=True)
    turn_V = np.empty(len(leaf_V), np.int64)
    turn_V[by_leaf_V] = np.arange(len(leaf_V)) - np.repeat(first, count)
    return order_V[np.argsort(turn_V, kind="stable")][:limit]


def margins(score_VC: Floats, lesson: Lesson) -> Floats:
    """(V,): by how much the best of a view's own leaves is above the best other one."""
    margin_V = np.empty(len(score_VC), np.float32)
    for numbers in blocks(len(score_VC)):
        mine_BC = lesson.leaves_NC[lesson.views.example_V[numbers]] > 0
        score_BC = score_VC[numbers]
        own_B = np.where(mine_BC, score_BC, -np.inf).max(1)
        margin_V[numbers] = own_B - np.where(mine_BC, -np.inf, score_BC).max(1)
    return margin_V


def with_hardest(few_S: Ints, margin_V: Floats, limit: int) -> Ints:
    """Some of the views and, up to the limit, the others with the least margins: they tell where categories meet."""
    order_V = np.argsort(margin_V, kind="stable")
    return np.concatenate([few_S, order_V[~np.isin(order_V, few_S)][: limit - len(few_S)]])


def whitening(voters_SE: Floats) -> Floats:
    """(S, F) from kernels of the voters to features whose inner products are the kernels (Nyström)."""
    kernel_SS = kernel(voters_SE, voters_SE).astype(np.float64)
    lower_SF = np.linalg.cholesky(kernel_SS + JITTER * np.eye(len(kernel_SS)))
    return np.asarray(inverse(lower_SF).T, np.float32)


def leaf_shares(tree: Taxonomy, nodes: Sequence[str]) -> Floats:
    """(N, C): see `Lesson`. nodes: of each example."""
    share_NC = np.zeros((len(nodes), len(tree.leaves)), np.float32)
    for row, node in enumerate(nodes):
        below = list(tree.leaves_under(node))
        share_NC[row, below] = 1 / len(below)
    return share_NC
