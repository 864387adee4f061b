"""Label errors: examples whose given category the model, which never saw them, finds unlikely.

The surest errors come first: those to which the model gives a low score where they are, and where few of the nearest
products are. How far the likelier category is in the tree does not count: it ranks errors between siblings too low, and
the given category's score tells most of it already. The nearest labelled neighbours are the proof.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from catalog.arrays import Floats, Modalities, softmax
from catalog.model.calibration import Calibration
from catalog.taxonomy.tree import Taxonomy
from catalog.teaching.examples import Example, Ints, own_vectors
from catalog.teaching.head.calibrate import Measured
from catalog.teaching.head.fit import Lesson

NEIGHBOURS = 3  # that are shown
DOUBTED = 0.5  # of the probability that another category has beyond the given one
OTHER = 0.5  # weight of the best other category's score beside the given one's
VOTERS, VOTE = 40, 0.5  # nearest products that vote, and the weight of their vote
UNHEARD = 0.01  # the share of votes that counts as none
ELECTORATE = 8_192  # products at most that voters come from
JUDGED = 0.2  # share of the products, the most doubtful by score, on which neighbours vote
NEARER = 10.0  # of two neighbours, one nearer by 0.1 counts e times as much
BLOCK = 256
SEED = 0


class Neighbour(NamedTuple):
    id: str
    title: str
    category: str
    cosine: float


class Doubt(NamedTuple):
    """given, likelier: paths; given_score, likelier_score: their probabilities, 0 to 1."""

    id: str
    line: int
    title: str
    given: str
    likelier: str
    given_score: float
    likelier_score: float
    neighbours: tuple[Neighbour, ...]


def doubts(
    examples: Sequence[Example],
    lesson: Lesson,
    found: Sequence[Measured],
    tree: Taxonomy,
    calibration: Calibration,
    least: float = DOUBTED,
) -> list[Doubt]:
    """The doubted ones, the surest errors first."""
    temperatures = {choice: by_root["*"] for choice, by_root in calibration.temperature.items()}
    logits_NC = own_logits(lesson, found, temperatures)
    scores_NC = softmax(logits_NC)
    given_N = (scores_NC * (lesson.leaves_NC > 0)).sum(1)
    order = [
        int(n)
        for n in np.argsort(-suspicion(lesson, own_vectors(examples), logits_NC), kind="stable")
        if scores_NC[n].max() - given_N[n] >= least
    ]
    near = neighbours(examples, lesson, order)
    return [doubt(examples[n], tree, scores_NC[n], float(given_N[n]), near[place]) for place, n in enumerate(order)]


def suspicion(lesson: Lesson, vector_NE: Floats, logits_NC: Floats) -> Floats:
    """(N,): rises with how likely the given category is an error. vector_NE, logits_NC: of each example unseen, by all
    that was read of it.
    """
    mine_NC = lesson.leaves_NC > 0
    given_N, other_N = (np.where(one_NC, logits_NC, -np.inf).max(1) for one_NC in (mine_NC, ~mine_NC))
    found_N = np.asarray(OTHER * np.where(np.isfinite(other_N), other_N, given_N) - given_N, np.float32)
    order_N = np.argsort(-found_N, kind="stable")
    judged = order_N[: math.ceil(JUDGED * len(order_N))]
    found_N[judged] -= VOTE * np.log(agreement(lesson, vector_NE, judged) + UNHEARD)
    return found_N


def agreement(lesson: Lesson, vector_NE: Floats, judged: Ints) -> Floats:
    """Of each of the judged examples the share of the nearest other products that are in its category, the nearer of
    them counting more.
    """
    voters_S = np.random.default_rng(SEED).permutation(len(vector_NE))[:ELECTORATE]
    leaf_N, shares = lesson.leaves_NC.argmax(1), []
    for start in range(0, len(judged), BLOCK):
        block = judged[start : start + BLOCK]
        cosine_BS = vector_NE[block] @ vector_NE[voters_S].T
        cosine_BS[lesson.groups_N[block][:, None] == lesson.groups_N[voters_S]] = -1
        near_BK = np.argpartition(-cosine_BS, min(VOTERS, len(voters_S)) - 1, axis=1)[:, :VOTERS]
        weight_BK = np.exp(NEARER * np.take_along_axis(cosine_BS, near_BK, 1))
        voter_BK = voters_S[near_BK]
        same_BK = np.take_along_axis(lesson.leaves_NC[block], leaf_N[voter_BK], 1) > 0
        same_BK |= lesson.leaves_NC[voter_BK, leaf_N[block][:, None]] > 0
        shares.append((weight_BK * same_BK).sum(1) / weight_BK.sum(1))
    return np.concatenate(shares)


def own_logits(lesson: Lesson, found: Sequence[Measured], temperatures: Mapping[Modalities, float]) -> Floats:
    """(N, C): each example's logits of the leaves, by all that was read of it."""
    logits_NC = np.zeros(lesson.leaves_NC.shape, np.float32)
    for one in found:
        own = lesson.views.own_V[one.rows]
        logits_NC[lesson.views.example_V[one.rows[own]]] = one.score_VC[own] / temperatures[one.choice]
    return logits_NC


def doubt(example: Example, tree: Taxonomy, score_C: Floats, given: float, near: tuple[Neighbour, ...]) -> Doubt:
    best = int(score_C.argmax())
    likelier = " > ".join(tree.path(tree.leaves[best].id))
    return Doubt(
        example.id, example.line, example.title, " > ".join(example.path), likelier, given, float(score_C[best]), near
    )


def neighbours(examples: Sequence[Example], lesson: Lesson, numbers: Sequence[int]) -> list[tuple[Neighbour, ...]]:
    """Of each of these examples the nearest that are other products."""
    views, found = lesson.views, []
    group_V = lesson.groups_N[views.example_V]
    asked = min(3 * NEIGHBOURS, len(group_V))  # an example has up to three views
    for start in range(0, len(numbers), BLOCK):
        block = list(numbers[start : start + BLOCK])
        cosine_BV = own_vectors([examples[number] for number in block]) @ views.vector_VE.T
        cosine_BV[lesson.groups_N[block][:, None] == group_V] = -1
        near_BK = np.argpartition(-cosine_BV, asked - 1, axis=1)[:, :asked]
        for cosine_V, near_K in zip(cosine_BV, near_BK, strict=True):
            best: dict[int, float] = {}
            for view in near_K[np.argsort(-cosine_V[near_K], kind="stable")]:
                best.setdefault(int(views.example_V[view]), float(cosine_V[view]))
            found.append(tuple(neighbour(examples[n], cosine) for n, cosine in list(best.items())[:NEIGHBOURS]))
    return found


def neighbour(example: Example, cosine: float) -> Neighbour:
    return Neighbour(example.id, example.title, " > ".join(example.path), cosine)
