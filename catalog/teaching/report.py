"""What a lesson came to: how much is right unseen, what more examples would bring, and what a person should look at."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from catalog.arrays import Floats
from catalog.filing import Categories
from catalog.model.contract import is_right
from catalog.taxonomy.tree import Taxonomy
from catalog.teaching.attributes.learn import AttributeReport
from catalog.teaching.doubts import Doubt
from catalog.teaching.examples import Example
from catalog.teaching.head.calibrate import Measured
from catalog.teaching.head.fit import MAX_VOTERS, Learnt, Lesson, fit

FEW = 5  # examples of a category, below which it is told of
SHOWN = 20
SHARES = (0.25, 0.5)  # of the examples, for the learning curve
SEED = 0


class Level(NamedTuple):
    """products: with a category that deep. right: share of them, each unseen."""

    level: int
    products: int
    right: float


class Point(NamedTuple):
    """Of the learning curve: with so many examples, such a share of the leaves is right."""

    examples: int
    right: float
    guessed: bool = False


class Confusion(NamedTuple):
    """Products of `given` that are taken for `taken`: how many there are, and the ids and titles of some."""

    given: str
    taken: str
    products: int
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Report:
    """levels, auto, auto_right: of the products as they were read, those that are judged. auto: the share that is
    accepted unseen, and auto_right the share of these that is right. few: categories with fewer than FEW examples, and
    how many those have. curve: none where only some of the examples are judged.
    """

    examples: int
    categories: int
    levels: tuple[Level, ...]
    auto: float
    auto_right: float
    curve: tuple[Point, ...]
    few: tuple[tuple[str, int], ...]
    confusions: tuple[Confusion, ...]
    doubts: tuple[Doubt, ...]
    attributes: tuple[AttributeReport, ...]


class Answer(NamedTuple):
    """Of a judged example by all that was read of it. likeliest, truth: ids from the root; accepted: whether what was
    accepted unseen is right, None where nothing was.
    """

    likeliest: tuple[str, ...]
    truth: tuple[str, ...]
    accepted: bool | None


def report_of(
    examples: Sequence[Example],
    lesson: Lesson,
    learnt: Learnt,
    answers: Sequence[Answer],
    tree: Taxonomy,
    doubts: Sequence[Doubt],
    attributes: Sequence[AttributeReport],
) -> Report:
    """answers: see `own_answers`."""
    auto = [one.accepted for one in answers if one.accepted is not None]
    counted = lesson.leaves_NC.sum(0)
    few = [(" > ".join(tree.path(leaf.id)), int(n)) for leaf, n in zip(tree.leaves, counted, strict=True) if n < FEW]
    return Report(
        examples=len(examples),
        categories=len(tree.leaves),
        levels=tuple(levels_of(answers)),
        auto=len(auto) / len(answers),
        auto_right=sum(auto) / len(auto) if auto else 0.0,
        curve=learning_curve(lesson, learnt) if lesson.views.judged_V.all() else (),
        few=tuple(sorted(few, key=lambda one: one[1])),
        confusions=tuple(confusions([one for one in examples if one.judged], answers, tree)),
        doubts=tuple(doubts),
        attributes=tuple(attributes),
    )


def to_dict(report: Report) -> dict[str, Any]:
    """As JSON holds it."""
    return {
        "examples": report.examples,
        "categories": report.categories,
        "levels": [one._asdict() for one in report.levels],
        "auto": report.auto,
        "auto_right": report.auto_right,
        "curve": [one._asdict() for one in report.curve],
        "few": dict(report.few),
        "confusions": [one._asdict() for one in report.confusions],
        "doubts": [
            one._asdict() | {"neighbours": [near._asdict() for near in one.neighbours]} for one in report.doubts
        ],
        "attributes": [one.to_dict() for one in report.attributes],
    }


def own_answers(lesson: Lesson, found: Sequence[Measured], categories: Categories) -> list[Answer]:
    """Of each example that is judged, in order."""
    answers: dict[int, Answer] = {}
    for one in found:
        own = np.flatnonzero(lesson.views.own_V[one.rows])
        numbers, leaf_NC = lesson.views.example_V[one.rows[own]], one.score_VC[own]
        truths = [one.truth[place] for place in own]
        decided = categories.decided(leaf_NC, one.log_odds_V[own].tolist(), one.choice)
        likeliest = categories.likeliest(leaf_NC, one.choice)
        for number, truth, best, (category, decision) in zip(numbers, truths, likeliest, decided, strict=True):
            accepted = category if decision == "auto" else None
            right = is_right(accepted.path_ids, truth) if accepted else None
            answers[int(number)] = Answer(best.path_ids, truth, right)
    return [answers[number] for number in sorted(answers)]


def levels_of(answers: Sequence[Answer]) -> list[Level]:
    deepest = max(len(one.truth) for one in answers)
    levels = []
    for level in range(deepest):
        below = level + 1
        deep = [one.likeliest[:below] == one.truth[:below] for one in answers if len(one.truth) > level]
        levels.append(Level(level + 1, len(deep), sum(deep) / len(deep)))
    return levels


def learning_curve(lesson: Lesson, learnt: Learnt) -> tuple[Point, ...]:
    """Accuracies with shares of the examples, and what twice as many would bring if the errors went on falling as they
    did (a power law).
    """
    count = len(lesson.groups_N)
    order_N = np.random.default_rng(SEED).permutation(count)
    points = []
    for share in SHARES:
        chosen = np.sort(order_N[: max(int(share * count), 2)])
        part = lesson.only(chosen)
        found = fit(part, learnt.settings, int(share * MAX_VOTERS))
        points.append(Point(len(chosen), own_accuracy(part, found.held_out_VC)))
    points.append(Point(count, own_accuracy(lesson, learnt.held_out_VC)))
    wrong = [max(1 - point.right, 1e-4) for point in points]
    falls = [np.log2(one / other) for one, other in pairwise(wrong)]
    twice = 1 - wrong[-1] / 2 ** max(float(np.mean(falls)), 0.0)
    return (*points, Point(2 * count, twice, guessed=True))


def own_accuracy(lesson: Lesson, held_out_VC: Floats) -> float:
    """The share of leaves that are right, of the views that each product was read by."""
    own_V = lesson.views.own_V
    best_V = held_out_VC[own_V].argmax(1)
    return float((lesson.leaves_NC[lesson.views.example_V[own_V], best_V] > 0).mean())


def confusions(examples: Sequence[Example], answers: Sequence[Answer], tree: Taxonomy) -> list[Confusion]:
    """The pairs of categories that are taken for each other most often. examples: those that the answers are of."""
    wrong: Counter[tuple[str, str]] = Counter()
    rows: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for example, answer in zip(examples, answers, strict=True):
        if not is_right(answer.likeliest, answer.truth):
            pair = answer.truth[-1], answer.likeliest[-1]
            wrong[pair] += 1
            rows.setdefault(pair, []).append((example.id, example.title))
    path = tree.path
    return [
        Confusion(" > ".join(path(given)), " > ".join(path(taken)), count, tuple(rows[given, taken][:3]))
        for (given, taken), count in wrong.most_common(SHOWN)
        if count > 1
    ]
