"""When to order again, and how much is kept against surprises."""

import math
from statistics import NormalDist
from typing import NamedTuple

from catalog.demand.forecast import Forecast


class Stock(NamedTuple):
    """Units. reorder_point: order again once the stock falls to it."""

    safety_stock: float
    reorder_point: float


def stock(forecast: Forecast, lead_weeks: float, service_level: float) -> Stock:
    """Silver, Pyke and Thomas 2017, chapter 6: z of the service level, times the spread of a week's error, times the
    root of the lead time; and what is expected to be sold meanwhile.

    lead_weeks: from order to arrival; service_level: the probability, 0.5 to 1, not to run out meanwhile.
    """
    safety = NormalDist().inv_cdf(service_level) * forecast.spread * math.sqrt(lead_weeks)
    mean_H = forecast.mean_H
    whole = int(min(lead_weeks, len(mean_H)))
    expected = float(mean_H[:whole].sum()) + (lead_weeks - whole) * float(mean_H[min(whole, len(mean_H) - 1)])
    return Stock(safety, expected + safety)
