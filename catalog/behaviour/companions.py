"""What is bought together with a product."""

import math
from typing import NamedTuple

from catalog.behaviour.log import EventLog
from catalog.behaviour.recommend import ReadOnce, Stock
from catalog.product import StoredProduct

# So many partners are looked at, and a pair that was met a few times is chance: so many times are added to what a
# pair's number is divided by.
PARTNERS, CHANCE = 200, 2


class Companion(NamedTuple):
    """times: how often both were bought in one visit."""

    stored: StoredProduct
    times: int


def companions(log: EventLog, catalogue: Stock, product: str, limit: int) -> list[Companion]:
    """Those for sale, first those that are bought with the product much more often than their number of buyers
    makes likely: by the cosine similarity of both columns of purchases.
    """
    times = log.partners(("bought",), [product], PARTNERS).get(product, {})
    totals = log.totals(list(times))

    def worth(id: str) -> float:
        return times[id] / math.sqrt(totals.get(id, 1)) * times[id] / (times[id] + CHANCE)

    order = sorted(times, key=lambda id: (-worth(id), id))
    there = ReadOnce(catalogue)
    best = list(there.available(order, limit))[:limit]
    return [Companion(stored, times[stored.id]) for stored in there.readable(best)]
