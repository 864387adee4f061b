"""The order of what a query finds, and why each product is where it is."""

from catalog.index.ranking.fused import DEPTHS, FUSED_DEPTHS, Leaders, fuse, ranked
from catalog.index.ranking.reasons import Lists, with_reasons

__all__ = ["DEPTHS", "FUSED_DEPTHS", "Leaders", "Lists", "fuse", "ranked", "with_reasons"]
