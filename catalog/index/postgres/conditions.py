"""A filter as a condition in SQL, whose values are parameters.

Every part is true or false, never NULL: a product without a price is none that costs less than ten.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from catalog.index.backend import Dialect, translate
from catalog.index.filters import Filter, Price
from catalog.index.postgres.codec import label

BOUNDS = {"gte": ">=", "lte": "<=", "gt": ">", "lt": "<"}


class Condition(NamedTuple):
    """Of the table `products p`. text: of our own words only."""

    text: str
    values: Sequence[Any]


def condition(filter: Filter | None) -> Condition:
    return Condition("true", ()) if filter is None else translate(filter, DIALECT)


def _one_of(field: str, values: Sequence[str]) -> Condition:
    return Condition("p.labels && %s::bigint[]", [[label(field, value) for value in values]])


def _price(price: Price) -> Condition:
    given = {name: getattr(price, name) for name in BOUNDS if getattr(price, name) is not None}
    parts = ["p.price IS NOT NULL", *(f"p.price {BOUNDS[name]} %s::float8" for name in given)]
    return Condition(f"({' AND '.join(parts)})", list(given.values()))


def _among(points: frozenset[UUID]) -> Condition:
    return Condition("p.id = ANY(%s::uuid[])", [list(points)])


def _joined(parts: Sequence[Condition], word: str) -> Condition:
    return Condition(f"({word.join(part.text for part in parts)})", [value for part in parts for value in part.values])


DIALECT = Dialect(
    one_of=_one_of,
    price=_price,
    lacks=lambda field: Condition(f"p.{field} IS NULL", ()),
    among=_among,
    every=lambda parts: _joined(parts, " AND "),
    some=lambda parts: _joined(parts, " OR "),
    none=lambda part: Condition(f"NOT {part.text}", part.values),
)
