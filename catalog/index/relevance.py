"""Which of the ranked products are enough like a query to be results.

A product is one if its embedding is near enough, or if it has the query's words, or if it is of the very kind that the
query names. No cosine alone tells what is near, so the bound is the higher of a fixed one and a share of the best
product's.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, islice, takewhile
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from catalog.index.backend import IndexBackend, Ranked, Terms
from catalog.index.filters import And, CategoryUnder, Filter, Not, OneOf, Or
from catalog.index.keywords import wordings

# How many of the best are taken for what a search has found, where that must be an end: to be put in another order,
# and to be counted. Reading so many takes about ten milliseconds.
MAX_FOUND = 1000
FEW_FOUND = 100
# Of long queries no product has all words. Found are also those with this share of what the best product has, if it is
# at least LEAST_SHARE of the query and several of its words.
OF_BEST_SHARE, LEAST_SHARE, LEAST_WORDS = 0.75, 0.5, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What a product must be to be found.

    cosine: of its embedding and the query's, at least, infinite if the query's says nothing; ratio: of the best
    product's cosine, at least; share: of one of the `wordings`, rarer words counting more, at least, or nearly as much
    as the best product has, if that is no little. kinds: ids of nodes whose products are found whatever their cosine;
    elsewhere: of nodes whose products are not found by it; guessed: of nodes that a product without a promised category
    must be guessed to lie under, to be found by it; where there are none, a product unlike everything the model was
    taught is not found by it; None: no product need be.
    """

    cosine: float
    ratio: float
    share: float
    wordings: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    guessed: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Relevant:
    """The points above a floor: of the best 1,000 by embedding, by kind and by words each. Each of these is asked for
    when it is needed.

    condition: what every point must pass; asked_terms: the query's; first: points that are found whatever the floor.
    """

    store: IndexBackend
    floor: Floor
    condition: Filter | None
    excluded: Collection[UUID]
    embedding: NDArray[np.float32] | None
    asked_terms: Terms
    first: tuple[UUID, ...] = ()

    def __contains__(self, point: UUID) -> bool:
        return point in self.first or point in self._near or point in self._by_terms

    def __iter__(self) -> Iterator[UUID]:
        yield from self.first
        yield from (point for point in self._near if point not in self.first)
        yield from (point for point in self._by_terms if point not in self.first and point not in self._near)

    @cached_property
    def total(self) -> int:
        """How many there are, at most 1,000."""
        return sum(1 for _ in islice(self, MAX_FOUND))

    def among(self, order: Iterator[UUID]) -> Iterator[UUID]:
        """Those in an order, 1,000 at most, and last those that are not in it. It is read only as deep as it must."""
        given: set[UUID] = set()
        ordered = chain(order, self)
        while len(given) < self.total and (point := next(ordered, None)):
            if point not in given and point in self:
                given.add(point)
                yield point

    @cached_property
    def _near(self) -> dict[UUID, None]:
        """Those whose embeddings are, or that are of the kind asked for. What is near does not depend on the filter."""
        if self.embedding is None:
            return {}
        floor, nearest = self.floor, partial(self._nearest, self.embedding)
        best = max((hit.score for hit in nearest(None, 1) if hit.id not in self.excluded), default=0.0)
        least = max(floor.cosine, floor.ratio * best)
        elsewhere = Not(CategoryUnder(floor.elsewhere)) if floor.elsewhere else None
        familiar = _familiar(floor.guessed) if floor.guessed is not None else None
        near = self._above(least, self.embedding, all_of(self.condition, elsewhere, familiar))
        kinds = nearest(all_of(self.condition, CategoryUnder(floor.kinds)), MAX_FOUND) if floor.kinds else []
        return {hit.id: None for hit in (*near, *kinds) if hit.id not in self.excluded}

    def _above(self, least: float, embedding: NDArray[np.float32], condition: Filter | None) -> list[Ranked]:
        """The nearest with at least this cosine. Most queries have few: a long list is asked for only if it is full."""
        hits: Sequence[Ranked] = ()
        for depth in (FEW_FOUND, MAX_FOUND) if least < math.inf else ():
            hits = self._nearest(embedding, condition, depth)
            if len(hits) < depth or hits[-1].score < least:
                break
        return list(takewhile(lambda hit: hit.score >= least, hits))

    def _nearest(self, embedding: NDArray[np.float32], condition: Filter | None, limit: int) -> Sequence[Ranked]:
        [hits] = self.store.search([embedding], limit + len(self.excluded), condition)
        return hits

    @cached_property
    def _by_terms(self) -> dict[UUID, None]:
        """Those that have the query's words."""
        if not self.asked_terms.indices:
            return {}
        [hits] = self.store.search([self.asked_terms], MAX_FOUND, self.condition, keywords=True)
        weighed = [rarities(self.store, terms) for text in self.floor.wordings for terms in wordings(text)]
        asked = frozenset(term for rarity in weighed for term in rarity)
        held = [asked.intersection(hit.terms) for hit in hits]
        shares = {having: max((share(rarity, having) for rarity in weighed), default=0.0) for having in set(held)}
        nearly = max(LEAST_SHARE, OF_BEST_SHARE * max(shares.values(), default=0.0))

        def enough(having: frozenset[int]) -> bool:
            several = any(len(having & rarity.keys()) >= LEAST_WORDS for rarity in weighed)
            return shares[having] >= self.floor.share or (shares[having] >= nearly and several)

        passing = {having for having in shares if enough(having)}
        found = [hit.id for hit, having in zip(hits, held, strict=True) if having in passing]
        return {point: None for point in found if point not in self.excluded}


def _familiar(guessed: tuple[str, ...]) -> Filter:
    if not guessed:
        return Not(OneOf("notes", ("unfamiliar",)))
    return Or((Not(OneOf("decision", ("abstain",))), OneOf("guess", guessed)))


def all_of(*conditions: Filter | None) -> Filter | None:
    parts = tuple(condition for condition in conditions if condition)
    return And(parts) if parts else None


def share(rarity: Mapping[int, float], having: AbstractSet[int]) -> float:
    """The rarity of the query's words that a product has, by that of all the query's words."""
    return sum(weight for term, weight in rarity.items() if term in having) / (sum(rarity.values()) or 1.0)


def likeness(rarity: Mapping[int, float], terms: Terms | None) -> float:
    """Of a query without an embedding: 1 if the product has its words and no others.

    Like the cosine of their words: the root of how much of the query the product has, by how many of the product's
    words the query has.
    """
    having = set(terms.indices) if terms else set()
    return math.sqrt(share(rarity, having) * len(having & rarity.keys()) / len(having)) if having else 0.0


def rarities(store: IndexBackend, asked_terms: Terms) -> dict[int, float]:
    """Each word's inverse document frequency, as the engine itself weighs it."""
    terms = asked_terms.indices
    keys = [("rarity", term) for term in terms]
    found = store.cache.rows(keys, lambda missing: asked(store, [terms[place] for place in missing]))
    return dict(zip(terms, found, strict=True))


def asked(store: IndexBackend, terms: Sequence[int]) -> list[float]:
    known = store.rarities(terms)
    return [known[term] for term in terms]
