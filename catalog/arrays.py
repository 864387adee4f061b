"""Arrays of scores, by what is read of a product: its image, its words or both."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Modalities = Literal["image", "text", "both"]
MODALITIES: tuple[Modalities, ...] = ("image", "text", "both")


def choice(used: Sequence[Literal["image", "text"]]) -> Modalities:
    """Of a product of which these are read, at least one."""
    return used[0] if len(used) == 1 else "both"


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    exponents = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(-1, keepdims=True), np.float32)


def sigmoid(logits: Floats) -> Floats:
    # By way of tanh, which cannot overflow.
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), np.float32)


def unit(vectors_BD: Floats) -> Floats:
    """Of unit length along the last axis; zeros stay zeros."""
    return vectors_BD / np.maximum(np.linalg.norm(vectors_BD, axis=-1, keepdims=True), 1e-9)


def nearest_but_one(near_BN: Floats) -> Floats:
    """(B,): of each row the second largest, or the only one: a single neighbour may be there by chance."""
    second = min(2, near_BN.shape[1])
    return np.partition(near_BN, -second, axis=1)[:, -second]
