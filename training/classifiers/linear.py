"""Logistic regression on character n-grams, on the vectors of a frozen encoder, or on both."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from catalog.arrays import Floats
from catalog.language.texts.model import SCALE, Features, TextModel
from catalog.language.texts.ngrams import BUCKETS, Grams, grams, inverse_frequencies

STRENGTH = 4.0  # inverse of the penalty of the squared weights
STEPS = 300


def fit(
    texts: Sequence[str],
    label_N: NDArray[np.int64],
    labels: Sequence[str],
    features: Features,
    vector_NE: Floats | None = None,
    space: str = "",
) -> TextModel:
    """vector_NE: unit vectors of the texts by the encoder of this space, where they are features."""
    parts, width = [], 0
    idf_B = np.zeros(0, np.float32)
    if features != "vectors":
        known = [grams(text) for text in texts]
        idf_B = inverse_frequencies(known)
        parts.append(matrix(known, idf_B))
    if features != "ngrams":
        assert vector_NE is not None, "vectors are features"
        width = vector_NE.shape[1]
        parts.append(csr_matrix(SCALE * vector_NE))
    learnt = LogisticRegression(C=STRENGTH, max_iter=STEPS, solver="lbfgs").fit(hstack(parts).tocsr(), label_N)
    weight_LF, bias_L = learnt.coef_.astype(np.float32), learnt.intercept_.astype(np.float32)
    if len(labels) == 2:  # one row says both
        weight_LF, bias_L = np.concatenate([-weight_LF, weight_LF]) / 2, np.concatenate([-bias_L, bias_L]) / 2
    cut = weight_LF.shape[1] - width
    return TextModel(tuple(labels), weight_LF[:, :cut], weight_LF[:, cut:], bias_L, idf_B, space if width else "")


def matrix(texts: Sequence[Grams], idf_B: Floats) -> csr_matrix:
    """(N, B): each row of norm 1."""
    ends = np.cumsum([0, *(len(one.bucket_G) for one in texts)])
    buckets = np.concatenate([one.bucket_G for one in texts])
    weights = np.concatenate([one.weighted(idf_B) for one in texts])
    return csr_matrix((weights, buckets, ends), shape=(len(texts), BUCKETS))
