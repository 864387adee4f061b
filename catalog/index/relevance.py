"""Which of the ranked products are enough like a query to be results.

A product is one if its embedding is near enough, or if it has the query's words, or if it is of the very kind that the
query names. No cosine alone tells what is near, so the bound is the higher of a fixed one and a share of the best
product's.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from catalog.index.backend import Hit, IndexBackend, Terms
from catalog.index.filters import And, CategoryUnder, Filter, Not, OneOf, Or
from catalog.index.keywords import wordings

# How many of the best are taken for what a search has found, where that must be an end: to be put in another order,
# and to be counted. Reading so many takes about ten milliseconds.
MAX_FOUND = 1000
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


def relevant(
    store: IndexBackend,
    floor: Floor,
    filter: Filter | None,
    excluded: Collection[UUID],
    embedding: NDArray[np.float32] | None,
    asked_terms: Terms,
) -> set[UUID]:
    """Those above the floor, of the best 1,000 by embedding, by kind and by words each."""
    found = _near(store, floor, filter, excluded, embedding) if embedding is not None else set()
    found |= _by_terms(store, floor, filter, asked_terms) if asked_terms.indices else set()
    return found - set(excluded)


def _near(
    store: IndexBackend, floor: Floor, filter: Filter | None, excluded: Collection[UUID], embedding: NDArray[np.float32]
) -> set[UUID]:
    """Those whose embeddings are, or that are of the kind asked for. What is near does not depend on the filter."""

    def ranked_under(condition: Filter | None, limit: int) -> list[Hit]:
        [hits] = store.search([embedding], limit + len(excluded), condition)
        return hits

    best = max((hit.score for hit in ranked_under(None, 1) if hit.id not in excluded), default=0.0)
    least = max(floor.cosine, floor.ratio * best)
    elsewhere = Not(CategoryUnder(floor.elsewhere)) if floor.elsewhere else None
    familiar = _familiar(floor.guessed) if floor.guessed is not None else None
    near = ranked_under(_all(filter, elsewhere, familiar), MAX_FOUND) if least < math.inf else []
    kinds = ranked_under(_all(filter, CategoryUnder(floor.kinds)), MAX_FOUND) if floor.kinds else []
    return {hit.id for hit in near if hit.score >= least} | {hit.id for hit in kinds}


def _familiar(guessed: tuple[str, ...]) -> Filter:
    if not guessed:
        return Not(OneOf("notes", ("unfamiliar",)))
    return Or((Not(OneOf("decision", ("abstain",))), OneOf("guess", guessed)))


def _all(*conditions: Filter | None) -> Filter | None:
    parts = tuple(condition for condition in conditions if condition)
    return And(parts) if parts else None


def _by_terms(store: IndexBackend, floor: Floor, filter: Filter | None, asked_terms: Terms) -> set[UUID]:
    """Those that have the query's words."""
    [hits] = store.search([asked_terms], MAX_FOUND, filter)
    found = store.fetch([hit.id for hit in hits], (), keywords=True)
    weighed = [store.rarities(terms.indices) for text in floor.wordings for terms in wordings(text)]
    shares = {
        point: max((share(rarity, one.keywords) for rarity in weighed), default=0.0) for point, one in found.items()
    }
    nearly = max(LEAST_SHARE, OF_BEST_SHARE * max(shares.values(), default=0.0))

    def several(point: UUID) -> bool:
        having = set(terms.indices) if (terms := found[point].keywords) else set()
        return any(len(having & rarity.keys()) >= LEAST_WORDS for rarity in weighed)

    return {point for point, part in shares.items() if part >= floor.share or (part >= nearly and several(point))}


def share(rarity: dict[int, float], terms: Terms | None) -> float:
    """The rarity of the query's words that a product has, by that of all the query's words."""
    having = set(terms.indices) if terms else set()
    return sum(weight for term, weight in rarity.items() if term in having) / (sum(rarity.values()) or 1.0)


def likeness(rarity: dict[int, float], terms: Terms | None) -> float:
    """Of a query without an embedding: 1 if the product has its words and no others.

    Like the cosine of their words: the root of how much of the query the product has, by how many of the product's
    words the query has.
    """
    having = set(terms.indices) if terms else set()
    return math.sqrt(share(rarity, terms) * len(having & rarity.keys()) / len(having)) if having else 0.0
