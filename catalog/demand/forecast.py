"""A product's forecast by the method that would have been best for it, with intervals from how wrong that was.

The history is gone through again: at the end of each of its last weeks every method forecasts what is known by now. The
one with the least squared error is taken. Its errors, per week ahead pooled, make the interval as in split conformal
prediction; as weeks follow each other, they are not exchangeable, and the coverage is that of the past.
"""

from dataclasses import dataclass

import numpy as np

from catalog.demand.methods import METHODS, Doubles

ENOUGH = 8  # weeks: of a shorter history nothing is chosen
TESTED = 26  # weeks, at most half of the history


@dataclass(frozen=True, slots=True)
class Forecast:
    """Units a week. mean_H: what is expected; median_H, low_H, high_H: quantiles, the last two of the interval with
    `coverage`; spread: the root of the mean squared error of a week; tested: on how many errors that rests.
    """

    method: str
    coverage: float
    mean_H: Doubles
    median_H: Doubles
    low_H: Doubles
    high_H: Doubles
    spread: float
    tested: int


def forecast(sales_T: Doubles, horizon: int, coverage: float = 0.8) -> Forecast:
    """sales_T: (T,), units a week, the oldest first, at least `ENOUGH`."""
    weeks = len(sales_T)
    assert weeks >= ENOUGH, "a cold start is to be forecast from its neighbours"
    tested = min(TESTED, weeks // 2)
    best: tuple[float, str, Doubles, Doubles] | None = None
    for name, method in METHODS.items():
        forecast_TH = method(sales_T, horizon)
        error_N = _errors(sales_T, forecast_TH, tested)
        if np.isfinite(error_N).all() and np.isfinite(forecast_TH[-1]).all():
            squared = float(np.mean(error_N**2))
            if best is None or squared < best[0]:
                best = squared, name, forecast_TH[-1], error_N
    assert best
    squared, name, mean_H, error_N = best
    low, high = conformal_ends(np.sort(error_N), coverage)
    median_H, low_H, high_H = (np.maximum(mean_H + shift, 0) for shift in (float(np.median(error_N)), low, high))
    return Forecast(name, coverage, mean_H, median_H, low_H, high_H, float(np.sqrt(squared)), len(error_N))


def _errors(sales_T: Doubles, forecast_TH: Doubles, tested: int) -> Doubles:
    """(N,): sales less forecast of the last `tested` weeks, from every origin within the horizon."""
    weeks, horizon = forecast_TH.shape
    errors = []
    for week in range(weeks - tested, weeks):
        ahead_A = np.arange(1, min(horizon, week) + 1)
        errors.append(sales_T[week] - forecast_TH[week - ahead_A, ahead_A - 1])
    return np.concatenate(errors)


def conformal_ends(error_N: Doubles, coverage: float) -> tuple[float, float]:
    """error_N: sorted. The outermost ones where they are too few."""
    tail = max(int((len(error_N) + 1) * (1 - coverage) / 2 + 1e-9), 1)
    return float(error_N[tail - 1]), float(error_N[len(error_N) - tail])
