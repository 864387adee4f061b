"""Figures of merit as pure functions of labels and predictions. N products, K classes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, recall_score

from catalog.arrays import Floats

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def classification(gold_N: Ints, predicted_N: Ints) -> dict[str, float]:
    """Accuracy, macro and weighted F1, macro recall over the classes that occur in `gold_N`."""
    classes = np.unique(gold_N)
    shared = {"labels": classes, "zero_division": 0.0}
    return {
        "accuracy": float((gold_N == predicted_N).mean()),
        "macro_f1": float(f1_score(gold_N, predicted_N, average="macro", **shared)),
        "weighted_f1": float(f1_score(gold_N, predicted_N, average="weighted", **shared)),
        "macro_recall": float(recall_score(gold_N, predicted_N, average="macro", **shared)),
    }


def calibration_error(confidence_N: Floats, correct_N: Flags, bins: int = 15) -> float:
    """Expected calibration error over equal-width bins (Guo et al. 2017)."""
    index_N = np.minimum((confidence_N * bins).astype(int), bins - 1)
    gaps = [
        abs(float(confidence_N[index_N == b].mean()) - float(correct_N[index_N == b].mean()))
        * float((index_N == b).mean())
        for b in np.unique(index_N)
    ]
    return float(sum(gaps))


def chance_calibration_error(confidence_N: Floats, draws: int = 200) -> float:
    """The calibration error to expect of scores that are perfectly honest: with few products it is far from zero."""
    generator = np.random.default_rng(0)
    right = (generator.random(len(confidence_N)) < confidence_N for _ in range(draws))
    return float(np.mean([calibration_error(confidence_N, right_N) for right_N in right]))


def mean_average_precision(scores_NG: Floats, labels_NG: Flags) -> float:
    """Mean over the tags that occur at least once."""
    occurring = labels_NG.any(0)
    return float(
        np.mean([average_precision_score(labels_NG[:, g], scores_NG[:, g]) for g in np.flatnonzero(occurring)])
    )


def retrieval_ranks(query_NE: Floats, candidate_NE: Floats) -> Ints:
    """For each query, how many candidates score above its own (the one of the same row); ties count against it."""
    scores_NN = query_NE @ candidate_NE.T
    return np.asarray((scores_NN >= np.diag(scores_NN)[:, None]).sum(1) - 1)


def recall_at(ranks_N: Ints, ks: Sequence[int]) -> dict[str, float]:
    return {f"r_at_{k}": float((ranks_N < k).mean()) for k in ks}
