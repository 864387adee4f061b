"""Logits -> calibrated probabilities -> what is reported. The thresholds are measured on `val`."""

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
    """The relevance floor of a query; see `catalog.search.floor`.

    least: lowest cosine for a query whose category is known; unsure: for any other; ratio: of the best product's
    cosine; share: of the query's words.
    """

    least: float
    unsure: float
    ratio: float
    share: float


@dataclass(frozen=True)
class Calibration:
    """The model folder's calibration.json, each entry by modalities: image, text or both.

    temperature: divides the category logits, by the root node of the likeliest leaf ("*" for any other; Guo et al.
    2017). attribute_temperature: likewise, by attribute. promise: least probability to promise a node, by its root node
    ("*" for any other) and its level, the top one first; a deeper level is as the last. auto: least probability of a
    leaf to accept a product unseen. auto_roots: the root nodes under which that was measured, without them all;
    elsewhere a person reviews.
    unfamiliar: the log odds above which a product is unlike everything taught (see `catalog.model.familiarity`).
    auto_unfamiliar: those above which a product is not accepted unseen, however sure its leaf; without them as above.
    tags, attributes: least probability to report a tag, or an attribute's value, by the node of the category: what is
    not listed is not proven for this kind of product.
    floor: what is like a query; without it everything is, more or less. named: added to the logits of the leaves that a
    title names, before the temperature, times their share (see `catalog.taxonomy.tree.Taxonomy.leaves_named`).
    """

    temperature: dict[Modalities, dict[str, float]] = field(default_factory=dict)
    attribute_temperature: dict[str, float] = field(default_factory=dict)
    promise: dict[Modalities, dict[str, list[float]]] = field(default_factory=dict)
    auto: dict[Modalities, float] = field(default_factory=dict)
    auto_roots: dict[Modalities, list[str]] = field(default_factory=dict)
    unfamiliar: dict[Modalities, float] = field(default_factory=dict)
    auto_unfamiliar: dict[Modalities, float] = field(default_factory=dict)
    tags: dict[Modalities, dict[str, dict[str, float]]] = field(default_factory=dict)
    attributes: dict[Modalities, dict[str, dict[str, dict[str, float]]]] = field(default_factory=dict)
    floor: dict[Modalities, Bounds] = field(default_factory=dict)
    named: float = 0.0

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Raises TypeError. Keys of older releases that are no longer used are dropped."""
        known = {name: value for name, value in values.items() if name not in FORMER}
        if isinstance(known.get("auto"), float):  # as it was, for all modalities
            known["auto"] = dict.fromkeys(MODALITIES, known["auto"])
        known["promise"] = {
            way: least if isinstance(least, dict) else {"*": least}  # as it was, for all roots
            for way, least in known.get("promise", {}).items()
        }
        known["floor"] = {way: Bounds(**bounds) for way, bounds in known.get("floor", {}).items()}
        return cls(**known)

    def leaf_probability(self, leaf_NC: Floats, modalities: Modalities, roots: Sequence[str]) -> Floats:
        """Category logits of N products -> calibrated leaf probabilities. roots: the root node of each leaf."""
        return softmax(self.scaled(leaf_NC, modalities, roots))

    def scaled(self, leaf_NC: Floats, modalities: Modalities, roots: Sequence[str]) -> Floats:
        """Category logits of N products -> calibrated ones."""
        by_root = self.temperature.get(modalities, {})
        other = by_root.get("*", 1.0)
        likeliest_N = leaf_NC.argmax(-1)
        temperatures = [by_root.get(roots[leaf], other) for leaf in likeliest_N.flat]
        return np.asarray(leaf_NC / np.array(temperatures, np.float32).reshape(*likeliest_N.shape, 1), np.float32)

    def promised(self, modalities: Modalities, root: str, level: int) -> float:
        """The lowest probability at which a node below this root, of this level, is returned; 0 is the root's own."""
        by_root = self.promise.get(modalities, {})
        levels = by_root.get(root) or by_root.get("*") or [PROMISE]
        return levels[min(level, len(levels) - 1)]

    def is_unfamiliar(self, log_odds: float, modalities: Modalities) -> bool:
        return log_odds > self.unfamiliar.get(modalities, np.inf)

    def is_acceptable(self, log_odds: float, modalities: Modalities) -> bool:
        """Whether a product is familiar enough to be accepted unseen."""
        return log_odds <= self.auto_unfamiliar.get(modalities, np.inf)

    def decide(
        self, category: CategoryScore | None, leaf: bool, modalities: Modalities, log_odds: float = -np.inf
    ) -> Decision:
        """leaf: whether the category is a leaf; log_odds: of the product being unfamiliar."""
        if category is None:
            return "abstain"
        measured = modalities not in self.auto_roots or category.path_ids[0] in self.auto_roots[modalities]
        sure = leaf and measured and category.score >= self.auto.get(modalities, AUTO)
        return "auto" if sure and self.is_acceptable(log_odds, modalities) else "review"

    def proven_tags(self, modalities: Modalities, category: CategoryScore) -> dict[str, float]:
        """The tags that may be returned for products of this category, with the lowest probability of each."""
        return _of_kind(self.tags.get(modalities, {}), category)

    def proven_values(self, modalities: Modalities, category: CategoryScore) -> dict[str, dict[str, float]]:
        """Attribute values that may be returned for products of this category, with the lowest probability of each."""
        return _of_kind(self.attributes.get(modalities, {}), category)


Proof = TypeVar("Proof")


def _of_kind(kinds: Mapping[str, Mapping[str, Proof]], category: CategoryScore) -> dict[str, Proof]:
    """The entries of the deepest node on the category's path that has any."""
    return next((dict(kinds[node]) for node in reversed(category.path_ids) if node in kinds), {})


def leaf_roots(taxonomy: Taxonomy) -> tuple[str, ...]:
    """The root node's id above each leaf."""
    return tuple(taxonomy.ancestors(leaf.id)[0] for leaf in taxonomy.leaves)
