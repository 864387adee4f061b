"""The data types that flow through everything: a `Product` goes in, an `Understanding` comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Modality = Literal["image", "text"]
Decision = Literal["auto", "review", "abstain"]


@dataclass(frozen=True, slots=True)
class Product:
    """What a merchant sends: pictures as encoded files (untrusted bytes) and words. Either may be missing."""

    id: str = ""
    title: str = ""
    description: str = ""
    images: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """A node of the category tree with its calibrated probability, 0 to 1.

    `path` holds the labels from the top of the tree down to this node, `path_scores` their probabilities: a parent's
    is the sum of its children's, so they never rise on the way down. `score` is the last of them.
    """

    id: str
    path: tuple[str, ...]
    path_scores: tuple[float, ...]

    @property
    def score(self) -> float:
        return self.path_scores[-1]


@dataclass(frozen=True, slots=True)
class Scored:
    """A tag name or an attribute value with its probability, 0 to 1."""

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Understanding:
    """What the model makes of one product.

    `embedding` is float32, of unit length; its first 64 or 128 numbers, rescaled to unit length, are an
    embedding of their own. `evidence` says which category each modality would give alone.
    """

    id: str
    category: CategoryScore
    alternatives: tuple[CategoryScore, ...]
    tags: tuple[Scored, ...]
    attributes: Mapping[str, Scored]
    embedding: NDArray[np.float32]
    modalities_used: tuple[Modality, ...]
    decision: Decision
    evidence: Mapping[Modality, CategoryScore] = field(default_factory=dict)
