"""The relevance floor that export measures."""

import numpy as np

from training.export.floor import Queries, best_bounds


def test_the_bounds_are_those_that_find_the_most_and_lose_little() -> None:
    """Of each query what is right lies above 0.5; of what is wrong the nearest at 0.5 and at 0.4."""
    cosine_QN = np.array([[0.9, 0.6, 0.55, 0.4, 0.4, 0.5], [0.4, 0.4, 0.4, 0.8, 0.6, 0.55]], np.float32)
    right_QN = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], bool)
    near_QN = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], bool)
    found = best_bounds(Queries(cosine_QN, np.ones_like(right_QN), right_QN, near_QN))
    assert found
    assert 0.4 < max(found.least, found.ratio * 0.8) <= 0.55
    assert found.unsure == max(found.least, 0.49)  # 0.49: nine tenths of the way from 0.4 to 0.5
    assert best_bounds(Queries(cosine_QN[:0], right_QN[:0], right_QN[:0], near_QN[:0])) is None
