"""Exact bounds of a share, from a count of errors (Clopper and Pearson 1934), one-sided at 95 % confidence."""

from functools import lru_cache

import numpy as np

DOUBT = 0.05


def tail(errors: int, count: int, rate: float) -> float:
    """The probability of at most this many errors among `count`, each of which is one with probability `rate`."""
    if errors >= count or rate <= 0:
        return 1.0
    if errors < 0 or rate >= 1:
        return 0.0
    k = np.arange(1, errors + 1)
    ratios = np.log((count - k + 1) / k) + np.log(rate) - np.log1p(-rate)
    logs = count * np.log1p(-rate) + np.concatenate([[0.0], np.cumsum(ratios)])
    return min(float(np.exp(logs.max()) * np.exp(logs - logs.max()).sum()), 1.0)


def is_at_least(target: float, count: int, errors: int) -> bool:
    """Whether the lower bound of the share that is right reaches the target; cheaper than the bound itself."""
    return count > 0 and tail(errors, count, 1 - target) <= DOUBT


def is_below(target: float, count: int, errors: int) -> bool:
    """Whether the share that is right is below the target, however often one looks while the count grows.

    The chances of a false alarm at each count add up to half of DOUBT.
    """
    doubt = DOUBT / ((count + 1) * (count + 2))
    return errors > 0 and 1 - tail(errors - 1, count, 1 - target) <= doubt


def lower_bound(count: int, errors: int) -> float:
    """The lower bound of the share that is right."""
    if errors >= count:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if is_at_least(middle, count, errors) else (low, middle)
    return low


@lru_cache(maxsize=10_000)
def needed(errors: int, target: float) -> int:
    """The least count of which so many errors leave the lower bound at the target."""
    low, high = errors, max(2 * int(errors / (1 - target)), 1)
    while not is_at_least(target, high, errors):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_at_least(target, middle, errors) else (middle, high)
    return high
