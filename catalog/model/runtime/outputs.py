"""The interface of a runtime, its outputs, and the comparison of two runtimes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from catalog.arrays import Floats
from catalog.model.familiarity import Familiarity
from catalog.model.preprocess import Batch
from catalog.product import Modality


class Answer(NamedTuple):
    """Of one product: leaf logits (C,) and embedding (E,)."""

    leaf_C: Floats
    embedding_E: Floats


class Alone(NamedTuple):
    """What the model says by one modality alone: leaf logits (B, C), embeddings (B, E), and as of `ModelOutputs` the
    attributes.
    """

    leaf_BC: Floats
    embedding_BE: Floats
    attributes: dict[str, Floats]


@dataclass(frozen=True)
class ModelOutputs:
    """The model's outputs for B products: logits as in `catalog.model.network.Outputs`, and unit embeddings (B, E).

    leaf_BC: weighed, see `catalog.model.familiarity`. image_BD, text_BD: the encoders' pooled vectors, the mean over a
    product's images; zeros where it has none.
    evidence: of each modality alone; empty unless asked for. names_BC: leaf logits by the names alone; None without an
    open head.
    """

    leaf_BC: Floats
    tags_BG: Floats
    attributes: dict[str, Floats]
    embedding_BE: Floats
    image_BD: Floats
    text_BD: Floats
    evidence: dict[Modality, Alone]
    names_BC: Floats | None = None

    def answer(self, row: int, alone: Modality | None = None) -> Answer:
        given = self.evidence[alone] if alone else self
        return Answer(given.leaf_BC[row], given.embedding_BE[row])


def weighed(
    familiarity: Familiarity | None, leaf_BC: Floats, names_BC: Floats | None, image_BD: Floats, text_BD: Floats
) -> Floats:
    """See `Familiarity.weigh`; names_BC: None without an open head, which has nothing to weigh."""
    return (
        leaf_BC if familiarity is None or names_BC is None else familiarity.weigh(leaf_BC, names_BC, image_BD, text_BD)
    )


class Runtime(Protocol):
    """Safe to share between threads."""

    def run(self, batch: Batch, evidence: bool) -> ModelOutputs:
        """evidence: whether to also predict from each modality alone, if any product has both."""
        ...


class Difference(NamedTuple):
    """How two runtimes' outputs differ.

    products: how many were compared; changed: how many got another category; embedding: the largest difference of one
    component of an embedding.
    """

    products: int
    changed: int
    embedding: float


def compare_outputs(one: Runtime, other: Runtime, batches: Iterable[Batch]) -> Difference:
    products, changed, moved = 0, 0, 0.0
    for batch in batches:
        ours, theirs = one.run(batch, False), other.run(batch, False)
        products += len(ours.leaf_BC)
        changed += int((ours.leaf_BC.argmax(1) != theirs.leaf_BC.argmax(1)).sum())
        moved = max(moved, float(np.abs(ours.embedding_BE - theirs.embedding_BE).max()))
    return Difference(products, changed, moved)
