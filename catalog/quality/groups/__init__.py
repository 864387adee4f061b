"""Products that are one product, variants of one, or look alike: see `catalog.quality.groups.grouping`."""

from catalog.quality.groups.grouping import Family, Group, Grouping, Item, PairVerdict, promised
from catalog.quality.groups.learn import fit
from catalog.quality.groups.reasons import Reason
from catalog.quality.groups.scorer import Scorer

__all__ = ["Family", "Group", "Grouping", "Item", "PairVerdict", "Reason", "Scorer", "fit", "promised"]
