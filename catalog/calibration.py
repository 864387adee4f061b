"""From logits to honest probabilities, and from those to what is reported. The numbers are measured on `val`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from catalog.product import Decision
from catalog.taxonomy import Taxonomy

Floats = NDArray[np.float32]
Modalities = Literal["image", "text", "both"]


@dataclass(frozen=True)
class Calibration:
    """What the model folder's calibration.json holds.

    temperature: divides the category logits, by modalities and then by the root node of the likeliest leaf ("*" for any
    other; Guo et al. 2017). attribute_temperature: likewise, by attribute. thresholds: least probability to report a
    tag or an attribute's value. attribute_roots, tag_roots: the root nodes under which each makes sense.
    auto, review: least category probability to accept a product unseen, and to offer it for review, not abstain.
    """

    temperature: dict[Modalities, dict[str, float]] = field(default_factory=dict)
    attribute_temperature: dict[str, float] = field(default_factory=dict)
    attribute_thresholds: dict[str, float] = field(default_factory=dict)
    attribute_roots: dict[str, list[str]] = field(default_factory=dict)
    tag_thresholds: dict[str, float] = field(default_factory=dict)
    tag_roots: list[str] = field(default_factory=list)
    auto: float = 0.9
    review: float = 0.4

    def leaf_probability(self, leaf_NC: Floats, modalities: Modalities, roots: Sequence[str]) -> Floats:
        """Category logits of N products -> calibrated leaf probabilities. roots: the root node of each leaf."""
        by_root = self.temperature.get(modalities, {})
        other = by_root.get("*", 1.0)
        temperature_C = np.array([by_root.get(root, other) for root in roots], np.float32)
        return softmax(leaf_NC / temperature_C[leaf_NC.argmax(-1)][..., None])

    def decide(self, score: float) -> Decision:
        if score >= self.auto:
            return "auto"
        return "review" if score >= self.review else "abstain"


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
