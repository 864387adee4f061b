"""A category tree with its calibration: leaf logits -> scores of nodes -> what can be promised."""

from functools import partial
from typing import NamedTuple

from catalog.arrays import Floats, Modalities
from catalog.model.calibration import Calibration, leaf_roots
from catalog.model.contract import Contract, HeldOut
from catalog.product import CategoryScore, Decision
from catalog.taxonomy.descent import Descent
from catalog.taxonomy.tree import Taxonomy


class Filing(NamedTuple):
    """Where a product is filed; see `catalog.product.Understanding`. unfamiliar: whether that is why it is nowhere."""

    category: CategoryScore | None
    alternatives: tuple[CategoryScore, ...]
    decision: Decision
    unfamiliar: bool


class Categories:
    """Safe to share between threads."""

    def __init__(self, taxonomy: Taxonomy, calibration: Calibration, contract: Contract | None = None) -> None:
        self.taxonomy, self.calibration, self.contract = taxonomy, calibration, contract
        self.descent = Descent(taxonomy)
        self._leaf_roots = leaf_roots(taxonomy)

    def scores(self, leaf_C: Floats, modalities: Modalities) -> Floats:
        """The calibrated probability of each node of the tree."""
        return self.descent.scores(self.calibration.leaf_probability(leaf_C, modalities, self._leaf_roots))

    def category(self, leaf_C: Floats, log_odds: float, modalities: Modalities) -> CategoryScore | None:
        """The deepest node that can be promised; None for a product that is unfamiliar by its log odds."""
        return self._promised(self.scores(leaf_C, modalities), log_odds, modalities)

    def _promised(self, score_M: Floats, log_odds: float, modalities: Modalities) -> CategoryScore | None:
        if self.calibration.is_unfamiliar(log_odds, modalities):
            return None
        return self.descent.promised(score_M, partial(self.calibration.promised, modalities))

    def held_out(self, leaf_C: Floats, log_odds: float, modalities: Modalities, truth: tuple[str, ...]) -> HeldOut:
        """The answer for a product that was not taught, to fit a contract on. truth: ids from the root to its node."""
        category = self.category(leaf_C, log_odds, modalities)
        leaf = category is not None and self.descent.is_leaf(category)
        return HeldOut(category, leaf, truth, self.calibration.is_acceptable(log_odds, modalities))

    def likeliest(self, leaf_C: Floats, modalities: Modalities) -> CategoryScore:
        """The likeliest leaf of the likeliest node at each level, whatever its score."""
        found = self.descent.promised(self.scores(leaf_C, modalities), lambda root, level: 0.0)
        assert found
        return found

    def file(self, leaf_C: Floats, log_odds: float, modalities: Modalities, top_k: int) -> Filing:
        """log_odds: of the product being unfamiliar; top_k: how many alternatives."""
        score_M = self.scores(leaf_C, modalities)
        category, decision = self._decide(self._promised(score_M, log_odds, modalities), modalities, log_odds)
        unfamiliar = self.calibration.is_unfamiliar(log_odds, modalities)
        return Filing(category, self.descent.likeliest(score_M, category, top_k), decision, unfamiliar)

    def _decide(
        self, category: CategoryScore | None, modalities: Modalities, log_odds: float
    ) -> tuple[CategoryScore | None, Decision]:
        """What is done with a product, and its category, which is an ancestor where only that is sure enough."""
        leaf = category is not None and self.descent.is_leaf(category)
        if category is None or self.contract is None:
            return category, self.calibration.decide(category, leaf, modalities, log_odds)
        kept = self.contract.keep(category, leaf, modalities)
        if kept is None or not self.calibration.is_acceptable(log_odds, modalities):
            return category, "review"
        return kept.category, "auto"
