"""Curves from pairs that people have judged: logistic regression on the knots' ramps, with the signs given."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from catalog.quality.groups.features import FEATURES
from catalog.quality.groups.scorer import Scorer

Doubles = NDArray[np.float64]
Truths = NDArray[np.bool_]
PENALTY = 1.5  # on half the sum of squares of the ramps' weights, beside the sum of losses
STEPS = 600  # at most
SETTLED = 1e-3  # no weight changes by more in ten steps


def fit(values: Sequence[Mapping[str, float]], same_N: Truths, penalty: float = PENALTY) -> Scorer:
    """values: of each pair's features (`Comparison.values`)."""
    ramps_NR, signs_R = ramps(np.array([[one.get(feature.name, 0.0) for feature in FEATURES] for one in values]))
    used_R = ramps_NR.any(0)
    weights_R = np.zeros(len(signs_R))
    weights_R[used_R] = minimum(ramps_NR[:, used_R], signs_R[used_R], np.asarray(same_N, np.float64), penalty)
    curves: dict[str, tuple[float, ...]] = {}
    start = 1
    for feature in FEATURES:
        end = start + len(feature.knots) - 1
        curves[feature.name] = (0.0, *(round(float(one), 3) for one in np.cumsum(weights_R[start:end])))
        start = end
    return Scorer(round(float(weights_R[0]), 3), {name: curve for name, curve in curves.items() if any(curve)})


def ramps(values_NF: Doubles) -> tuple[Doubles, Doubles]:
    """(N, 1 + R) with a column of ones, and the sign of each: how far a value is on its way between two knots."""
    columns, signs = [np.ones(len(values_NF))], [0.0]
    for n, feature in enumerate(FEATURES):
        for low, high in zip(feature.knots, feature.knots[1:], strict=False):
            columns.append(np.clip((values_NF[:, n] - low) / (high - low), 0, 1))
            signs.append(float(feature.sign))
    return np.stack(columns, 1), np.array(signs)


def minimum(ramps_NR: Doubles, signs_R: Doubles, same_N: Doubles, penalty: float) -> Doubles:
    """The weights of the least loss among those of the given signs, by accelerated projected gradients (FISTA)."""
    pull_R = np.where(signs_R == 0, 0.0, penalty)
    steepest = _largest_eigenvalue(ramps_NR) / 4 + penalty
    weights_R = ahead_R = np.zeros(len(signs_R))
    momentum, settled_R = 1.0, weights_R
    for step in range(STEPS):
        chance_N = 0.5 * (1 + np.tanh(0.5 * (ramps_NR @ ahead_R)))
        slope_R = ramps_NR.T @ (chance_N - same_N) + pull_R * ahead_R
        next_R = ahead_R - slope_R / steepest
        next_R = np.where(next_R * signs_R < 0, 0.0, next_R)
        if (ahead_R - next_R) @ (next_R - weights_R) > 0:
            momentum = 1.0  # it went past the minimum
        later = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead_R = next_R + (momentum - 1) / later * (next_R - weights_R)
        weights_R, momentum = next_R, later
        if step % 10 == 9:
            if np.abs(weights_R - settled_R).max() < SETTLED:
                break
            settled_R = weights_R
    return weights_R


def _largest_eigenvalue(ramps_NR: Doubles) -> float:
    vector_R = np.ones(ramps_NR.shape[1])
    length = 1.0
    for _ in range(30):
        vector_R = ramps_NR.T @ (ramps_NR @ vector_R)
        length = float(np.linalg.norm(vector_R))
        vector_R /= length
    return length
