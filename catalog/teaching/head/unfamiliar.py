"""How a product of no taught category differs from the others: told by taking whole categories out of the lesson.

What the head, not having seen a category, says of its products is what it will say of kinds that nobody taught. Two
things tell them: how near the nearest examples are, and how clearly any category is meant.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from catalog.arrays import Floats, nearest_but_one, sigmoid
from catalog.model.taught import TaughtHead
from catalog.teaching.examples import Ints
from catalog.teaching.head.fit import FEW_VOTERS, Learnt, Lesson, Settings, fit_head
from catalog.teaching.head.ridge import blocks

FOLDS = 3
STEPS, RIDGE = 25, 1e-2  # of Newton's method
SEED = 0


class Signs(NamedTuple):
    """Of each view the cosine to the nearest but one example that is another product, and the best score."""

    near_V: Floats
    score_V: Floats


class Judged(NamedTuple):
    """The head that tells unfamiliar products, and the log odds of each view: as it is, and as an unknown kind's."""

    head: TaughtHead
    known_V: Floats
    unknown_V: Floats


def learn_unfamiliar(lesson: Lesson, learnt: Learnt, kinds_N: Ints) -> Judged:
    """kinds_N: what is taken out together, such as the department of each example. Of a single kind nothing can be
    told: nothing is unfamiliar.
    """
    known = Signs(nearest_others(lesson, learnt.head), learnt.held_out_VC.max(1))
    if len(np.unique(kinds_N)) < 2:
        never_V = np.full(len(known.near_V), -np.inf, np.float32)
        never_3 = np.array([0, 0, -np.inf], np.float32)
        return Judged(replace(learnt.head, unfamiliar_3=never_3), never_V, never_V)
    unknown = as_unknown(lesson, learnt.settings, kinds_N)
    judged_V = lesson.views.judged_V
    slopes = logistic(np.stack(known)[:, judged_V], np.stack(unknown)[:, judged_V])
    known_V, unknown_V = (slopes[0] * near + slopes[1] * score + slopes[2] for near, score in (known, unknown))
    return Judged(replace(learnt.head, unfamiliar_3=slopes), known_V, unknown_V)


def nearest_others(lesson: Lesson, head: TaughtHead) -> Floats:
    """(V,): the cosine to the nearest but one example that is not the same product."""
    vector_VE, group_V = lesson.views.vector_VE, lesson.groups_N[lesson.views.example_V]
    places = {row.tobytes(): -1 for row in head.examples_SE.astype(np.float16)}
    for numbers in blocks(len(vector_VE)):
        packed = zip(vector_VE[numbers].astype(np.float16), group_V[numbers].tolist(), strict=True)
        places |= {key: group for row, group in packed if (key := row.tobytes()) in places}
    group_S = np.array([places[row.tobytes()] for row in head.examples_SE.astype(np.float16)])
    near_V = np.empty(len(vector_VE), np.float32)
    for numbers in blocks(len(vector_VE)):
        near_BS = vector_VE[numbers] @ head.examples_SE.T
        near_BS[group_V[numbers][:, None] == group_S] = -1
        near_V[numbers] = nearest_but_one(near_BS)
    return near_V


def as_unknown(lesson: Lesson, settings: Settings, kinds_N: Ints) -> Signs:
    """What heads say that were taught without the example's kind."""
    fold_K = np.random.default_rng(SEED).permutation(len(kinds := np.unique(kinds_N))) % min(FOLDS, len(kinds))
    fold_N = fold_K[np.searchsorted(kinds, kinds_N)]
    example_V = lesson.views.example_V
    near_V, score_V = np.zeros((2, len(example_V)), np.float32)
    for fold in np.unique(fold_N):
        out_V = fold_N[example_V] == fold
        rest = lesson.only(np.flatnonzero(fold_N != fold)).without_empty_leaves()
        head = fit_head(rest, settings, FEW_VOTERS)
        vector_VE = lesson.views.vector_VE[out_V]
        near_V[out_V] = nearest_but_one(vector_VE @ head.examples_SE.T)
        score_V[out_V] = head.logits(vector_VE).max(1)
    return Signs(near_V, score_V)


def logistic(known_2V: Floats, unknown_2V: Floats) -> Floats:
    """The slopes and the offset of the log odds of being unknown, with both as likely (Newton's method)."""
    x_V3 = np.concatenate([known_2V, unknown_2V], 1).T.astype(np.float64)
    x_V3 = np.column_stack([x_V3, np.ones(len(x_V3))])
    y_V = np.arange(len(x_V3)) >= known_2V.shape[1]
    slopes = np.zeros(3)
    for _ in range(STEPS):
        chance_V = sigmoid(np.asarray(x_V3 @ slopes, np.float32))
        pull = x_V3.T @ (y_V - chance_V) - RIDGE * slopes
        bend = (x_V3 * (chance_V * (1 - chance_V))[:, None]).T @ x_V3 + RIDGE * np.eye(3)
        slopes += np.linalg.solve(bend, pull)
    return np.asarray(slopes, np.float32)
