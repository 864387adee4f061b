"""Examples of intents, and what they say of another text.

Kernel ridge regression of the examples' intents. The kernel is a mean of two cosines: of the text encoder's vectors,
less their mean over the examples, and of character n-grams. How much each counts, and how sure the regression must be
before an intent is told, follows from the examples: each is left out in turn, and of those that are told so many must
be right as PRECISION says.
"""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats
from catalog.language.texts.ngrams import grams, inverse_frequencies

UNKNOWN = "unknown"
PENALTY = 0.3  # of the ridge regression; chosen on the examples, each left out in turn (docs/log.md)
SHARES = (0.5, 1.0, 0.0)  # of the vectors in the kernel; of equally good ones the first is taken
PRECISION = 0.87  # of what is told


class Example(NamedTuple):
    intent: str
    text: str


class Intent(NamedTuple):
    """score: about the share of the intent among texts so alike, 0 to 1. nearest: an example, "" of unknown."""

    name: str
    score: float
    nearest: str = ""


class Fit(NamedTuple):
    """vote_NC: what each example says of each intent; unseen_NC: the scores of each example by all others."""

    vote_NC: Floats
    unseen_NC: Floats


@cache
def shipped_examples() -> tuple[Example, ...]:
    """Those of `examples.toml`; those of "unknown" are about no intent."""
    table = tomllib.loads(files(__package__).joinpath("examples.toml").read_text(encoding="utf-8"))
    return tuple(Example(intent, text) for intent, texts in table.items() for text in texts)


class Prototypes:
    """share: of the vectors in the kernel; unseen_NC: the scores of each example by all others; min_score: below which
    an intent is not told.
    """

    def __init__(self, examples: Sequence[Example], vector_NE: Floats) -> None:
        """examples: of two intents at least. vector_NE: unit vectors of their texts by the encoder that reads the
        others, too; zeros of one that it cannot read.
        """
        self._examples = list(examples)
        self.names = list(dict.fromkeys(example.intent for example in examples))
        self.intent_N = np.array([self.names.index(example.intent) for example in examples], np.int64)
        read_N = np.abs(vector_NE).sum(1) > 0
        self._mean_E: Floats = vector_NE.sum(0) / np.float32(max(1, read_N.sum()))
        self._vector_NE = self._centred(vector_NE)
        self._terms = Terms([example.text for example in examples])
        kernels = self._by_vectors(vector_NE), self._terms.likeness([example.text for example in examples])
        fits = {share: self._fit(mixed(share, *kernels)) for share in SHARES}
        self.share = max(SHARES, key=lambda share: int(self._right(fits[share].unseen_NC).sum()))
        self._vote_NC, self.unseen_NC = fits[self.share]
        self.min_score = self._least_sure()

    def classify(self, texts: Sequence[str], vector_ME: Floats) -> list[Intent]:
        """vector_ME: of the texts, as of the examples."""
        kernel_MN = mixed(self.share, self._by_vectors(vector_ME), self._terms.likeness(texts))
        return [self._intent(*row) for row in zip(kernel_MN @ self._vote_NC + self._chance, kernel_MN, strict=True)]

    @property
    def _chance(self) -> float:
        return 1 / len(self.names)

    def _fit(self, kernel_NN: Floats) -> Fit:
        share_NC = np.eye(len(self.names), dtype=np.float32)[self.intent_N] - self._chance
        inverse_NN = np.linalg.inv(kernel_NN + PENALTY * np.eye(len(kernel_NN)))
        # What the others say of an example follows from the fit to all (Stone 1974).
        hat_NN = kernel_NN @ inverse_NN
        own_N1 = np.diag(hat_NN)[:, None]
        unseen_NC = (hat_NN @ share_NC - own_N1 * share_NC) / (1 - own_N1) + self._chance
        return Fit((inverse_NN @ share_NC).astype(np.float32), unseen_NC.astype(np.float32))

    def _right(self, unseen_NC: Floats) -> NDArray[np.bool_]:
        found_N: NDArray[np.bool_] = np.equal(unseen_NC.argmax(1), self.intent_N)
        return found_N

    def _least_sure(self) -> float:
        """The lowest score from which on unseen examples of intents are right as often as they should. Those of no
        intent do not count: hardly any is like another, so what is left without one says nothing of it.
        """
        score_N = self.unseen_NC.max(1)
        of_intent_N = np.array([example.intent != UNKNOWN for example in self._examples])
        order_N = np.flatnonzero(of_intent_N)[np.argsort(-score_N[of_intent_N], kind="stable")]
        precision_N = np.cumsum(self._right(self.unseen_NC)[order_N]) / np.arange(1, len(order_N) + 1)
        enough_N = np.flatnonzero(precision_N >= PRECISION)
        return float(score_N[order_N[enough_N[-1]]]) if len(enough_N) else 1.0

    def _intent(self, score_C: Floats, kernel_N: Floats) -> Intent:
        best = int(np.argmax(score_C))
        score = float(np.clip(score_C[best], 0, 1))
        if score < self.min_score or self.names[best] == UNKNOWN:
            return Intent(UNKNOWN, score)
        nearest = int(np.argmax(np.where(self.intent_N == best, kernel_N, -np.inf)))
        return Intent(self.names[best], score, self._examples[nearest].text)

    def _by_vectors(self, vector_ME: Floats) -> Floats:
        """(M, N)"""
        found_MN: Floats = self._centred(vector_ME) @ self._vector_NE.T
        return found_MN

    def _centred(self, vector_NE: Floats) -> Floats:
        """Less the mean, of unit length; zeros stay zeros."""
        read_N1 = np.abs(vector_NE).sum(1, keepdims=True) > 0
        moved_NE = (vector_NE - self._mean_E) * read_N1
        found_NE: Floats = (moved_NE / np.maximum(np.linalg.norm(moved_NE, axis=1, keepdims=True), 1e-6)).astype(
            np.float32
        )
        return found_NE


class Terms:
    """The n-grams of some texts, and how like another text is to each by them."""

    def __init__(self, texts: Sequence[str]) -> None:
        known = [grams(text) for text in texts]
        self._idf_B = inverse_frequencies(known)
        self._place = {
            int(bucket): n for n, bucket in enumerate(np.unique(np.concatenate([one.bucket_G for one in known])))
        }
        self._weight_VN = np.zeros((len(self._place), len(texts)), np.float32)
        for row, one in enumerate(known):
            places = [self._place[bucket] for bucket in one.bucket_G.tolist()]
            self._weight_VN[places, row] = one.weighted(self._idf_B)

    def likeness(self, texts: Sequence[str]) -> Floats:
        """(M, N): cosines."""
        found_MN = np.zeros((len(texts), self._weight_VN.shape[1]), np.float32)
        for row, text in enumerate(texts):
            one = grams(text)
            weights = zip(one.bucket_G.tolist(), one.weighted(self._idf_B).tolist(), strict=True)
            known = [(self._place[bucket], weight) for bucket, weight in weights if bucket in self._place]
            if known:
                places, values = zip(*known, strict=True)
                found_MN[row] = np.asarray(values, np.float32) @ self._weight_VN[list(places)]
        return found_MN


def mixed(share: float, by_vectors_MN: Floats, by_terms_MN: Floats) -> Floats:
    found_MN: Floats = (share * by_vectors_MN + (1 - share) * by_terms_MN).astype(np.float32)
    return found_MN
