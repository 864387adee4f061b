"""The calibration of a taught model and its contract, from what it says of each example that it never saw."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import MODALITIES, Floats, Modalities, softmax
from catalog.filing import Categories
from catalog.model.calibration import PROMISE, Calibration
from catalog.model.contract import Contract, HeldOut, Targets
from catalog.model.contract import fit as fit_contract
from catalog.taxonomy.tree import Taxonomy
from catalog.teaching.examples import Ints
from catalog.teaching.head.fit import Learnt, Lesson
from catalog.teaching.head.ridge import blocks
from catalog.teaching.head.unfamiliar import Judged

PROMISE_ACCURACY = 0.9  # of the products whose score is the nearest
WINDOW, LEAST_WINDOW = 100, 30
UNFAMILIAR = 0.02  # share of the known products that count as unfamiliar
AUTO_UNKNOWN = 0.005  # share of the products of unknown kinds that may be accepted unseen
TEMPERATURES = np.geomspace(0.01, 1.0, 41).tolist()


@dataclass(frozen=True)
class Measured:
    """Views of one modality choice: their rows, held-out scores of the leaves, the ids from the root to the right node,
    and the log odds of being unfamiliar.
    """

    choice: Modalities
    rows: Ints
    score_VC: Floats
    truth: list[tuple[str, ...]]
    log_odds_V: Floats


def measured(lesson: Lesson, learnt: Learnt, judged: Judged, tree: Taxonomy, nodes: Sequence[str]) -> list[Measured]:
    """Of the judged views. nodes: of each example. A choice of which there is no view is left out."""
    views, found = lesson.views, []
    ancestors = {node: tree.ancestors(node) for node in set(nodes)}
    for choice in MODALITIES:
        rows = np.flatnonzero((views.choice_V == choice) & views.judged_V)
        if len(rows):
            truth = [ancestors[nodes[number]] for number in views.example_V[rows]]
            found.append(Measured(choice, rows, learnt.held_out_VC[rows], truth, judged.known_V[rows]))
    return found


def calibrate(
    found: Sequence[Measured], judged: Judged, tree: Taxonomy, base: Calibration, targets: Targets
) -> tuple[Calibration, Contract]:
    """base: that of the model that is taught, whose relevance floor stays as it is. A choice that was not measured is
    never accepted unseen.
    """
    calibration = Calibration(
        auto={choice: np.inf for choice in MODALITIES},
        auto_roots={choice: [] for choice in MODALITIES},
        floor=base.floor,
    )
    for one in found:
        temperature = {"*": temperature_of(one.score_VC, below(one.truth, tree))}
        calibration = replace(calibration, temperature=calibration.temperature | {one.choice: temperature})
        levels = promise_thresholds(one, Categories(tree, calibration))
        limit = (
            round(float(np.quantile(one.log_odds_V, 1 - UNFAMILIAR)), 3) if np.isfinite(one.log_odds_V).all() else 0.0
        )
        calibration = replace(
            calibration,
            promise=calibration.promise | {one.choice: {"*": levels}},
            unfamiliar=calibration.unfamiliar | {one.choice: limit},
        )
    limits = {one.choice: auto_limit(one, judged, calibration) for one in found}
    calibration = replace(calibration, auto_unfamiliar=limits)
    categories = Categories(tree, calibration)
    return calibration, fit_contract({one.choice: held_out(one, categories) for one in found}, targets)


def below(truth: Sequence[Sequence[str]], tree: Taxonomy) -> NDArray[np.bool_]:
    """(V, C): whether each leaf is below the last of these nodes."""
    below_VC = np.zeros((len(truth), len(tree.leaves)), bool)
    for row, path in enumerate(truth):
        below_VC[row, list(tree.leaves_under(path[-1]))] = True
    return below_VC


def temperature_of(score_VC: Floats, right_VC: NDArray[np.bool_]) -> float:
    """By which the scores are divided so that the truth has the greatest likelihood, which has a single peak."""

    @cache
    def likelihood(place: int) -> float:
        total = 0.0
        for numbers in blocks(len(score_VC)):
            right_B = (softmax(score_VC[numbers] / TEMPERATURES[place]) * right_VC[numbers]).sum(1)
            total += float(np.log(np.maximum(right_B, 1e-9)).sum())
        return total

    low, high = 0, len(TEMPERATURES) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if likelihood(middle) >= likelihood(middle + 1) else (middle + 1, high)
    return TEMPERATURES[low]


def promise_thresholds(one: Measured, categories: Categories) -> list[float]:
    """For each level the score from which on nodes are right as often as PROMISE_ACCURACY says, those of the nearest
    score counting; PROMISE where too few products tell.
    """
    found = categories.likeliest(one.score_VC, one.choice)
    thresholds: list[float] = []
    for level in range(max(len(category.path_ids) for category in found)):
        pairs = [
            (category.path_scores[level], category.path_ids[level] == path[level])
            for category, path in zip(found, one.truth, strict=True)
            if len(category.path_ids) > level and len(path) > level
        ]
        thresholds.append(threshold_of(np.array(pairs, np.float64).reshape(-1, 2)))
    return thresholds


def threshold_of(pairs_N2: NDArray[np.float64]) -> float:
    """pairs_N2: score, and 1 if it is right, else 0."""
    count = len(pairs_N2)
    window = min(WINDOW, count // 4)
    if window < LEAST_WINDOW:
        return PROMISE
    score_N, right_N = pairs_N2[np.lexsort((pairs_N2[:, 1], pairs_N2[:, 0]))].T
    share = np.convolve(right_N, np.ones(window) / window, "valid")
    below = np.flatnonzero(share < PROMISE_ACCURACY)
    first = 0 if not len(below) else int(below[-1]) + window // 2
    return round(float(score_N[min(first, count - 1)]), 4)


def held_out(one: Measured, categories: Categories) -> list[HeldOut]:
    """What the model answers of each view, unseen."""
    return categories.held_out(one.score_VC, one.log_odds_V.tolist(), one.choice, one.truth)


def auto_limit(one: Measured, judged: Judged, calibration: Calibration) -> float:
    """The log odds from which on nothing is accepted unseen, so that of unknown kinds no more than AUTO_UNKNOWN is."""
    unknown_V = judged.unknown_V[one.rows]
    if not np.isfinite(unknown_V).all():
        return np.inf
    few = float(np.quantile(unknown_V, AUTO_UNKNOWN))
    return round(min(few, calibration.unfamiliar[one.choice]), 3)
