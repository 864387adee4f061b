"""What a fit says of rows that it never saw, against fits without them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.teaching.head.ridge import Design

Array = NDArray[np.floating]
ROWS, FEATURES, CLASSES, PENALTY = 60, 10, 3, 2.0


def fitted_without(x_NF: Array, y_NC: Array, weight_N: Array, left: NDArray[np.bool_]) -> Array:
    root_N1 = np.sqrt(weight_N / weight_N.mean())[~left, None]
    x, y = x_NF[~left] * root_N1, y_NC[~left] * root_N1
    return np.asarray(np.linalg.solve(x.T @ x + PENALTY * np.eye(FEATURES), x.T @ y))


@pytest.mark.parametrize("largest", [1, 3, 25])  # also groups with more rows than there are features
def test_held_out_scores_are_those_of_a_fit_without_the_group(largest: int) -> None:
    draw = np.random.default_rng(largest)
    x_NF = draw.standard_normal((ROWS, FEATURES)).astype(np.float32)
    y_NC = draw.standard_normal((ROWS, CLASSES)).astype(np.float32)
    weight_N = draw.uniform(0.1, 1, ROWS).astype(np.float32)
    groups_N = np.concatenate([np.zeros(largest, int), np.arange(1, ROWS - largest + 1) // (2 if largest > 1 else 1)])
    found = Design(x_NF, groups_N, weight_N).fit(y_NC, PENALTY)
    for group in np.unique(groups_N):
        left_N = np.asarray(groups_N == group)
        expected = x_NF[left_N] @ fitted_without(x_NF, y_NC, weight_N, left_N)
        np.testing.assert_allclose(found.held_out_NC[left_N], expected, atol=1e-3)


def test_the_weights_are_those_of_the_whole() -> None:
    draw = np.random.default_rng(0)
    x_NF = draw.standard_normal((ROWS, FEATURES)).astype(np.float32)
    y_NC, weight_N = draw.standard_normal((ROWS, CLASSES)).astype(np.float32), np.ones(ROWS, np.float32)
    found = Design(x_NF, np.arange(ROWS), weight_N).fit(y_NC, PENALTY)
    np.testing.assert_allclose(found.weight_FC, fitted_without(x_NF, y_NC, weight_N, np.zeros(ROWS, bool)), atol=1e-4)
