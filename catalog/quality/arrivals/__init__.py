"""What is looked at when a product is stored: whether it contradicts itself, and whether it doubles another.

`Arrivals` is the one place where products come into an index; see `catalog.quality.arrivals.store`.
"""

from catalog.quality.arrivals.doubles import Doubles
from catalog.quality.arrivals.store import Arrivals, Sink, way_into

__all__ = ["Arrivals", "Doubles", "Sink", "way_into"]
