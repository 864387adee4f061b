"""What a product lacks, by its category, its catalogue and the sales channels: see `check.completeness`."""

from catalog.quality.completeness.check import Completeness, Part, Reason, completeness
from catalog.quality.completeness.expectations import Expectations, Expected
from catalog.quality.completeness.proposals import Proposal

__all__ = ["Completeness", "Expectations", "Expected", "Part", "Proposal", "Reason", "completeness"]
