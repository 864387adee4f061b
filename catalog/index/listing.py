"""Stored products without a query: in an order, page by page; and what a number of found products have in common."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import numpy as np

from catalog.errors import RecordDamaged, SearchInvalid
from catalog.index.backend import IndexBackend, Order, in_chunks
from catalog.index.filters import And, Filter, Lacks
from catalog.index.keys import PATHS, SPELT, field_key, folded, split_attribute_pair
from catalog.index.names import FACETED
from catalog.index.records import RECORD_FIELDS, Damaged, read_back
from catalog.product import StoredProduct
from catalog.synonyms import attribute_name

Sort = Literal["newest", "price_asc", "price_desc"]
ORDERS: Mapping[Sort, Order] = {
    "newest": Order("added_at", descending=True),
    "price_asc": Order("price", descending=False),
    "price_desc": Order("price", descending=True),
}
MAX_LIMIT = 100
MAX_OFFSET = 10_000
# Reading ten embeddings takes a seventh of a search, and few want them.
LEFT_OUT = np.empty(0, dtype=np.float32)
READ_AT_ONCE = 256


def listed(
    store: IndexBackend, filter: Filter | None, sort: Sort, limit: int, offset: int, damaged: Damaged
) -> list[StoredProduct]:
    """A page of the products that pass, without their embeddings. Those without the number that orders them come last;
    equal ones keep an order of their own, so pages follow each other. Raises SearchInvalid.
    """
    check_page(limit, offset)
    points = first(store, filter, ORDERS[sort], offset + limit)[offset:]
    found = store.fetch(points, RECORD_FIELDS)
    products = list[StoredProduct]()
    for point in points:
        try:
            products += [read_back(point, found[point].payload, LEFT_OUT)] if point in found else []
        except RecordDamaged:
            damaged(point)
    return products


def check_page(limit: int, offset: int) -> None:
    """Raises SearchInvalid."""
    if not 1 <= limit <= MAX_LIMIT:
        raise SearchInvalid(f"The limit must be from 1 to {MAX_LIMIT}.")
    if not 0 <= offset <= MAX_OFFSET:
        raise SearchInvalid(f"The offset must be from 0 to {MAX_OFFSET:,}.")


def first(store: IndexBackend, filter: Filter | None, order: Order, wanted: int) -> list[UUID]:
    points = store.in_order(order, wanted, filter)
    if len(points) < wanted:
        lacking = Lacks(order.field)
        rest = And((filter, lacking)) if filter else lacking
        points += store.in_order(None, wanted - len(points), rest)
    return points


def in_order(store: IndexBackend, points: Sequence[UUID], sort: Sort) -> list[UUID]:
    """Points that a search found, the best first, in another order: equal ones stay as they were, those without the
    number come last.
    """
    field, descending = ORDERS[sort]
    read = payloads(store, points, (field,))
    numbers: dict[UUID, float] = {point: payload[field] for point, payload in read if field in payload}
    sign = -1 if descending else 1
    having = sorted((point for point in points if point in numbers), key=lambda point: sign * numbers[point])
    return having + [point for point in points if point not in numbers]


def counted(store: IndexBackend, points: Sequence[UUID], names: Sequence[str]) -> dict[str, dict[str, int]]:
    """For each name (see `ProductIndex.facets`) how many of these points have each value."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    fields = [name for name in counts if name in FACETED]
    attributes = named_alike(names)
    for _, payload in payloads(store, points, [*fields, *(["facts"] if attributes else [])]):
        for name in fields:
            value = payload.get(name, [])
            counts[name].update([value] if isinstance(value, str) else value)
        for name, value in map(split_attribute_pair, payload.get("facts", ()) if attributes else ()):
            for asked in attributes.get(attribute_name(name), ()):
                counts[asked][value] += 1
    return {name: dict(values) for name, values in counts.items()}


def named_alike(names: Sequence[str]) -> dict[str, list[str]]:
    """Those of the names of facets that are attributes, by what they mean."""
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        if name not in FACETED:
            found.setdefault(attribute_name(name), []).append(name)
    return found


def payloads(
    store: IndexBackend, points: Iterable[UUID], fields: Sequence[str]
) -> Iterable[tuple[UUID, Mapping[str, Any]]]:
    for chunk in in_chunks(points, READ_AT_ONCE):
        for point, found in store.fetch(chunk, fields).items():
            yield point, found.payload


def commonest(counts: Mapping[str, Mapping[str, int]], limit: int) -> dict[str, list[tuple[str, int]]]:
    """For each name its commonest values, equal counts by value. Spellings of one value count as one, which has the
    commonest of them. Raises SearchInvalid.
    """
    if limit < 1:
        raise SearchInvalid("The limit must be 1 or more.")
    return {name: _joined(name, _commonest_first(of.items()))[:limit] for name, of in counts.items()}


def _joined(name: str, counts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """counts: the commonest first."""
    if name in FACETED and name not in SPELT:
        return counts
    spelling: dict[str, str] = {}
    totals: dict[str, int] = {}
    for value, count in counts:
        key = field_key(name, value) if name in PATHS else folded(value)
        totals[key] = totals.get(key, 0) + count
        spelling.setdefault(key, value)
    if len(totals) == len(counts):
        return counts
    return _commonest_first((spelling[key], total) for key, total in totals.items())


def _commonest_first(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(counts, key=lambda item: (-item[1], item[0]))
