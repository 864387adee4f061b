"""Figures against values worked out by hand."""

import numpy as np
import pytest

from training.evaluation.metrics import (
    calibration_error,
    chance_calibration_error,
    classification,
    mean_average_precision,
    recall_at,
    retrieval_ranks,
)


def test_honest_scores_have_an_error_by_chance_that_falls_with_their_number() -> None:
    few, many = (chance_calibration_error(np.full(count, 0.7, np.float32)) for count in (50, 5000))
    # The mean deviation of a share: sqrt(2 p (1 - p) / (pi n)).
    assert few == pytest.approx(np.sqrt(2 * 0.21 / (np.pi * 50)), rel=0.15)
    assert many == pytest.approx(few / 10, rel=0.3)
    assert chance_calibration_error(np.ones(50, np.float32)) == 0


def test_classification() -> None:
    figures = classification(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]))
    assert figures == pytest.approx(
        {
            "accuracy": 2 / 4,
            "macro_f1": (1 / 2 + 2 / 3 + 0) / 3,
            "weighted_f1": (2 * 1 / 2 + 2 / 3 + 0) / 4,
            "macro_recall": (1 / 2 + 1 + 0) / 3,
        }
    )


def test_a_class_that_is_only_predicted_is_no_class_of_the_mean() -> None:
    assert classification(np.array([0, 0]), np.array([0, 7]))["macro_recall"] == pytest.approx(1 / 2)


def test_calibration_error() -> None:
    confidence_N = np.array([0.95, 0.95, 0.55, 0.55], np.float32)
    correct_N = np.array([True, True, True, False])
    expected = (abs(0.95 - 1) + abs(0.55 - 0.5)) / 2
    assert calibration_error(confidence_N, correct_N, bins=10) == pytest.approx(expected, abs=1e-6)


def test_certainty_is_in_the_last_bin() -> None:
    assert calibration_error(np.ones(3, np.float32), np.array([True, True, True])) == 0
    assert calibration_error(np.ones(4, np.float32), np.array([True, True, True, False])) == pytest.approx(0.25)


def test_mean_average_precision_leaves_out_tags_that_never_occur() -> None:
    scores_NG = np.array([[0.9, 0.1, 0.3], [0.8, 0.2, 0.2], [0.7, 0.9, 0.1]], np.float32)
    labels_NG = np.array([[True, False, True], [False, False, True], [True, False, True]])
    assert mean_average_precision(scores_NG, labels_NG) == pytest.approx(((1 + 2 / 3) / 2 + 1) / 2)


def test_mean_average_precision_of_tags_that_all_products_have() -> None:
    assert mean_average_precision(np.zeros((2, 1), np.float32), np.ones((2, 1), bool)) == 1


def test_ranks_count_ties_against_the_right_one() -> None:
    candidate_NE = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    query_NE = np.array([[1, 0], [0.6, 0.8], [0, 1]], np.float32)
    ranks_N = retrieval_ranks(query_NE, candidate_NE)
    assert ranks_N.tolist() == [1, 2, 0]
    assert recall_at(ranks_N, (1, 2, 10)) == pytest.approx({"r_at_1": 1 / 3, "r_at_2": 2 / 3, "r_at_10": 1})
