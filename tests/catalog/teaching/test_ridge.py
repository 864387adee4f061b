"""What a fit says of rows that it never saw, against fits without them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.teaching.head.ridge import Design, inverse, times_upper

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
    design = Design(
        lambda numbers: (x_NF[numbers], y_NC[numbers]), np.eye(FEATURES, dtype=np.float32), groups_N, weight_N
    )
    held_out_NC = design.held_out(design.solve(PENALTY))
    for group in np.unique(groups_N):
        left_N = np.asarray(groups_N == group)
        expected = x_NF[left_N] @ fitted_without(x_NF, y_NC, weight_N, left_N)
        np.testing.assert_allclose(held_out_NC[left_N], expected, atol=1e-3)


def test_the_weights_are_those_of_the_whole() -> None:
    """Those of the features, as weights of the inputs."""
    draw = np.random.default_rng(0)
    inputs_NS = draw.standard_normal((ROWS, FEATURES)).astype(np.float32)
    whitened_SF = np.triu(draw.uniform(0.5, 1, (FEATURES, FEATURES))).astype(np.float32)
    y_NC, weight_N = draw.standard_normal((ROWS, CLASSES)).astype(np.float32), np.ones(ROWS, np.float32)
    found = Design(lambda numbers: (inputs_NS[numbers], y_NC[numbers]), whitened_SF, np.arange(ROWS), weight_N)
    expected = whitened_SF @ fitted_without(inputs_NS @ whitened_SF, y_NC, weight_N, np.zeros(ROWS, bool))
    np.testing.assert_allclose(found.solve(PENALTY).votes_SC, expected, atol=1e-4)


def test_the_inverse_of_a_triangular_matrix_is_found_by_halves() -> None:
    draw = np.random.default_rng(2)
    lower_FF = np.tril(draw.uniform(-0.1, 0.1, (301, 301))) + 2 * np.eye(301)
    np.testing.assert_allclose(inverse(lower_FF) @ lower_FF, np.eye(301), atol=1e-9)


def test_a_product_with_an_upper_triangular_matrix_leaves_out_zeros_alone() -> None:
    draw = np.random.default_rng(3)
    upper_SF = np.triu(draw.standard_normal((301, 301))).astype(np.float32)
    x_BS = draw.standard_normal((7, 301)).astype(np.float32)
    np.testing.assert_allclose(times_upper(x_BS, upper_SF), x_BS @ upper_SF, atol=1e-4)
