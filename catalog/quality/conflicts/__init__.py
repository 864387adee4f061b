"""Products that contradict themselves: the picture the words, the words the merchant's own fields.

`conflicts` tells of a product with what the model made of it, `conflict_findings` of a stored one. `examined` notes the
codes in a product that is to be stored, so that it comes first in the review: see `catalog.quality.arrivals`.
"""

from catalog.quality.conflicts.find import CODES, codes_of, conflict_findings, conflicts, examined

__all__ = ["CODES", "codes_of", "conflict_findings", "conflicts", "examined"]
