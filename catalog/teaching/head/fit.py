"""Examples of a tree's categories -> the head that files products among them, with what it says of each one unseen.

Kernel ridge regression on the embedding, to which the categories' names add their part. How much they do, and the
penalty, are the usual ones, unless others file clearly more of the examples right, each unseen.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product, starmap
from typing import NamedTuple

import numpy as np

from catalog.arrays import Floats
from catalog.model.taught import TaughtHead, kernel
from catalog.taxonomy.tree import Taxonomy
from catalog.teaching.examples import Ints, Views
from catalog.teaching.head.ridge import Design

MAX_VOTERS, FEW_VOTERS = 1_024, 384  # examples that vote; the others decide what those say
IN_TURN = 0.25  # of those that vote are from each category in its turn; the others are the hardest to file
CHOSEN_ON = 1_500  # examples at most on which the settings are chosen
PENALTIES = (0.03, 0.1, 0.3, 1.0)
NAMES = (0.0, 1.0, 2.0)  # weight of the names beside the votes
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


class Candidate(NamedTuple):
    weight_FC: Floats
    held_out_VC: Floats
    settings: Settings


def fit(lesson: Lesson, settings: Settings | None = None, max_voters: int = MAX_VOTERS) -> Learnt:
    """settings: those of a lesson that this is a part of; chosen without, of a large lesson on a part of it."""
    if not settings and len(lesson.groups_N) > CHOSEN_ON:
        some = np.random.default_rng(SEED).permutation(len(lesson.groups_N))[:CHOSEN_ON]
        settings = fit(lesson.only(np.sort(some)), None, FEW_VOTERS).settings
    asked = [settings] if settings else [USUAL, *starmap(Settings, product(PENALTIES, NAMES))]
    voter_S = in_turn(lesson, max_voters)
    if len(lesson.views.vector_VE) > max_voters:
        few_S = voter_S[: round(IN_TURN * max_voters)]
        rough = solved(lesson, few_S, [settings or USUAL])
        voter_S = with_hardest(few_S, margins(rough.held_out_VC, lesson), max_voters)
    return solved(lesson, voter_S, asked)


def solved(lesson: Lesson, voter_S: Ints, asked: Sequence[Settings]) -> Learnt:
    """voter_S: the views that vote; asked: the settings to choose from, the usual ones first."""
    views, example_V = lesson.views, lesson.views.example_V
    target_VC = lesson.leaves_NC[example_V] - 1 / lesson.leaves_NC.shape[1]
    names_EC = (lesson.names_CE - lesson.names_CE.mean(0)).T
    named_VC = views.vector_VE @ names_EC
    voters_SE = np.asarray(views.vector_VE[np.sort(voter_S)], np.float16).astype(np.float32)
    whitened_SF = whitening(voters_SE)
    design = Design(kernel(views.vector_VE, voters_SE) @ whitened_SF, lesson.groups_N[example_V], weights(lesson))
    best = choose((fitted(design, target_VC, named_VC, one) for one in asked), lesson)
    votes_SC = np.asarray(whitened_SF @ best.weight_FC, np.float32)
    head = TaughtHead(
        voters_SE, votes_SC, np.asarray(best.settings.names * names_EC, np.float32), np.zeros(3, np.float32)
    )
    return Learnt(head, best.held_out_VC, best.settings)


def choose(candidates: Iterator[Candidate], lesson: Lesson) -> Candidate:
    """The usual one, which comes first, or the best of the others if it is better by a standard error."""
    usual = next(candidates)
    if not lesson.views.judged_V.any():
        return usual
    least = rightness(usual.held_out_VC, lesson)
    least += math.sqrt(max(least * (1 - least), 0) / len(lesson.leaves_NC))
    best = max(candidates, key=lambda one: rightness(one.held_out_VC, lesson), default=usual)
    return best if rightness(best.held_out_VC, lesson) > least else usual


def fitted(design: Design, target_VC: Floats, named_VC: Floats, settings: Settings) -> Candidate:
    part_VC = np.asarray(settings.names * named_VC, np.float32)
    weight_FC, held_out_VC = design.fit(target_VC - part_VC, settings.penalty)
    return Candidate(weight_FC, held_out_VC + part_VC, settings)


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


def in_turn(lesson: Lesson, limit: int) -> Ints:
    """(S,): at most so many of the views, of each category in its turn."""
    draw = np.random.default_rng(SEED)
    leaf_V = lesson.leaves_NC.argmax(1)[lesson.views.example_V]
    order_V = draw.permutation(len(leaf_V))
    turn_V = np.empty(len(leaf_V), np.int64)
    for leaf in np.unique(leaf_V):
        mine = order_V[leaf_V[order_V] == leaf]
        turn_V[mine] = np.arange(len(mine))
    return order_V[np.argsort(turn_V[order_V], kind="stable")][:limit]


def margins(score_VC: Floats, lesson: Lesson) -> Floats:
    """(V,): by how much the best of a view's own leaves is above the best other one."""
    mine_VC = lesson.leaves_NC[lesson.views.example_V] > 0
    return np.where(mine_VC, score_VC, -np.inf).max(1) - np.where(mine_VC, -np.inf, score_VC).max(1)


def with_hardest(few_S: Ints, margin_V: Floats, limit: int) -> Ints:
    """Some of the views and, up to the limit, the others with the least margins: they tell where categories meet."""
    order_V = np.argsort(margin_V, kind="stable")
    return np.concatenate([few_S, order_V[~np.isin(order_V, few_S)][: limit - len(few_S)]])


def whitening(voters_SE: Floats) -> Floats:
    """(S, F) from kernels of the voters to features whose inner products are the kernels (Nyström)."""
    kernel_SS = kernel(voters_SE, voters_SE).astype(np.float64)
    lower_SF = np.linalg.cholesky(kernel_SS + JITTER * np.eye(len(kernel_SS)))
    return np.asarray(np.linalg.inv(lower_SF).T, np.float32)


def leaf_shares(tree: Taxonomy, nodes: Sequence[str]) -> Floats:
    """(N, C): see `Lesson`. nodes: of each example."""
    share_NC = np.zeros((len(nodes), len(tree.leaves)), np.float32)
    for row, node in enumerate(nodes):
        below = list(tree.leaves_under(node))
        share_NC[row, below] = 1 / len(below)
    return share_NC
