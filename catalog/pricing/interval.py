"""An interval for a price, from the prices of comparable products.

The centre is their weighted median in logarithms, the spread how far they are apart. How far the catalogue's own prices
lie from their centres, in spreads, is the residual; its quantiles make the interval. So split conformal prediction with
residuals that are normalised (Papadopoulos et al. 2011) and signed, one tail on each side (Romano et al. 2019): for a
product that is drawn as the catalogue's were, the interval holds the price with at least the probability asked for,
whatever the distribution.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalog.pricing.comparables import Comparable

# Chosen on retail_demo (benchmarks/pricing.py --sets retail_demo), as the number of comparables is.
TEMPERATURE = 0.05
LEAST_SPREAD = 0.5

Doubles = NDArray[np.float64]


class Estimate(NamedTuple):
    """Of the logarithm of a price. spread: above 0."""

    centre: float
    spread: float

    def residual(self, price: float) -> float:
        return (math.log(price) - self.centre) / self.spread

    def at(self, residual: float) -> float:
        """The price with this residual."""
        return math.exp(self.centre + residual * self.spread)


def estimate(comparables: Sequence[Comparable]) -> Estimate:
    """comparables: at least one."""
    price_N = np.log([one.price for one in comparables])
    similarity_N = np.array([one.similarity for one in comparables])
    weight_N = np.exp((similarity_N - similarity_N.max()) / TEMPERATURE)
    weight_N /= weight_N.sum()
    centre = weighted_median(price_N, weight_N)
    return Estimate(centre, float(weight_N @ np.abs(price_N - centre)) + LEAST_SPREAD)


def weighted_median(value_N: Doubles, weight_N: Doubles) -> float:
    """weight_N: of sum 1."""
    order = np.argsort(value_N, kind="stable")
    return float(value_N[order][np.searchsorted(np.cumsum(weight_N[order]), 0.5 - 1e-9)])


class Interval(NamedTuple):
    low: float
    median: float
    high: float


def interval(estimated: Estimate, residual_N: Doubles, coverage: float) -> Interval | None:
    """residual_N: sorted, of the catalogue's own products; None where they are too few for this coverage, 0 to 1."""
    count = len(residual_N)
    tail = math.floor((count + 1) * (1 - coverage) / 2 + 1e-9)  # so many residuals lie beyond each end, or equal it
    if tail < 1:
        return None
    low, high = residual_N[tail - 1], residual_N[count - tail]
    return Interval(*(estimated.at(float(one)) for one in (low, np.median(residual_N), high)))
