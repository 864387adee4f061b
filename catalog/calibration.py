"""From logits to honest probabilities, and from those to what is reported. The numbers are measured on `val`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from catalog.product import CategoryScore, Decision
from catalog.taxonomy import Taxonomy

Floats = NDArray[np.float32]
Modalities = Literal["image", "text", "both"]
PROMISE = 0.7  # what a model folder promises by that was exported before this was measured
FORMER = ("review",)


@dataclass(frozen=True)
class Calibration:
    """What the model folder's calibration.json holds.

    temperature: divides the category logits, by modalities and then by the root node of the likeliest leaf ("*" for any
    other; Guo et al. 2017). attribute_temperature: likewise, by attribute. thresholds: least probability to report a
    tag or an attribute's value. attribute_roots, tag_roots: the root nodes under which each makes sense.
    promise: least probability to promise a node, by modalities and then by its level, the top one first; a deeper
    level is as the last. auto: least probability of a leaf to accept a product unseen.
    """

    temperature: dict[Modalities, dict[str, float]] = field(default_factory=dict)
    attribute_temperature: dict[str, float] = field(default_factory=dict)
    attribute_thresholds: dict[str, float] = field(default_factory=dict)
    attribute_roots: dict[str, list[str]] = field(default_factory=dict)
    tag_thresholds: dict[str, float] = field(default_factory=dict)
    tag_roots: list[str] = field(default_factory=list)
    promise: dict[Modalities, list[float]] = field(default_factory=dict)
    auto: float = 0.9

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Raises TypeError. What a model folder of an older release says and no release reads any more is left out."""
        return cls(**{name: value for name, value in values.items() if name not in FORMER})

    def leaf_probability(self, leaf_NC: Floats, modalities: Modalities, roots: Sequence[str]) -> Floats:
        """Category logits of N products -> calibrated leaf probabilities. roots: the root node of each leaf."""
        by_root = self.temperature.get(modalities, {})
        other = by_root.get("*", 1.0)
        temperature_C = np.array([by_root.get(root, other) for root in roots], np.float32)
        return softmax(leaf_NC / temperature_C[leaf_NC.argmax(-1)][..., None])

    def promised(self, modalities: Modalities, level: int) -> float:
        """The least probability to promise a node of this level, 0 being the top."""
        levels = self.promise.get(modalities) or [PROMISE]
        return levels[min(level, len(levels) - 1)]

    def decide(self, category: CategoryScore | None, leaf: bool) -> Decision:
        """leaf: whether the category is one."""
        if category is None:
            return "abstain"
        return "auto" if leaf and category.score >= self.auto else "review"


def leaf_roots(taxonomy: Taxonomy) -> tuple[str, ...]:
    """The root node's id above each leaf."""
    return tuple(taxonomy.ancestors(leaf.id)[0] for leaf in taxonomy.leaves)


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    exponents = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(-1, keepdims=True), np.float32)


def sigmoid(logits: Floats) -> Floats:
    # By way of tanh, which cannot overflow.
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), np.float32)
