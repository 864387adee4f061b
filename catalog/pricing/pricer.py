"""Prices that an index suggests, calibrated on its own prices."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple

import numpy as np

from catalog.index.product_index import ProductIndex
from catalog.pricing.comparables import FEWEST, Comparable, PriceQuestion, compared, priced_in, query_of, question_of
from catalog.pricing.interval import Doubles, Interval, estimate, interval
from catalog.product import StoredProduct

COVERAGE = 0.9
# Of so many products the price is estimated as if it were not known: each is a search.
CALIBRATED_ON = 1000
# After so many seconds, or when so large a share of the products is new, prices are calibrated anew.
CALIBRATED_FOR = 3600.0
CHANGED_SHARE = 0.1

Reason = Literal["", "nothing_readable", "too_few_comparables", "too_few_priced"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """interval: None for a `reason`. coverage: the probability, at least, that it holds the price. calibrated_on: how
    many of the catalogue's own prices say so. comparables: nearest first, also where they are too few.
    """

    currency: str
    coverage: float
    interval: Interval | None
    reason: Reason
    comparables: tuple[Comparable, ...] = ()
    calibrated_on: int = 0


class Calibration(NamedTuple):
    """residual_N: sorted; products: how many the index had; time: of the clock."""

    residual_N: Doubles
    products: int
    time: float


class Pricer:
    """Safe to share between threads. Nothing is read of the index before the first question; that of a currency takes
    some seconds, as `CALIBRATED_ON` products are searched for.
    """

    def __init__(self, index: ProductIndex) -> None:
        self._index = index
        self._known: dict[str, Calibration] = {}
        self._calibrating = threading.Lock()

    def suggest(self, asked: PriceQuestion, coverage: float = COVERAGE) -> Suggestion:
        """coverage: above 0, below 1. Raises IndexFailed."""
        if not asked.embedding.size:
            return Suggestion(asked.currency, coverage, None, "nothing_readable")
        comparables = self._comparables(asked)
        if len(comparables) < FEWEST:
            return Suggestion(asked.currency, coverage, None, "too_few_comparables", comparables)
        residual_N = self._calibration(asked.currency).residual_N
        found = interval(estimate(comparables), residual_N, coverage)
        reason: Reason = "" if found else "too_few_priced"
        return Suggestion(asked.currency, coverage, found, reason, comparables, len(residual_N))

    def currency(self) -> str:
        """The one that the most products have; "" where none has one."""
        [counts] = self._index.facets(("currency",), limit=1).values()
        return counts[0][0] if counts else ""

    def _comparables(self, asked: PriceQuestion) -> tuple[Comparable, ...]:
        return tuple(compared(asked, self._index.search(query_of(asked))))

    def _calibration(self, currency: str) -> Calibration:
        """One thread measures it, and the others wait for that."""
        products = self._index.count()
        if known := self._current(currency, products):
            return known
        with self._calibrating:
            known = self._current(currency, products)
            if known is None:
                known = Calibration(self._residuals(currency), products, time.monotonic())
                self._known[currency] = known
            return known

    def _current(self, currency: str, products: int) -> Calibration | None:
        known = self._known.get(currency)
        if known is None or abs(products - known.products) > CHANGED_SHARE * known.products:
            return None
        return known if time.monotonic() - known.time < CALIBRATED_FOR else None

    def _residuals(self, currency: str) -> Doubles:
        """Sorted, of products as an index pages them, which is at random: a point is a hash of the id."""
        known = [
            (stored.product.price, self._comparables(question_of(stored)))
            for stored in islice(self._priced(currency), CALIBRATED_ON)
        ]
        return np.sort([estimate(near).residual(price) for price, near in known if price and len(near) >= FEWEST])

    def _priced(self, currency: str) -> Iterator[StoredProduct]:
        """Those that can be compared, with their embeddings."""
        page, after = self._index.page(priced_in(currency))
        while page:
            yield from (one for one in page if one.product.currency == currency and one.understanding.modalities_used)
            page, after = self._index.page(priced_in(currency), after) if after else ([], "")
