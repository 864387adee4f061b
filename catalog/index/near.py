"""Stored products that may be the same as others: near by their vectors, by rare words, or with a number of theirs."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from catalog.arrays import Floats
from catalog.index.backend import IndexBackend, QueryVector, Terms
from catalog.index.filters import Among, And, Not, OneOf
from catalog.index.keywords import query_terms
from catalog.index.records import point_id

BY_VECTOR, BY_WORDS, BY_NUMBER = 3, 4, 2
LEAST_COSINE = 0.75
LEAST_SHARED = 0.4  # of what the product's own words would score


class Sought(NamedTuple):
    """embedding: empty where it says nothing; words: to look for, of which a few rare ones are enough; numbers: keys as
    of `numbers_of`.
    """

    id: str
    embedding: Floats
    words: str
    numbers: Sequence[str]


def near(store: IndexBackend, sought: Sequence[Sought]) -> dict[str, list[UUID]]:
    """Of stored products, by id, the points: those with a number first, then the nearest by words, then by vectors."""
    asked: list[tuple[str, int, QueryVector]] = []
    for one in sought:
        if (terms := query_terms(one.words)).indices:
            asked.append((one.id, BY_WORDS, terms))
        if one.embedding.size:
            asked.append((one.id, BY_VECTOR, one.embedding))
    found: dict[str, dict[UUID, None]] = {one.id: _numbered(store, one) for one in sought}
    lists = store.search([query for *_, query in asked], max(BY_VECTOR, BY_WORDS) + 1, None) if asked else []
    for (id, limit, query), hits in zip(asked, lists, strict=True):
        own = point_id(id)
        # By words the product itself is the best hit, as it has them all.
        least = LEAST_SHARED * hits[0].score if isinstance(query, Terms) and hits else LEAST_COSINE
        found[id] |= dict.fromkeys([hit.id for hit in hits if hit.id != own and hit.score >= least][:limit])
    return {id: list(points) for id, points in found.items()}


def _numbered(store: IndexBackend, sought: Sought) -> dict[UUID, None]:
    if not sought.numbers:
        return {}
    others = And((OneOf("numbers", tuple(sought.numbers)), Not(Among(frozenset({point_id(sought.id)})))))
    return dict.fromkeys(store.in_order(None, BY_NUMBER, others))
