"""One query of the product index: its limits, its two ranked lists, the folding of near-equal products, the scores."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from catalog.errors import IndexMismatch, RecordDamaged, SearchEmpty, SearchInvalid
from catalog.index.backend import Found, Hit, IndexBackend, QueryVector, Terms, in_chunks
from catalog.index.filters import Among, And, Filter, Not, OneOf
from catalog.index.keywords import query_terms
from catalog.index.listing import LEFT_OUT, Sort, check_page, commonest, counted, in_order
from catalog.index.ranking import DEPTHS, FUSED_DEPTHS, Leaders, Lists, ranked, with_reasons
from catalog.index.records import (
    RECORD_FIELDS,
    UNAVAILABLE,
    UNPUBLISHED,
    Damaged,
    point_id,
    read_back,
    to_version,
)
from catalog.index.relevance import MAX_FOUND, Floor, likeness, relevant
from catalog.product import Match, StoredProduct

# Two listings of one product, not merely two alike products. Measured by benchmarks/near_duplicates.py: of 150 products
# listed anew, with the image compressed, the title reordered or both, 91, 99 and 79 % are at least so near; of pairs
# with different titles none is (the nearest: 0.976).
NEAR_DUPLICATE_COSINE = 0.98
FOLDED_AT_ONCE = 64
NEAREST = 5
# As many products of one number come first at most, such as the offers of one article.
MAX_NUMBERED = 20
HIDDEN = OneOf("sale", (UNPUBLISHED,))
NOT_FOR_SALE = OneOf("sale", (UNAVAILABLE, UNPUBLISHED))
FLOOR_DEPTHS = (100, 400, 1600)  # MAX_FOUND of each list lie within the last


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexQuery:
    """What to look for: an embedding, words, or both.

    embedding: shape [width], any length but zero; limit: 1 to 100 results; offset: how many results to skip, at most
    10,000; collapse: whether near-equal products are folded into the best of them; exclude: product ids not wanted,
    at most 1,000; sort: another order for the 1,000 best, None for the best first; floor: for `find`.

    numbers: keys of what may be a product's number (see `sought_numbers`): a product that has one is found before
    everything; for_sale: leave out what is not for sale; what cannot be had is found by its number all the same. first:
    points found before everything, filled in from `numbers`. reasons: say of each match why it was found, which takes
    about as long as the search.
    """

    embedding: NDArray[np.float32] | None = None
    keywords: str = ""
    filter: Filter | None = None
    limit: int = 10
    offset: int = 0
    collapse: bool = False
    exclude: frozenset[str] = frozenset()
    sort: Sort | None = None
    floor: Floor | None = None
    numbers: tuple[str, ...] = ()
    for_sale: bool = False
    first: tuple[UUID, ...] = ()
    reasons: bool = False


@dataclass(frozen=True)
class Finding:
    """What a query finds. matches: one page, best first; nearest: where a floor leaves nothing, the best without it.
    total: how many there are on all pages, each near-equal one counted, and at most 1,000 with a floor; facets: name
    -> (value, how many of the 1,000 best matches have it), most first.
    """

    matches: list[Match]
    nearest: list[Match] = field(default_factory=list)
    total: int = 0
    facets: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)


def find(store: IndexBackend, query: IndexQuery, names: Sequence[str], limit: int, damaged: Damaged) -> Finding:
    """With facets of these names, `limit` values each. Raises as `run` does."""
    query = settled(store, query)
    if query.floor is None:
        counts = facets(store, query, names, limit) if names else {}
        return Finding(run(store, query, damaged), [], _total(store, query), counts)
    embedding, terms = _checked(query, store.width), query_terms(query.keywords)
    found = _above(store, query, query.floor, embedding, terms)
    counts = commonest(counted(store, found, names), limit)
    if not found:
        keywords = "" if embedding is not None else query.keywords  # shared words such as "to" bring nothing nearer
        bare = replace(query, keywords=keywords, limit=min(NEAREST, query.limit), offset=0, sort=None)
        return Finding([], run(store, bare, damaged), 0, counts)
    return Finding(_page(store, query, iter(found), embedding, terms, damaged), [], len(found), counts)


def run(store: IndexBackend, query: IndexQuery, damaged: Damaged) -> list[Match]:
    """The matches, best first, whatever the floor. What cannot be read is left out, and `damaged` told of it.

    Raises SearchEmpty, SearchInvalid or IndexMismatch.
    """
    embedding, terms = _checked(query, store.width), query_terms(query.keywords)
    query = settled(store, query)
    wanted = query.offset + query.limit
    plain = not (terms.indices or query.collapse or query.sort or query.first or query.reasons)
    if embedding is not None and plain and wanted <= DEPTHS[0]:
        matches = _nearest(store, query, embedding, {point_id(name) for name in query.exclude}, damaged)
        if matches is not None:
            return matches
    return _page(store, query, _best_first(store, query, embedding, terms), embedding, terms, damaged)


def settled(store: IndexBackend, query: IndexQuery) -> IndexQuery:
    """The query with what its numbers find; `for_sale` only if anything is not."""
    first = _numbered(store, query) if query.numbers else query.first
    for_sale = query.for_sale and bool(store.in_order(None, 1, NOT_FOR_SALE))
    return replace(query, numbers=(), for_sale=for_sale, first=first)


def _hits(
    store: IndexBackend, query: IndexQuery, vectors: Sequence[QueryVector], limit: int, fields: Sequence[str] = ()
) -> list[list[Hit]]:
    """As `IndexBackend.search`, of what is for sale where that is asked for.

    A filter that most products pass costs an engine several times the search, so what is not for sale is taken out of
    the best, and filtered by only where too few would be left.
    """
    if not query.for_sale:
        return store.search(vectors, limit, query.filter, fields)
    asked = limit + limit // 2 + NEAREST
    lists = store.search(vectors, asked, query.filter, fields)
    hidden = _not_for_sale(store, frozenset(hit.id for hits in lists for hit in hits))
    left = [[hit for hit in hits if hit.id not in hidden] for hits in lists]
    if all(len(kept) >= limit or len(hits) < asked for kept, hits in zip(left, lists, strict=True)):
        return [kept[:limit] for kept in left]
    return store.search(vectors, limit, _only_for_sale(query.filter), fields)


def _not_for_sale(store: IndexBackend, points: frozenset[UUID]) -> set[UUID]:
    """Those of the points that are not."""
    return set(store.in_order(None, len(points), And((Among(points), NOT_FOR_SALE)))) if points else set()


def _only_for_sale(filter: Filter | None) -> Filter:
    return And((filter, Not(NOT_FOR_SALE))) if filter else Not(NOT_FOR_SALE)


def _numbered(store: IndexBackend, query: IndexQuery) -> tuple[UUID, ...]:
    """The points that have one of the numbers: by the likelier number, by an own number before one of a variant."""
    having_one = OneOf("numbers", query.numbers)
    shown = Not(HIDDEN) if query.for_sale else None
    wanted = And(tuple(one for one in (having_one, shown, query.filter) if one))
    excluded = {point_id(name) for name in query.exclude}
    points = [point for point in store.in_order(None, MAX_NUMBERED, wanted) if point not in excluded]
    having = {point: found.payload.get("numbers", ()) for point, found in store.fetch(points, ("numbers",)).items()}
    places = {number: place for place, number in enumerate(query.numbers)}

    def place(point: UUID) -> tuple[int, int]:
        found = ((places[number], at) for at, number in enumerate(having[point]) if number in places)
        return min(found, default=(len(places), 0))  # changed meanwhile

    return tuple(sorted(having, key=lambda point: (place(point), point)))


def _total(store: IndexBackend, query: IndexQuery) -> int:
    if not query.for_sale:
        return store.count(query.filter)
    if query.filter is None:  # counted by those that are not, which are few
        return store.count(None) - store.count(NOT_FOR_SALE)
    return store.count(_only_for_sale(query.filter))


def _page(
    store: IndexBackend,
    query: IndexQuery,
    order: Iterator[UUID],
    embedding: NDArray[np.float32] | None,
    terms: Terms,
    damaged: Damaged,
) -> list[Match]:
    """order: all that is found, the best first."""
    wanted = query.offset + query.limit
    if query.sort is not None:
        order = iter(in_order(store, _found_by(order), query.sort))
    if query.collapse:
        page = _folded(store, order, wanted, damaged)[query.offset :]
    else:
        page = [(point, ()) for point in next(in_chunks(order, wanted), [])[query.offset :]]
    matches = _matches(store, page, embedding, terms, damaged)
    if not (query.reasons and matches):
        return matches
    rarity = store.rarities(terms.indices) if terms.indices else {}
    lists = _lists(store, query, embedding, terms, rarity)
    return with_reasons(store, matches, lists, query.keywords, rarity, query.first)


def facets(
    store: IndexBackend, query: IndexQuery, names: Sequence[str], limit: int
) -> dict[str, list[tuple[str, int]]]:
    """For each name the commonest values among the 1,000 best of what the query finds, whatever page it asks for.

    Raises as `run` does.
    """
    embedding, terms = _checked(query, store.width), query_terms(query.keywords)
    found = _found_by(_best_first(store, query, embedding, terms))
    return commonest(counted(store, found, names), limit)


def _found_by(order: Iterator[UUID]) -> list[UUID]:
    return next(in_chunks(order, MAX_FOUND), [])


def _above(
    store: IndexBackend, query: IndexQuery, floor: Floor, embedding: NDArray[np.float32] | None, terms: Terms
) -> list[UUID]:
    """The 1,000 best of those above the floor, the best first."""
    excluded = {point_id(name) for name in query.exclude}
    above = relevant(store, floor, query.filter, excluded, embedding, terms)
    hidden = _not_for_sale(store, frozenset(above)) if query.for_sale else set()
    above = (above - hidden) | set(query.first)
    found: list[UUID] = []
    order = _best_first(store, query, embedding, terms, FLOOR_DEPTHS)
    while len(found) < min(len(above), MAX_FOUND) and (point := next(order, None)):
        found += [point] if point in above else []
    return found


def _best_first(
    store: IndexBackend,
    query: IndexQuery,
    embedding: NDArray[np.float32] | None,
    terms: Terms,
    depths: Sequence[int] = FUSED_DEPTHS,
) -> Iterator[UUID]:
    """Everything that the query finds, read only as deep as it is asked for."""
    others = _by_score(store, query, embedding, terms, depths)
    return chain(query.first, (point for point in others if point not in query.first)) if query.first else others


def _by_score(
    store: IndexBackend, query: IndexQuery, embedding: NDArray[np.float32] | None, terms: Terms, depths: Sequence[int]
) -> Iterator[UUID]:
    lists = _lists(store, query, embedding, terms)
    if not lists.names:  # keywords without a letter or a digit
        return iter(())
    return ranked(lists.to, lists.scales, depths if len(lists.names) > 1 else (DEPTHS[0], *depths))


def _lists(
    store: IndexBackend,
    query: IndexQuery,
    embedding: NDArray[np.float32] | None,
    terms: Terms,
    rarity: Mapping[int, float] | None = None,
) -> Lists:
    """rarity: of the terms, where it is known already."""
    queries: dict[str, QueryVector] = {"vectors": embedding} if embedding is not None else {}
    queries |= {"words": terms} if terms.indices else {}
    # A cosine of 1 counts as much as all of the query's words, rare ones more than common ones.
    scales: tuple[float, ...] = (1.0,)
    if len(queries) > 1:
        known = store.rarities(terms.indices) if rarity is None else rarity
        scales = (1.0, sum(known.values()))
    excluded = {point_id(name) for name in query.exclude}

    def lists_to(depth: int) -> list[list[Hit]]:
        lists = _hits(store, query, list(queries.values()), depth + len(excluded))
        return [[hit for hit in hits if hit.id not in excluded][:depth] for hits in lists] if excluded else lists

    return Lists(list(queries), scales if queries else (), lists_to)


def _nearest(
    store: IndexBackend, query: IndexQuery, embedding: NDArray[np.float32], excluded: set[UUID], damaged: Damaged
) -> list[Match] | None:
    """What `run` gives of a page within the first depth, in one question to the engine.

    None where the page ends among equal scores: which of them belong to it, only the general way settles for all pages.
    """
    wanted = query.offset + query.limit
    [hits] = _hits(store, query, [embedding], wanted + len(excluded) + 1, RECORD_FIELDS)
    order = sorted((hit for hit in hits if hit.id not in excluded), key=lambda hit: (-hit.score, hit.id))
    if len(order) > wanted and order[wanted - 1].score == order[wanted].score:
        return None
    page = [(hit.found, (), min(max(hit.score, 0.0), 1.0)) for hit in order[query.offset : wanted] if hit.found]
    return _readable(page, damaged)


def _readable(page: Sequence[tuple[Found, tuple[str, ...], float]], damaged: Damaged) -> list[Match]:
    """The matches of points, each with the ids folded into it and its score."""
    matches = list[Match]()
    for one, twins, score in page:
        if stored := _stored(one, damaged):
            matches.append(Match(stored, score, twins))
    return matches


def _stored(found: Found, damaged: Damaged) -> StoredProduct | None:
    """The point's product; None, and told, where its record is damaged."""
    try:
        return read_back(found.id, found.payload, LEFT_OUT)
    except RecordDamaged:
        damaged(found.id)
        return None


def _checked(query: IndexQuery, width: int) -> NDArray[np.float32] | None:
    """The query's embedding at unit length."""
    check_page(query.limit, query.offset)
    if len(query.exclude) > 1000:
        raise SearchInvalid("At most 1,000 products can be excluded.")
    if query.embedding is None:
        if not query.keywords.strip():
            raise SearchEmpty
        return None
    if query.embedding.shape != (width,):
        raise IndexMismatch(
            f"The index holds embeddings of {width} numbers; the query's has the shape {query.embedding.shape}."
        )
    # In double precision a length cannot overflow.
    embedding = query.embedding.astype(np.float64)
    length = float(np.sqrt(embedding @ embedding))
    if not 0 < length < math.inf:  # false for NaN too
        raise SearchInvalid("The query's embedding must be finite and not zero.")
    return (embedding / length).astype(np.float32)


def _folded(
    store: IndexBackend, order: Iterator[UUID], wanted: int, damaged: Damaged
) -> list[tuple[UUID, tuple[str, ...]]]:
    """The first `wanted` points of the order that are unlike those before them, each with the ids folded into it.

    It reads up to the first point of the next page, so the same leaders come first however many are wanted.
    """
    leaders = Leaders(NEAR_DUPLICATE_COSINE, store.width)
    results: list[tuple[UUID, list[str]]] = []
    for found in _read(store, order):
        try:
            version = to_version(found.payload)
        except RecordDamaged:
            damaged(found.id)
            continue
        content = (version.hashes.text, version.hashes.images)
        assert found.embedding is not None
        leader = leaders.find(found.embedding, content)
        if leader is not None:
            results[leader][1].append(version.id)
        elif _stored(found, damaged) is None:
            continue  # it would hide those like it
        elif len(results) == wanted:
            break
        else:
            leaders.add(found.embedding, content)
            results.append((found.id, []))
    return [(point, tuple(twins)) for point, twins in results]


def _read(store: IndexBackend, order: Iterator[UUID]) -> Iterator[Found]:
    for points in in_chunks(order, FOLDED_AT_ONCE):
        found = store.fetch(points, RECORD_FIELDS, embedding=True)
        yield from (found[point] for point in points if point in found)


def _matches(
    store: IndexBackend,
    page: Sequence[tuple[UUID, tuple[str, ...]]],
    embedding: NDArray[np.float32] | None,
    terms: Terms,
    damaged: Damaged,
) -> list[Match]:
    found = store.fetch(
        [point for point, _ in page], RECORD_FIELDS, embedding=embedding is not None, keywords=embedding is None
    )
    # A product deleted since it was ranked is left out.
    present = [(found[point], twins) for point, twins in page if point in found]
    if embedding is None:
        rarity = store.rarities(terms.indices)
        scores = [likeness(rarity, one.keywords) for one, _ in present]
    else:
        scores = [
            0.0 if one.embedding is None else min(max(float(embedding @ one.embedding), 0.0), 1.0) for one, _ in present
        ]
    return _readable([(one, twins, score) for (one, twins), score in zip(present, scores, strict=True)], damaged)
