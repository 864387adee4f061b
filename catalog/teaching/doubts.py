"""Label errors: examples whose given category the model, which never saw them, finds unlikely.

The nearest labelled neighbours are the proof. A product that belongs in another department is a worse error than one
that belongs in the category beside its own, and is ranked so.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from catalog.arrays import Floats, Modalities, softmax
from catalog.taxonomy.tree import Taxonomy
from catalog.teaching.calibrate import Measured
from catalog.teaching.examples import Example
from catalog.teaching.fit import Lesson

NEIGHBOURS = 3
DOUBTED = 0.5  # of the probability that another category has beyond the given one


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
    temperatures: Mapping[Modalities, float],
    least: float = DOUBTED,
) -> list[Doubt]:
    """The doubted ones, the surest errors first."""
    scores = own_scores(examples, lesson, found, temperatures)
    given_N = (scores * (lesson.leaves_NC > 0)).sum(1)
    best_N = scores.argmax(1)
    doubt_N = np.array(
        [
            (scores[n, best] - given_N[n]) * (0.5 + 0.5 * distance(tree, lesson.leaves_NC[n], int(best)))
            for n, best in enumerate(best_N)
        ]
    )
    order = [int(n) for n in np.argsort(-doubt_N, kind="stable") if scores[n, best_N[n]] - given_N[n] >= least]
    return [doubt(examples, lesson, tree, scores, given_N, n) for n in order]


def own_scores(
    examples: Sequence[Example], lesson: Lesson, found: Sequence[Measured], temperatures: Mapping[Modalities, float]
) -> Floats:
    """(N, C): each example's probabilities of the leaves, by all that was read of it."""
    scores = np.zeros(lesson.leaves_NC.shape, np.float32)
    for one in found:
        numbers = lesson.views.example_V[one.rows]
        own = np.array([examples[number].used == one.choice for number in numbers])
        scores[numbers[own]] = softmax(one.score_VC[own] / temperatures[one.choice])
    return scores


def distance(tree: Taxonomy, leaves_C: Floats, best: int) -> float:
    """Between the given category and another leaf: 1 in another department, less the more of their path is shared."""
    given = tree.ancestors(tree.leaves[int(leaves_C.argmax())].id)
    other = tree.ancestors(tree.leaves[best].id)
    shared = sum(one == two for one, two in zip(given, other, strict=False))
    return 1 - shared / max(len(given), len(other))


def doubt(
    examples: Sequence[Example], lesson: Lesson, tree: Taxonomy, scores: Floats, given_N: Floats, number: int
) -> Doubt:
    example, best = examples[number], int(scores[number].argmax())
    return Doubt(
        example.id,
        example.line,
        example.title,
        " > ".join(example.path),
        " > ".join(tree.path(tree.leaves[best].id)),
        float(given_N[number]),
        float(scores[number, best]),
        neighbours(examples, lesson, number),
    )


def neighbours(examples: Sequence[Example], lesson: Lesson, number: int) -> tuple[Neighbour, ...]:
    """The nearest examples that are other products."""
    own_E = examples[number].vectors[examples[number].used]
    cosine_V = lesson.views.vector_VE @ own_E
    cosine_V[lesson.groups_N[lesson.views.example_V] == lesson.groups_N[number]] = -1
    nearest = dict.fromkeys(int(lesson.views.example_V[v]) for v in np.argsort(-cosine_V)[: 3 * NEIGHBOURS])
    return tuple(
        Neighbour(examples[n].id, examples[n].title, " > ".join(examples[n].path), float(cosine))
        for n in list(nearest)[:NEIGHBOURS]
        for cosine in [max(cosine_V[lesson.views.example_V == n])]
    )
