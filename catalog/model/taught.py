"""What a model was taught of a merchant's own categories: scores from a product's embedding, and what is like it.

The encoders and the fusion stay as they are, so a taught model's vectors are those of the model it was taught from, and
a product is filed anew from the vector that an index holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from catalog.arrays import Floats, nearest_but_one
from catalog.errors import CheckpointInvalid

FILE = "taught.safetensors"
WIDTH = 2.0  # of the kernel; measured in docs/log.md
PRECISION = {"votes_SC": np.float32, "unfamiliar_3": np.float32, "added_1": np.float32}  # of what is not kept in half


@dataclass(frozen=True)
class TaughtHead:
    """E: width of an embedding, C: leaves, S: examples in the sample.

    examples_SE: of each a vector of unit length; votes_SC: what it says of each category to a product as near as can be
    (kernel ridge regression). names_EC: what a category's names add to its score, from the embedding. unfamiliar_3:
    slopes of the log odds of being unfamiliar by the cosine to the nearest but one example and by the best score, and
    their offset. added_1: how many leaves, the last ones, were added since the thresholds were measured.
    """

    examples_SE: Floats
    votes_SC: Floats
    names_EC: Floats
    unfamiliar_3: Floats
    added_1: Floats = field(default_factory=lambda: np.zeros(1, np.float32))

    def logits(self, embedding_BE: Floats) -> Floats:
        """Scores of the leaves, (B, C): about 1 for one that is certain. The calibration's temperature makes them
        logits.
        """
        named_BC = embedding_BE @ self.names_EC
        return np.asarray(kernel(embedding_BE, self.examples_SE) @ self.votes_SC + named_BC, np.float32)

    def log_odds(self, embedding_BE: Floats, logits_BC: Floats) -> Floats:
        """Log odds (B,) that a product is of no category that was taught."""
        by_nearness, by_score, offset = self.unfamiliar_3
        near_B = nearest_but_one(embedding_BE @ self.examples_SE.T)
        return np.asarray(by_nearness * near_B + by_score * logits_BC.max(-1) + offset, np.float32)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Raises CheckpointInvalid."""
        try:
            return cls.of(load_file(folder / FILE))
        except (OSError, SafetensorError, TypeError):
            raise CheckpointInvalid(f"The model's {FILE} is not valid.") from None

    @classmethod
    def of(cls, arrays: Mapping[str, Floats]) -> Self:
        return cls(**{name: array.astype(np.float32) for name, array in arrays.items()})

    def save(self, folder: Path) -> None:
        arrays = {one.name: np.ascontiguousarray(getattr(self, one.name)) for one in fields(self)}
        packed = {name: array.astype(PRECISION.get(name, np.float16)) for name, array in arrays.items()}
        (folder / FILE).write_bytes(save(packed))


def kernel(embedding_BE: Floats, examples_SE: Floats) -> Floats:
    """(B, S): 1 for equal vectors, less the further they are apart (a Gaussian of their distance)."""
    kernel_BS = np.asarray(embedding_BE @ examples_SE.T, np.float32)
    kernel_BS -= 1  # in place: of many products it is large
    kernel_BS *= WIDTH
    return np.exp(kernel_BS, out=kernel_BS)
