"""From logits to honest probabilities, and from those to what is reported. The numbers are measured on `val`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import numpy as np

from catalog.arrays import MODALITIES, Floats, Modalities, softmax
from catalog.product import CategoryScore, Decision
from catalog.taxonomy.tree import Taxonomy

# What a model folder goes by that was exported before these were measured.
PROMISE, AUTO = 0.7, 0.9
FORMER = ("review", "attribute_thresholds", "attribute_roots", "tag_thresholds", "tag_roots")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a query finds, by what is read of it; see `catalog.search.floor`.

    least: cosine of a query whose category is known; unsure: of any other; ratio: of the best product's cosine; share:
    of the query's words.
    """

    least: float
    unsure: float
    ratio: float
    share: float


@dataclass(frozen=True)
class Calibration:
    """What the model folder's calibration.json holds, each by what is read of a product: its image, words or both.

    temperature: divides the category logits, by the root node of the likeliest leaf ("*" for any other; Guo et al.
    2017). attribute_temperature: likewise, by attribute. promise: least probability to promise a node, by its level,
    the top one first; a deeper level is as the last. auto: least probability of a leaf to accept a product unseen.
    unfamiliar: the log odds above which a product is unlike everything taught (see `catalog.model.familiarity`).
    auto_unfamiliar: those above which a product is not accepted unseen, however sure its leaf; without them as above.
    tags, attributes: least probability to report a tag, or an attribute's value, by the node of the category: what is
    not listed is not proven for this kind of product.
    floor: what is like a query; without it everything is, more or less.
    """

    temperature: dict[Modalities, dict[str, float]] = field(default_factory=dict)
    attribute_temperature: dict[str, float] = field(default_factory=dict)
    promise: dict[Modalities, list[float]] = field(default_factory=dict)
    auto: dict[Modalities, float] = field(default_factory=dict)
    unfamiliar: dict[Modalities, float] = field(default_factory=dict)
    auto_unfamiliar: dict[Modalities, float] = field(default_factory=dict)
    tags: dict[Modalities, dict[str, dict[str, float]]] = field(default_factory=dict)
    attributes: dict[Modalities, dict[str, dict[str, dict[str, float]]]] = field(default_factory=dict)
    floor: dict[Modalities, Bounds] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Raises TypeError. What a model folder of an older release says and no release reads any more is left out."""
        known = {name: value for name, value in values.items() if name not in FORMER}
        if isinstance(known.get("auto"), float):  # as it was, for all modalities
            known["auto"] = dict.fromkeys(MODALITIES, known["auto"])
        known["floor"] = {way: Bounds(**bounds) for way, bounds in known.get("floor", {}).items()}
        return cls(**known)

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

    def is_unfamiliar(self, log_odds: float, modalities: Modalities) -> bool:
        return log_odds > self.unfamiliar.get(modalities, np.inf)

    def decide(
        self, category: CategoryScore | None, leaf: bool, modalities: Modalities, log_odds: float = -np.inf
    ) -> Decision:
        """leaf: whether the category is one; log_odds: that the product is unfamiliar."""
        if category is None:
            return "abstain"
        sure = leaf and category.score >= self.auto.get(modalities, AUTO)
        return "auto" if sure and log_odds <= self.auto_unfamiliar.get(modalities, np.inf) else "review"

    def proven_tags(self, modalities: Modalities, category: CategoryScore) -> dict[str, float]:
        """The tags that may be reported of such a product, with the least probability of each."""
        return _of_kind(self.tags.get(modalities, {}), category)

    def proven_values(self, modalities: Modalities, category: CategoryScore) -> dict[str, dict[str, float]]:
        """The attributes' values that may be reported of such a product, with the least probability of each."""
        return _of_kind(self.attributes.get(modalities, {}), category)


Proof = TypeVar("Proof")


def _of_kind(kinds: Mapping[str, Mapping[str, Proof]], category: CategoryScore) -> dict[str, Proof]:
    """What is listed of the deepest node on the category's path of which anything is."""
    return next((dict(kinds[node]) for node in reversed(category.path_ids) if node in kinds), {})


def leaf_roots(taxonomy: Taxonomy) -> tuple[str, ...]:
    """The root node's id above each leaf."""
    return tuple(taxonomy.ancestors(leaf.id)[0] for leaf in taxonomy.leaves)
