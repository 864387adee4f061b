"""Which products are compared at all: those that share rare words, model numbers or identifiers.

Of each key a bounded number of products is kept, and of each product a bounded number of keys is asked and a bounded
number of others compared: the time for n products grows as n.
"""

import heapq
from collections.abc import Iterator
from itertools import combinations

from catalog.quality.groups.facts import Facts
from catalog.quality.groups.rarity import Rarity

COMPARED = 11  # others of each product
LEAST_SHARED = 0.1  # of the weight of its keys; what shares less is hardly ever the same product
POSTED = 64  # products of a key
RARE_WORDS = 8
PIECES_WEIGHT = 0.6
PAIRED_WORDS = 5  # the rarest words, each two of which are a key: words that are common alone may be rare together


class Candidates:
    """Products by their keys."""

    def __init__(self, rarity: Rarity) -> None:
        self._rarity = rarity
        self._posted: dict[str, list[str]] = {}

    def add(self, product: Facts) -> None:
        for key, _ in self._keys(product):
            posted = self._posted.setdefault(key, [])
            if len(posted) < POSTED:
                posted.append(product.id)

    def near(self, product: Facts) -> list[str]:
        """The products that share most with it, the nearest first."""
        shared: dict[str, float] = {}
        whole = 0.0
        for key, weight in self._keys(product):
            whole += weight
            for other in self._posted.get(key, ()):
                shared[other] = shared.get(other, 0.0) + weight
        shared.pop(product.id, None)
        least = LEAST_SHARED * whole
        ranked = ((weight, other) for other, weight in shared.items() if weight >= least)
        return [other for _, other in heapq.nlargest(COMPARED, ranked)]

    def _keys(self, product: Facts) -> Iterator[tuple[str, float]]:
        of = self._rarity.of
        ranked = sorted(product.title.words, key=lambda word: (-of(word), word))
        yield from ((word, of(word)) for word in ranked[:RARE_WORDS] if self._rarity.titles_with(word) <= POSTED)
        for one, other in combinations(ranked[:PAIRED_WORDS], 2):
            yield f"{one} {other}", 0.5 * (of(one) + of(other))
        yield from ((f"#{code}", 1.0) for code in product.codes | _joined_codes(product))
        yield from ((f"%{piece}", PIECES_WEIGHT * self._rarity.of_piece(piece)) for piece in product.pieces)
        yield "=" + " ".join(ranked), 1.0
        if product.gtin:
            yield f"gtin {product.gtin}", 4.0


def _joined_codes(product: Facts) -> frozenset[str]:
    """Two neighbours that another writes as one model number."""
    return frozenset(one for one in product.title.joined if not one.isalpha() and not one.isdigit())
