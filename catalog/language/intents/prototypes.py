"""Examples of intents as vectors of the text encoder, and what they say of another text.

Ridge regression of the examples' intents on their vectors, less the mean of these. How sure it must be before an intent
is told follows from the examples: each is left out in turn, and of those that are told 9 in 10 must be right.
"""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats

UNKNOWN = "unknown"
PENALTY = 1.0  # of the ridge regression; chosen on the examples, each left out in turn (docs/log.md)
PRECISION = 0.9  # of what is told


class Example(NamedTuple):
    intent: str
    text: str


class Intent(NamedTuple):
    """score: about the share of the intent among texts so alike, 0 to 1. nearest: an example, "" of unknown."""

    name: str
    score: float
    nearest: str = ""


@cache
def shipped_examples() -> tuple[Example, ...]:
    """Those of `examples.toml`."""
    table = tomllib.loads(files(__package__).joinpath("examples.toml").read_text(encoding="utf-8"))
    return tuple(Example(intent, text) for intent, texts in table.items() for text in texts)


class Prototypes:
    """min_score: below which an intent is not told; unseen_NC: the scores of each example by all others."""

    def __init__(self, examples: Sequence[Example], vector_NE: Floats) -> None:
        """vector_NE: unit vectors of the examples' texts by the encoder that reads the others, too; zeros of one that
        it cannot read, which is left out.
        """
        read_N: NDArray[np.bool_] = np.abs(vector_NE).sum(1) > 0
        self._examples = [example for example, read in zip(examples, read_N, strict=True) if read]
        self.names = list(dict.fromkeys(example.intent for example in self._examples))
        self.intent_N = np.array([self.names.index(example.intent) for example in self._examples], np.int64)
        self._mean_E: Floats = vector_NE[read_N].sum(0) / np.float32(max(1, len(self._examples)))
        self._vector_NE = self._centred(vector_NE[read_N])
        share_NC = np.eye(len(self.names), dtype=np.float32)[self.intent_N] - self._chance
        penalty_NN = PENALTY * np.eye(len(self._examples), dtype=np.float32)
        kernel_NN = self._vector_NE @ self._vector_NE.T
        inverse_NN = np.linalg.inv(kernel_NN + penalty_NN).astype(np.float32)
        self._weight_EC: Floats = self._vector_NE.T @ inverse_NN @ share_NC
        # What the others say of an example follows from the fit to all (Stone 1974).
        hat_NN = kernel_NN @ inverse_NN
        own_N1 = np.diag(hat_NN)[:, None]
        unseen_NC = (hat_NN @ share_NC - own_N1 * share_NC) / (1 - own_N1) + self._chance
        self.unseen_NC: Floats = unseen_NC.astype(np.float32)
        self.min_score = self._least_sure()

    def classify(self, vector_ME: Floats) -> list[Intent]:
        """vector_ME: of texts, as of the examples."""
        if not self._examples:
            return [Intent(UNKNOWN, 0.0) for _ in vector_ME]
        read_M = (np.abs(vector_ME).sum(1) > 0).tolist()
        centred_ME = self._centred(vector_ME)
        score_MC = centred_ME @ self._weight_EC + self._chance
        return [self._intent(*row) for row in zip(score_MC, centred_ME, read_M, strict=True)]

    @property
    def _chance(self) -> float:
        return 1 / max(1, len(self.names))

    def _least_sure(self) -> float:
        """The lowest score from which on the unseen examples are right as often as they should."""
        if not self._examples:
            return 1.0
        right_N: NDArray[np.bool_] = self.unseen_NC.argmax(1) == self.intent_N
        order_N = np.argsort(-self.unseen_NC.max(1), kind="stable")
        precision_N = np.cumsum(right_N[order_N]) / np.arange(1, len(order_N) + 1)
        enough_N = np.flatnonzero(precision_N >= PRECISION)
        return float(self.unseen_NC.max(1)[order_N[enough_N[-1]]]) if len(enough_N) else 1.0

    def _intent(self, score_C: Floats, vector_E: Floats, read: bool) -> Intent:
        best = int(np.argmax(score_C))
        score = float(np.clip(score_C[best], 0, 1)) if read else 0.0
        if not read or score < self.min_score:
            return Intent(UNKNOWN, score)
        likeness_N = np.where(self.intent_N == best, self._vector_NE @ vector_E, -np.inf)
        return Intent(self.names[best], score, self._examples[int(np.argmax(likeness_N))].text)

    def _centred(self, vector_NE: Floats) -> Floats:
        """Less the mean, of unit length."""
        moved_NE = vector_NE - self._mean_E
        length_N1 = np.maximum(np.linalg.norm(moved_NE, axis=1, keepdims=True), 1e-6)
        found_NE: Floats = (moved_NE / length_N1).astype(np.float32)
        return found_NE
