"""Ranked lists without what is not for sale."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

from catalog.index.backend import Hit, IndexBackend, QueryVector, Ranked
from catalog.index.filters import Among, And, Filter, Not, OneOf
from catalog.index.records import UNAVAILABLE, UNPUBLISHED
from catalog.index.relevance import all_of

NOT_FOR_SALE = OneOf("sale", (UNAVAILABLE, UNPUBLISHED))
# So many more are read than half as many again.
MORE = 5
# Of a deeper list the engine filters more quickly than its points are looked up here.
FILTERED_FROM = 100
# So many points that are not for sale are kept in memory; where there are more, those of each list are asked for.
MAX_KNOWN = 1000
KNOWN = ("not for sale",)  # where a backend's cache has them


def is_all_for_sale(store: IndexBackend) -> bool:
    return not _known(store)


def only_for_sale(filter: Filter | None) -> Filter | None:
    """What is for sale and passes."""
    return all_of(filter, Not(NOT_FOR_SALE))


def search_for_sale(
    store: IndexBackend, vectors: Sequence[QueryVector], limit: int, filter: Filter | None, fields: Sequence[str] = ()
) -> Sequence[Sequence[Ranked]]:
    """As `IndexBackend.search`, of what is for sale.

    A filter that most products pass costs an engine several times a short search, so what is not for sale is taken out
    of the best, and filtered by only where too few would be left.
    """
    if limit <= FILTERED_FROM:
        asked = limit + limit // 2 + MORE
        lists = [
            [Hit(hit.id, hit.score, hit.found if fields else None) for hit in hits]
            for hits in store.search(vectors, asked, filter, fields)
        ]
        hidden = _not_for_sale(store, frozenset(hit.id for hits in lists for hit in hits))
        left = [[hit for hit in hits if hit.id not in hidden] for hits in lists]
        if all(len(kept) >= limit or len(hits) < asked for kept, hits in zip(left, lists, strict=True)):
            return [kept[:limit] for kept in left]
    return store.search(vectors, limit, only_for_sale(filter), fields)


def passing(store: IndexBackend, points: frozenset[UUID], filter: Filter | None) -> AbstractSet[UUID]:
    """Those of the points that are for sale and pass. Nothing of them is read, so one that is not stored may be among
    them where there is no filter.
    """
    if filter is not None:
        return frozenset(store.in_order(None, len(points), only_for_sale(And((Among(points), filter)))))
    known = store.cache.get(KNOWN)
    if known is not None and len(known) <= MAX_KNOWN:
        return points - known
    return points - frozenset(store.in_order(None, len(points), And((Among(points), NOT_FOR_SALE))))


def _not_for_sale(store: IndexBackend, points: frozenset[UUID]) -> AbstractSet[UUID]:
    """Those of the points that are not."""
    known = _known(store)
    if len(known) <= MAX_KNOWN:
        return points & known
    return set(store.in_order(None, len(points), And((Among(points), NOT_FOR_SALE)))) if points else set()


def _known(store: IndexBackend) -> frozenset[UUID]:
    """The points that are not for sale; one more than MAX_KNOWN of them, if there are more."""
    [known] = store.cache.rows([KNOWN], lambda _: [frozenset(store.in_order(None, MAX_KNOWN + 1, NOT_FOR_SALE))])
    return frozenset(known)
