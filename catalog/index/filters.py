"""A filter of products as a typed tree, and the JSON it is written in.

    {"category": "apparel.topwear", "price": {"lte": 50}, "attributes": {"colour": ["Red", "Pink"]}}

Several keys of one object must all hold. "category" (the node or anything under it), the other fields (see FIELDS) and
each attribute take one value or a list, of which one must match. "product_type" and "google_product_category" match
all that begins with the path, too. "price" takes gte, lte, gt, lt. "and" and "or" take a list of filters, "not" takes
one. A product without a price matches no price, so "not" of one matches it. The case of a value does not matter, nor
does the spelling of an attribute's name (see `catalog.synonyms.attribute_name`). The tree is handed to an engine as its
own typed objects, never pasted into a query.
"""

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args
from uuid import UUID

from catalog.errors import FilterInvalid
from catalog.product import Availability, Decision, Note, Status, Verdict

MAX_DEPTH = 8
MAX_CONDITIONS = 100
MAX_CHARACTERS = 256

Field = Literal[
    "product_type",
    "google_product_category",
    "brand",
    "tags",
    "decision",
    "currency",
    "guess",
    "verdict",
    "notes",
    "availability",
    "status",
    "sku",
    "gtin",
    "mpn",
]
# Of the index's own, which are not written in JSON.
Hidden = Literal["numbers", "sale", "contradictions", "doubles"]
Number = Literal["price", "added_at"]
FIELDS: tuple[Field, ...] = get_args(Field)
BOUNDS = ("gte", "lte", "gt", "lt")
VALUES: Mapping[Field, tuple[str, ...]] = {
    "decision": get_args(Decision),
    "verdict": get_args(Verdict),
    "notes": get_args(Note),
    "availability": tuple(filter(None, get_args(Availability))),
    "status": tuple(filter(None, get_args(Status))),
}
SHOWN = 64


@dataclass(frozen=True, slots=True)
class CategoryUnder:
    """The product's category is one of these nodes or lies under one."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field has one of these values; a product with several tags needs only one of them here."""

    field: Field | Hidden
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttributeIs:
    """The attribute, the merchant's or else the model's, has one of these values."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """The price lies within the bounds, in whatever currency it is."""

    gte: float | None = None
    lte: float | None = None
    gt: float | None = None
    lt: float | None = None


@dataclass(frozen=True, slots=True)
class Lacks:
    """The product has no such number. It is not written in JSON: an order by that number needs it."""

    field: Number


@dataclass(frozen=True, slots=True)
class Among:
    """The point is one of these. It is not written in JSON either."""

    points: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold. At least one part."""

    parts: tuple["Filter", ...]

    def __post_init__(self) -> None:
        assert self.parts, "an engine reads an empty list as no condition at all"


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds. At least one part."""

    parts: tuple["Filter", ...]

    def __post_init__(self) -> None:
        assert self.parts, "an engine reads an empty list as no condition at all"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Filter"


Filter: TypeAlias = CategoryUnder | OneOf | AttributeIs | Price | Lacks | Among | And | Or | Not


def parse_filter(document: object) -> Filter:
    """Build the tree from parsed JSON. Raises FilterInvalid, which names the part at fault."""
    return _Parser().filter(document, "filter", 1)


class _Parser:
    """Counts conditions across the whole tree; `where` is the path of a part, such as "filter.and[1].price"."""

    def __init__(self) -> None:
        self.conditions = 0
        self.kinds: dict[str, Callable[[object, str, int], Filter]] = {
            "category": lambda value, where, _: CategoryUnder(self._values(value, where)),
            "price": lambda value, where, _: self._price(value, where),
            "attributes": lambda value, where, _: self._attributes(value, where),
            "and": lambda value, where, depth: And(self._filters(value, where, depth)),
            "or": lambda value, where, depth: Or(self._filters(value, where, depth)),
            "not": lambda value, where, depth: Not(self.filter(value, where, depth + 1)),
        }

    def filter(self, document: object, where: str, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise FilterInvalid(f"The filter is nested more than {MAX_DEPTH} deep.")
        parts = [self._part(key, value, f"{where}.{key}", depth) for key, value in _items(document, where)]
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _part(self, key: str, value: object, where: str, depth: int) -> Filter:
        for field in FIELDS:
            if key == field:
                return OneOf(field, tuple(_known(field, one, where) for one in self._values(value, where)))
        if key not in self.kinds:
            raise FilterInvalid(f"{_short(where)} is unknown. Allowed: {', '.join((*self.kinds, *FIELDS))}.")
        return self.kinds[key](value, where, depth)

    def _filters(self, documents: object, where: str, depth: int) -> tuple[Filter, ...]:
        if not isinstance(documents, list) or not documents:
            raise FilterInvalid(f"{where} must be a list of at least one filter.")
        return tuple(self.filter(item, f"{where}[{position}]", depth + 1) for position, item in enumerate(documents))

    def _attributes(self, document: object, where: str) -> Filter:
        items = _items(document, where)
        parts = [AttributeIs(_text(name, where), self._values(value, f"{where}.{name}")) for name, value in items]
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _values(self, document: object, where: str) -> tuple[str, ...]:
        values = document if isinstance(document, list) else [document]
        if not values:
            raise FilterInvalid(f"{_short(where)} must name at least one value.")
        self._count(len(values))
        return tuple(_text(value, where) for value in values)

    def _price(self, document: object, where: str) -> Price:
        bounds = {name: self._number(value, f"{where}.{name}") for name, value in _items(document, where)}
        unknown = sorted(set(bounds) - set(BOUNDS))
        if unknown:
            raise FilterInvalid(f"{_short(f'{where}.{unknown[0]}')} is unknown. Allowed: {', '.join(BOUNDS)}.")
        return Price(**bounds)

    def _number(self, value: object, where: str) -> float:
        self._count(1)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FilterInvalid(f"{_short(where)} must be a number.")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise FilterInvalid(f"{_short(where)} must be a finite number.")
        return number

    def _count(self, conditions: int) -> None:
        self.conditions += conditions
        if self.conditions > MAX_CONDITIONS:
            raise FilterInvalid(f"The filter has more than {MAX_CONDITIONS} conditions.")


def names_offer(filter: Filter | None) -> bool:
    """Whether the filter says itself what of an offer is wanted: its availability or its status."""
    match filter:
        case OneOf(field, _):
            return field in ("availability", "status")
        case And(parts) | Or(parts):
            return any(map(names_offer, parts))
        case Not(part):
            return names_offer(part)
    return False


def meant(name: str, possible: Mapping[str, str]) -> str:
    """A sentence with the nearest names, to stand behind the error; "" where none is near.

    possible: what may be written, in any case, and the name that it stands for.
    """
    folded = {written.casefold()[:SHOWN]: one for written, one in possible.items()}
    near = difflib.get_close_matches(name.casefold()[:SHOWN], folded, 3, 0.6)
    names = list(dict.fromkeys(folded[written] for written in near))
    return f" Did you mean {' or '.join(repr(one[:SHOWN]) for one in names)}?" if names else ""


def _known(field: Field, value: str, where: str) -> str:
    """The value as the index has it. Raises FilterInvalid for one that the field cannot have."""
    if field == "currency":
        return value.upper()
    if field not in VALUES:
        return value
    plain = re.sub(r"[\s_-]+", "_", value.strip().casefold())
    if plain not in VALUES[field]:
        near = meant(plain, {one: one for one in VALUES[field]})
        raise FilterInvalid(f"{_short(where)} cannot be {value[:SHOWN]!r}.{near} Allowed: {', '.join(VALUES[field])}.")
    return plain


def _items(document: object, where: str) -> list[tuple[str, object]]:
    if not isinstance(document, dict) or not document or not all(isinstance(key, str) for key in document):
        raise FilterInvalid(f"{_short(where)} must be an object with at least one key.")
    return list(document.items())


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise FilterInvalid(f"{_short(where)} must be text or a list of texts.")
    if not 1 <= len(value) <= MAX_CHARACTERS:
        raise FilterInvalid(f"A text in {_short(where)} must have 1 to {MAX_CHARACTERS} characters.")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise FilterInvalid(f"A text in {_short(where)} is not valid Unicode.")
    return value


def _short(where: str) -> str:
    """Keys come from outside: a message repeats no more than this much of them."""
    return repr(where if len(where) <= MAX_CHARACTERS else where[:MAX_CHARACTERS] + "…")
