"""A linear model that tells texts apart by labels, and its folder. It needs no PyTorch and no scikit-learn.

text_model.json          the labels, the features, and the encoder whose vectors are among these
text_model.safetensors   the weights
encoder/                 a model folder, where the encoder was tuned on the texts as well
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from catalog.arrays import Floats
from catalog.errors import CheckpointInvalid
from catalog.language.texts.ngrams import BUCKETS, grams

Features = Literal["ngrams", "vectors", "both"]
UNKNOWN = "unknown"
SCALE = 10.0  # of a vector of norm 1 beside n-grams of norm 1: each of its numbers is small
CONFIG, WEIGHTS, ENCODER, FORMAT = "text_model.json", "text_model.safetensors", "encoder", 1


@dataclass(frozen=True)
class TextModel:
    """gram_LB: weights of the buckets of n-grams, for L labels; vector_LE: of an encoder's vectors; either has no
    columns where it is no feature. idf_B: see `inverse_frequencies`. space: of the encoder
    (`catalog.model.folder.ModelFolder`), "" without vectors. min_score: below which no label is told.
    """

    labels: tuple[str, ...]
    gram_LB: Floats
    vector_LE: Floats
    bias_L: Floats
    idf_B: Floats
    space: str = ""
    min_score: float = 0.0

    @property
    def reads_vectors(self) -> bool:
        return self.vector_LE.shape[1] > 0

    def scores(self, texts: Sequence[str], vector_NE: Floats | None = None) -> Floats:
        """(N, L): a probability of each label. vector_NE: of the texts, where the model reads vectors."""
        logits_NL = np.tile(self.bias_L, (len(texts), 1))
        if self.gram_LB.shape[1]:
            for row, text in enumerate(texts):
                found = grams(text)
                logits_NL[row] += self.gram_LB[:, found.bucket_G] @ found.weighted(self.idf_B)
        if self.reads_vectors:
            assert vector_NE is not None, "the model reads vectors"
            logits_NL += SCALE * vector_NE @ self.vector_LE.T
        exp_NL = np.exp(logits_NL - logits_NL.max(1, keepdims=True, initial=-np.inf))
        found_NL: Floats = (exp_NL / exp_NL.sum(1, keepdims=True)).astype(np.float32)
        return found_NL

    def save(self, folder: Path) -> None:
        """Into a folder that is there. The weights of n-grams are kept in half precision."""
        told = {"format": FORMAT, "labels": self.labels, "space": self.space, "min_score": self.min_score}
        (folder / CONFIG).write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
        arrays: dict[str, NDArray[np.generic]] = {
            "gram_LB": self.gram_LB.astype(np.float16),
            "vector_LE": np.ascontiguousarray(self.vector_LE, np.float32),
            "bias_L": self.bias_L.astype(np.float32),
            "idf_B": self.idf_B.astype(np.float16),
        }
        (folder / WEIGHTS).write_bytes(save(arrays))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Raises CheckpointInvalid."""
        try:
            told = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
            arrays = {name: array.astype(np.float32) for name, array in load_file(folder / WEIGHTS).items()}
            read = cls(tuple(told["labels"]), **arrays, space=told["space"], min_score=float(told["min_score"]))
            if told["format"] != FORMAT or not read._fits():
                raise CheckpointInvalid(f"{folder.name!r} holds a text model of another release.")
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            raise CheckpointInvalid(f"{folder.name!r} does not hold a text model, or a damaged one.") from None
        return read

    def _fits(self) -> bool:
        count, grams = len(self.labels), self.gram_LB.shape[1]
        rows = (self.gram_LB.shape[0], self.vector_LE.shape[0], len(self.bias_L))
        return count > 1 and rows == (count,) * 3 and grams in (0, BUCKETS) and len(self.idf_B) == grams
