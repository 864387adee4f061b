"""A small causal transformer over the vectors of the products that a shopper came to, which says where in their space
the next one lies.

Its shape is that of SASRec (Kang and McAuley 2018), with products' vectors through a learned projection in the place of
an embedding of each id: a product that nobody has met yet is read and found as any other. It is trained by
`training.sequence` and read here in NumPy.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from safetensors.numpy import load, save

from catalog.arrays import Floats, softmax
from catalog.behaviour.events import VISIT_SECONDS, Event
from catalog.storage.seal import Unsealed, checksum

LEARNT = "sequence"  # its name among what is learnt from events
CONTEXT = 30  # steps that are read, the last ones
NORM_EPSILON = 1e-5
MARK_BYTES = 8  # of the checksum


class Step(NamedTuple):
    """A product that a shopper came to, and the number of the visit."""

    product: str
    visit: int


def steps_of(events: Sequence[Event]) -> list[Step]:
    """Of events of one shopper, the oldest first, each with a product: what he came to, once in a visit."""
    found: list[Step] = []
    met: set[str] = set()
    visit = 0
    for at, event in enumerate(events):
        if at and event.time - events[at - 1].time > VISIT_SECONDS:
            visit, met = visit + 1, set()
        if event.product not in met:
            met.add(event.product)
            found.append(Step(event.product, visit))
    return found


def going_on(steps: Sequence[Step], last: bool) -> list[bool]:
    """Of each step whether the next one is of the same visit. last: of the last one."""
    return [one.visit == after.visit for one, after in pairwise(steps)] + [last] * bool(steps)


@dataclass(frozen=True)
class Shape:
    """embedding: length of the products' vectors."""

    embedding: int
    width: int = 64
    layers: int = 2
    heads: int = 2


@dataclass(frozen=True)
class Taken:
    """What held-out events say. space: of the vectors, see `IndexModel.vectors`; first, during: how much the model
    counts beside all other sources, 0 to 1, for the first product of a visit and for the others.
    """

    space: str
    first: float
    during: float


@dataclass(frozen=True)
class SequenceModel:
    """weights: by the names of `training.sequence.network`."""

    shape: Shape
    weights: Mapping[str, Floats]
    taken: Taken

    @property
    def popular(self) -> float:
        """How much more likely a product is for each unit of the logarithm of 1 + its events."""
        return float(self.weights["popular"][0])

    def query(self, vectors_TE: Floats, goes_on: Sequence[bool]) -> Floats:
        """(E,): its products with the vectors of all products are the logits of the next one, but for `popular`.

        vectors_TE: unit vectors of the last steps, at least one and at most CONTEXT; goes_on: see `going_on`.
        """
        flags_T = np.array(goes_on, np.int64)
        x_TD = vectors_TE @ self.weights["project.weight"].T
        x_TD = x_TD + self.weights["place.weight"][: len(x_TD)] + self.weights["goes_on.weight"][flags_T]
        for layer in range(self.shape.layers):
            x_TD = x_TD + self._attention(self._norm(x_TD, f"layers.{layer}.attention_norm"), f"layers.{layer}")
            y_TD = self._linear(self._norm(x_TD, f"layers.{layer}.feed_norm"), f"layers.{layer}.up")
            x_TD = x_TD + self._linear(np.maximum(y_TD, 0), f"layers.{layer}.down")
        return np.asarray(self._norm(x_TD[-1], "norm") @ self.weights["query.weight"], np.float32)

    def _attention(self, x_TD: Floats, layer: str) -> Floats:
        length, width = x_TD.shape
        heads = self.shape.heads
        parts = self._linear(x_TD, f"{layer}.parts").reshape(length, 3, heads, width // heads)
        query_HTC, key_HTC, value_HTC = parts.transpose(1, 2, 0, 3)
        scores_HTT = query_HTC @ key_HTC.transpose(0, 2, 1) / np.sqrt(width // heads)
        scores_HTT = np.where(np.tri(length, dtype=bool), scores_HTT, -np.inf)
        mixed_HTC = softmax(scores_HTT) @ value_HTC
        return self._linear(mixed_HTC.transpose(1, 0, 2).reshape(length, width), f"{layer}.out")

    def _linear(self, x_TD: Floats, name: str) -> Floats:
        return x_TD @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _norm(self, x_TD: Floats, name: str) -> Floats:
        centred_TD = x_TD - x_TD.mean(-1, keepdims=True)
        spread = np.sqrt((centred_TD**2).mean(-1, keepdims=True) + NORM_EPSILON)
        return centred_TD / spread * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def to_bytes(self) -> bytes:
        """A checksum, a line of JSON and a safetensors file, for `from_bytes`."""
        about = json.dumps({"shape": asdict(self.shape), "taken": asdict(self.taken)})
        return marked(about.encode() + b"\n" + save(dict(self.weights)))

    @classmethod
    def from_bytes(cls, kept: object) -> "SequenceModel":
        """Raises Unsealed for what `to_bytes` never wrote."""
        about, weights = unmarked(kept).split(b"\n", 1)
        said = json.loads(about)
        return cls(Shape(**said["shape"]), load(weights), Taken(**said["taken"]))


def marked(data: bytes) -> bytes:
    """With a checksum, for `unmarked`."""
    return checksum(data).encode() + data


def unmarked(kept: object) -> bytes:
    """Raises Unsealed for what was never marked so."""
    if not isinstance(kept, bytes) or kept[:MARK_BYTES] != checksum(kept[MARK_BYTES:]).encode():
        raise Unsealed
    return kept[MARK_BYTES:]
