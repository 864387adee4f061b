"""A threshold whose precision is at least a target, with 95 % confidence, or how many products that would take.

The best of many thresholds looks better than it is, so the bound of a threshold that was chosen by its bound is false.
Here they are tested as a fixed sequence (Learn then Test, Angelopoulos et al. 2021): from strict to loose, each by
Clopper and Pearson's lower bound, up to the first failure. Which ones are tested follows from the scores alone. So the
probability that the last one that passes is below the target is 5 %. Conformal prediction would bound the errors among
all products, not among those that are accepted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats
from catalog.model.contract.binomial import is_at_least, lower_bound, needed

# The first threshold has room for so many errors, where there are twice the products that these take: a single one
# among the surest need not end the search.
SPARE_ERRORS = 2
FINEST = 50  # of many errors, a step allows 2 % more


@dataclass(frozen=True, slots=True)
class Promise:
    """threshold: the least score that is accepted. products, errors: how many held-out ones it accepts, and how many of
    these are wrong. bound: the lower bound of its precision. coverage: the share of the group that it accepts.
    """

    target: float
    threshold: float
    products: int
    errors: int
    bound: float
    coverage: float

    def __str__(self) -> str:
        return (
            f"from {self.threshold:.4f} on: {self.bound:.4f} at least ({self.errors} of {self.products} wrong),"
            f" coverage {self.coverage:.0%}"
        )


@dataclass(frozen=True, slots=True)
class Unpromised:
    """products, errors: of the group if it is too small, else of what the first threshold accepts. needed: how many
    products would prove the target, with as many errors; with none, of a group that is too small.
    """

    target: float
    products: int
    errors: int
    needed: int

    def __str__(self) -> str:
        return self.said_of("products")

    def said_of(self, judged: str) -> str:
        """judged: what was counted, in the plural."""
        if self.products < needed(0, self.target):
            return f"cannot be promised: {self.products} of the {self.needed} {judged} needed"
        return f"cannot be promised: {self.errors} of {self.products} wrong, where {self.needed} {judged} are needed"


Outcome = Promise | Unpromised


def promise(score_N: Floats, right_N: NDArray[np.bool_], target: float, group: int = 0) -> Outcome:
    """The least threshold that keeps the target. group: the number of products that coverage is a share of, if there
    are more than those with a score.
    """
    order = np.argsort(-score_N, kind="stable")
    falling_N, wrong_N = score_N[order], np.cumsum(~right_N[order])
    failed = Unpromised(target, len(order), int((~right_N).sum()), needed(0, target))
    best: tuple[float, int, int] | None = None
    for step in steps(len(order), target):
        threshold = falling_N[step - 1]
        count = int(np.searchsorted(-falling_N, -threshold, side="right"))  # with all of equal score
        errors = int(wrong_N[count - 1])
        if not is_at_least(target, count, errors):
            failed = Unpromised(target, count, errors, needed(errors, target))
            break
        best = float(threshold), count, errors
    if best is None:
        return failed
    threshold, count, errors = best
    return Promise(target, threshold, count, errors, lower_bound(count, errors), count / max(group, len(order)))


def steps(count: int, target: float) -> Iterator[int]:
    """How many products each tested threshold accepts: as many as allow one error more than before, and at last all."""
    errors = max((spare for spare in range(SPARE_ERRORS + 1) if 2 * needed(spare, target) <= count), default=0)
    step = 0
    while (following := needed(errors, target)) <= count:
        step = following
        yield step
        errors += max(errors // FINEST, 1)
    if 0 < step < count:
        yield count
