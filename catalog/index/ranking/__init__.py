"""The order of what a query finds, and why each product is where it is."""

from catalog.index.ranking.for_sale import NOT_FOR_SALE, is_all_for_sale, only_for_sale, passing, search_for_sale
from catalog.index.ranking.fused import DEPTHS, FUSED_DEPTHS, Leaders, fuse, ranked
from catalog.index.ranking.lists import Lists
from catalog.index.ranking.reasons import reasons

__all__ = [
    "DEPTHS",
    "FUSED_DEPTHS",
    "NOT_FOR_SALE",
    "Leaders",
    "Lists",
    "fuse",
    "is_all_for_sale",
    "only_for_sale",
    "passing",
    "ranked",
    "reasons",
    "search_for_sale",
]
