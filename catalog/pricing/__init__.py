"""What a product may cost: from the prices of the products of the catalogue that are nearest to it."""

from catalog.pricing.comparables import Comparable, PriceQuestion, question_of
from catalog.pricing.pricer import Pricer, Reason, Suggestion

__all__ = ["Comparable", "PriceQuestion", "Pricer", "Reason", "Suggestion", "question_of"]
