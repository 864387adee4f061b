"""Recommendations: the sources' products by their weights, each with its reason, and no two that are the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Protocol

import numpy as np

from catalog.arrays import Floats
from catalog.behaviour.mixture import Mixture, Weights
from catalog.behaviour.sources import Catalogue, Given, Situation, Source
from catalog.index.backend import in_chunks
from catalog.index.filters import Filter
from catalog.index.listing import Sort
from catalog.product import StoredProduct

# So many times as many as are asked for are looked at: some are not for sale, or all but the same as others.
LOOKED_AT = 2
MAX_LIMIT = 100
DIVERSITY = 0.1


class Reason(NamedTuple):
    """Why a product is recommended. source: "earlier": the shopper had it himself; "together" and "later": shoppers
    came to it in one visit with `product`, or in a later one; "alike": it is like what the shopper came to, most of all
    like `product`; "popular": many come to it; "sequence": a trained model foretells it from what the shopper came to
    and in which order; "new": it was stored last.
    """

    source: Source | Literal["new"]
    product: str = ""


class Recommendation(NamedTuple):
    """score: how likely it is thought to be the next product, 0 to 1, for comparing those of one answer."""

    stored: StoredProduct
    score: float
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """limit: 1 to 100; exclude: products that are not wanted; again: whether what the shopper had may come again;
    diversity: 0 to 1, how much a product loses for being like one above it.
    """

    limit: int = 10
    filter: Filter | None = None
    exclude: frozenset[str] = field(default_factory=frozenset)
    again: bool = True
    diversity: float = DIVERSITY

    def restricted(self, filter: Filter | None) -> "Wanted":
        return replace(self, filter=filter)


class Stock(Catalogue, Protocol):
    """What is asked of the product index, of what may be shown."""

    def for_sale(self, ids: Sequence[str], filter: Filter | None = None) -> list[str]: ...
    def readable(self, ids: Sequence[str], vectors: Mapping[str, Floats]) -> dict[str, StoredProduct]: ...
    def browse(self, filter: Filter | None = None, sort: Sort = "newest", limit: int = 10) -> list[StoredProduct]: ...


class ReadOnce:
    """The catalogue for one answer: no vector of it is read twice."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._vectors: dict[str, Floats] = {}

    def vectors(self, ids: Sequence[str]) -> dict[str, Floats]:
        """Of those that are stored, in the order of ids."""
        if missing := [id for id in ids if id not in self._vectors]:
            self._vectors |= self._stock.vectors(missing)
        return {id: self._vectors[id] for id in ids if id in self._vectors}

    def nearest(self, embedding: Floats, limit: int, filter: Filter | None = None) -> list[tuple[str, float]]:
        return self._stock.nearest(embedding, limit, filter)

    def available(self, order: Sequence[str], limit: int, filter: Filter | None = None) -> dict[str, Floats]:
        """The vectors of those that are stored, are for sale and pass, in this order: of `limit` of them at least, if
        there are as many.
        """
        found: dict[str, Floats] = {}
        for some in in_chunks(order, LOOKED_AT * limit):
            found |= self.vectors(self._stock.for_sale(some, filter))
            if len(found) >= limit:
                break
        return found

    def readable(self, ids: Sequence[str]) -> list[StoredProduct]:
        """Those of what is available that are not damaged, in the order of ids."""
        stored = self._stock.readable(ids, self._vectors)
        return [stored[id] for id in ids if id in stored]


def weighed(given: Mapping[Source, Given], weights: Weights) -> dict[str, tuple[float, Source]]:
    """Each product's likelihood, and the source that says the largest part of it."""
    found: dict[str, tuple[float, Source]] = {}
    largest: dict[str, float] = {}
    for source, one in given.items():
        weight = weights[source]
        for product, likely in one.likely.items():
            part = weight * likely
            if product not in found:
                found[product], largest[product] = (part, source), part
                continue
            score, loudest = found[product]
            if part > largest[product]:
                largest[product], loudest = part, source
            found[product] = score + part, loudest
    return found


def chosen(
    given: Mapping[Source, Given], weights: Weights, now: Situation, wanted: Wanted, catalogue: ReadOnce
) -> list[Recommendation]:
    """The best of what the sources give that may be had and that passes, without what is in the visit already."""
    scored, out = weighed(given, weights), unwanted(now, wanted)
    order = sorted((product for product in scored if product not in out), key=lambda id: (-scored[id][0], id))
    found = catalogue.available(order, wanted.limit, wanted.filter)

    def recommended(stored: StoredProduct) -> Recommendation:
        score, source = scored[stored.id]
        return Recommendation(stored, score, Reason(source, given[source].because.get(stored.id, "")))

    return [recommended(stored) for stored in catalogue.readable(diverse(found, wanted.limit, wanted.diversity))]


def unwanted(now: Situation, wanted: Wanted) -> frozenset[str]:
    out = wanted.exclude | {event.product for event in now.visit}
    return out if wanted.again else out | {event.product for event in now.earlier}


def newest(catalogue: Stock, found: Sequence[Recommendation], now: Situation, wanted: Wanted) -> list[Recommendation]:
    """What was stored last, where events say too little."""
    out = unwanted(now, wanted) | {one.stored.id for one in found}
    stored = catalogue.browse(wanted.filter, "newest", min(wanted.limit + len(out), MAX_LIMIT))
    left = [one for one in stored if one.id not in out and one.product.is_for_sale]
    return [Recommendation(one, 0.0, Reason("new")) for one in left[: wanted.limit - len(found)]]


def to_like(found: Sequence[Recommendation], now: Situation, catalogue: Catalogue) -> list[Recommendation]:
    """With what each is like, of what is recommended for being like something. What the shopper had is like itself."""
    if all(one.reason.source != "alike" for one in found):
        return list(found)
    met = catalogue.vectors(now.speaking)
    if not met:
        return list(found)
    names, vectors_NE = list(met), np.stack(list(met.values()))

    def named(one: Recommendation) -> Recommendation:
        if one.stored.id in met:
            return one._replace(reason=Reason("earlier", one.stored.id))
        nearest = int(np.argmax(vectors_NE @ one.stored.understanding.embedding))
        return one._replace(reason=Reason("alike", names[nearest]))

    return [named(one) if one.reason.source == "alike" else one for one in found]


def diverse(found: Mapping[str, Floats], limit: int, diversity: float) -> list[str]:
    """Maximal marginal relevance (Carbonell and Goldstein 1998) by places: of those left, each time the one that is
    best placed and least like what is chosen. found: products, the best first, with their vectors.
    """
    ids = list(found)
    if not diversity or len(ids) < 2:
        return ids[:limit]
    vectors_NE: Floats = np.stack(list(found.values()))
    placed_N = (1 - diversity) * (1 - np.arange(len(ids)) / len(ids))
    nearest_N = np.zeros(len(ids))
    order: list[int] = []
    while len(order) < min(limit, len(ids)):
        best = int(np.argmax(placed_N - diversity * nearest_N))
        order.append(best)
        placed_N[best] = -np.inf
        nearest_N = np.maximum(nearest_N, vectors_NE @ vectors_NE[best])
    return [ids[place] for place in order]


def weights_for(now: Situation, mixture: Mixture) -> Weights:
    return mixture.during if now.visit else mixture.first
