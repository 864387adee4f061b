"""Ways to forecast weekly sales. Each gives (T, H): from the end of every week, the expected sales of the H next weeks.

sales_T: units a week, the oldest first.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Method = Callable[[Doubles, int], Doubles]

YEAR = 52
WINDOWS = (4, 8, 13, 26)
RATES = (0.05, 0.1, 0.2, 0.4)


def smoothed(sales_T: Doubles, rate: float) -> Doubles:
    """(T,): after each week the level: s = s + rate (x - s). Brown 1959; it begins as the mean so far."""
    level_T, level = np.empty(len(sales_T)), 0.0
    for week, units in enumerate(sales_T):
        level += max(rate, 1 / (week + 1)) * (units - level)
        level_T[week] = level
    return level_T


def moving_mean(window: int) -> Method:
    def method(sales_T: Doubles, horizon: int) -> Doubles:
        total_T = np.concatenate(([0.0], np.cumsum(sales_T)))
        end_T = np.arange(1, len(sales_T) + 1)
        start_T = np.maximum(end_T - window, 0)
        return _flat((total_T[end_T] - total_T[start_T]) / (end_T - start_T), horizon)

    return method


def exponential(rate: float) -> Method:
    return lambda sales_T, horizon: _flat(smoothed(sales_T, rate), horizon)


def intermittent(rate: float) -> Method:
    """How often something is sold, times how much then, each smoothed: for sales with many empty weeks.

    Teunter, Syntetos and Babai 2011 (TSB): unlike Croston's, it falls while nothing is sold.
    """

    def method(sales_T: Doubles, horizon: int) -> Doubles:
        sold_T = sales_T > 0
        often_T = smoothed(sold_T.astype(float), rate)
        size_T = np.zeros(len(sales_T))
        if sold_T.any():
            sizes = smoothed(sales_T[sold_T], rate)
            last_T = np.cumsum(sold_T) - 1
            size_T = np.where(last_T >= 0, sizes[np.maximum(last_T, 0)], 0.0)
        return _flat(often_T * size_T, horizon)

    return method


def yearly(sales_T: Doubles, horizon: int) -> Doubles:
    """A year ago, at the level of now: nan where a year ago is not known."""
    weeks = len(sales_T)
    level_T = moving_mean(8)(sales_T, 1)[:, 0]
    forecast_TH = np.full((weeks, horizon), np.nan)
    for ahead in range(1, horizon + 1):
        ago_T = np.arange(weeks) + ahead - YEAR
        known_T = (ago_T >= 0) & (np.arange(weeks) >= YEAR)
        before_T = level_T[np.maximum(np.arange(weeks) - YEAR, 0)]
        ratio_T = (level_T + 1) / (before_T + 1)
        forecast_TH[known_T, ahead - 1] = sales_T[ago_T[known_T]] * ratio_T[known_T]
    return forecast_TH


def _flat(level_T: Doubles, horizon: int) -> Doubles:
    return np.repeat(level_T[:, None], horizon, axis=1)


METHODS: Mapping[str, Method] = {
    **{f"mean of {window} weeks": moving_mean(window) for window in WINDOWS},
    **{f"exponential smoothing, {rate:g}": exponential(rate) for rate in RATES},
    **{f"intermittent (TSB), {rate:g}": intermittent(rate) for rate in RATES[:3]},
    "year ago": yearly,
}
