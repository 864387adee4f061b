"""The order of the queue in which verdicts teach most: first what is unsure and stands for most that is unsure, too."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats
from catalog.errors import SearchInvalid
from catalog.index.filters import Filter
from catalog.index.product_index import ProductIndex
from catalog.index.records import likeliest
from catalog.product import StoredProduct

SAMPLE = 1_024  # products that are ranked against each other
COVERED = 256  # of which so many are chosen one by one
SHARPNESS = 4.0  # of the likeness, exp(SHARPNESS * (cosine - 1))
KEPT = 8  # rankings, each for the pages after its first


class Ranking(NamedTuple):
    """ids: of a sample's products in their order; following: where the next sample starts, "" after the last."""

    ids: Sequence[str]
    following: str


class InformativeOrder:
    """Pages of samples, one after the other, each ranked for itself: what a request costs does not grow with the queue.

    The index has products in the order of their ids' hashes, so that each sample is drawn at random, and how many are
    like a product in it tells how many are in the whole queue. A ranking stands until its first page is asked for
    again.
    """

    def __init__(self, index: ProductIndex) -> None:
        self._index = index
        self._rankings = OrderedDict[tuple[Filter, str], Ranking]()
        self._lock = threading.Lock()

    def page(self, filter: Filter, after: str, limit: int) -> tuple[list[StoredProduct], str]:
        """Products that pass, without those that no longer wait, and where the next page starts: "" at the end. Raises
        SearchInvalid for a bad `after`.
        """
        start, place = _place(after)
        products: list[StoredProduct] = []
        while not products:
            ranking, place = self._ranking(filter, start, place)
            found = self._index.get(ranking.ids[place : place + limit])
            products = [stored for stored in found if stored and stored.waits]
            place += limit
            if place >= len(ranking.ids):
                start, place = ranking.following, 0
                if not start:
                    return products, ""
        return products, f"{start}|{place}"

    def _ranking(self, filter: Filter, start: str, place: int) -> tuple[Ranking, int]:
        """The ranking, and the place to go on in it: the first of one that had to be made."""
        key = (filter, start)
        with self._lock:
            known = self._rankings.get(key) if place else None
        if known:
            return known, place
        products, following = self._index.page(filter, start, SAMPLE)
        ranking = Ranking([products[row].id for row in ranked(products)], following)
        with self._lock:
            self._rankings[key] = ranking
            self._rankings.move_to_end(key)
            if len(self._rankings) > KEPT:
                self._rankings.popitem(last=False)
        return ranking, 0


def ranked(products: Sequence[StoredProduct]) -> list[int]:
    """Their numbers, the most informative first."""
    if not products:
        return []
    guesses = [likeliest(stored.understanding) for stored in products]
    unsure_N = np.array([1 - guess.score if guess else 1.0 for guess in guesses], np.float32)
    return by_information(np.stack([stored.understanding.embedding for stored in products]), unsure_N)


def by_information(vector_NE: Floats, unsure_N: Floats, covered: int = COVERED) -> list[int]:
    """Row numbers, the most informative first. vector_NE: of unit length; unsure_N: 0 to 1.

    A product is worth its uncertainty times that of all products, each by how like it is. Once it is chosen, as much of
    theirs is gone as they are like it (a greedy cover), so that near-equal ones do not follow each other. After
    `covered` of them the others come by what is left of their own.
    """
    like_NN: NDArray[np.float32] = np.exp(np.float32(SHARPNESS) * (vector_NE @ vector_NE.T - 1))
    left_N = unsure_N.astype(np.float32)
    others_N = like_NN @ left_N
    chosen: list[int] = []
    open_N = np.ones(len(left_N), np.bool_)
    for _ in range(min(covered, len(left_N))):
        best = int(np.where(open_N, left_N * others_N, -np.inf).argmax())
        chosen.append(best)
        open_N[best] = False
        gone_N = left_N * like_NN[best]
        left_N, others_N = left_N - gone_N, others_N - like_NN @ gone_N
    rest = np.flatnonzero(open_N)
    return [*chosen, *rest[np.argsort(-left_N[rest], kind="stable")].tolist()]


def _place(after: str) -> tuple[str, int]:
    """What a page before gave. Raises SearchInvalid."""
    start, _, place = after.partition("|")
    try:
        UUID(start or "0" * 32)
        return start, max(int(place or 0), 0)
    except ValueError:
        raise SearchInvalid("The cursor is not valid. Use the one that the previous page returned.") from None
