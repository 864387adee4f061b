"""What a record of a feed becomes, a `Row`, or a `BadRow` with its error; and how its fields are read, but the offer's.

Every format is parsed into a `Record`: column names and cells. A dead letter is a record as JSON, and takes the same
path as the line of CSV or the row of Parquet that it came from.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from catalog.errors import (
    CatalogError,
    RowIdInvalid,
    RowIdMissing,
    RowInvalid,
    RowLinkInvalid,
    RowRagged,
    TextMisdecoded,
)
from catalog.feeds.attributes import read_attributes
from catalog.feeds.cells import FeedLimits, brief, is_number
from catalog.feeds.columns import Columns
from catalog.feeds.offer import Part, Reading
from catalog.feeds.texts.identifiers import identifier_text
from catalog.feeds.texts.markup import unescaped
from catalog.feeds.texts.words import may_be_misdecoded, misdecoded, words
from catalog.images import ImageRef
from catalog.links import is_web_link
from catalog.product import Product, Values, as_text, each_value

# Columns that we add to a record that could not be read, and that a correction must remove.
UNREAD, SURPLUS, MISSING = "(line)", "(surplus cells)", "(missing cells)"
MARKS = frozenset((UNREAD, SURPLUS, MISSING))
TEXTS = ("title", "description", "brand", "product_type")


class Record(NamedTuple):
    """line: where the record starts, or its number, from 1. error: why its cells cannot be trusted.

    returned: whether it was a dead letter.
    """

    line: int
    cells: Mapping[str, Any]
    error: CatalogError | None = None
    returned: bool = False


Records = Iterator[tuple[Record, Columns]]


class Row(NamedTuple):
    """A row that could be read. product: without images; image_refs: where they are.

    raw: the row as JSON can hold it, which read again gives the same row. warnings: what of the row could not be read,
    without which the product is stored. offer_fields: the fields of a stored product that the row has anew, where the
    feed gives a part of its offer alone; None for a whole product.
    """

    line: int
    product: Product
    image_refs: tuple[ImageRef, ...]
    raw: Mapping[str, Any]
    warnings: tuple[CatalogError, ...] = ()
    offer_fields: frozenset[str] | None = None

    @property
    def id(self) -> str:
        return self.product.id

    @property
    def references(self) -> tuple[str, ...]:
        """Where the images are, in the words that are stored and shown."""
        return tuple(str(ref) for ref in self.image_refs)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read. id: "" where it is not known. raw: as `Row.raw`, to be corrected and read again."""

    line: int
    id: str
    error: CatalogError
    raw: Mapping[str, Any]


def check_corrected(cells: Mapping[str, Any]) -> None:
    """Raises RowInvalid for a dead letter that came back as it was."""
    if UNREAD in cells:
        raise RowInvalid(f'The line could not be read. Write its columns in place of "{UNREAD}".')
    for mark in (SURPLUS, MISSING):
        if mark in cells:
            raise RowRagged(f'Put the cells in their columns and remove "{mark}" from the row.')


def read_own(reading: Reading) -> dict[str, Any]:
    """The merchant's attributes, and the brand, which may be one of them."""
    attributes: dict[str, Values] = read_attributes(reading.cells, reading.columns)
    brand = reading.first("brand") or as_text(attributes.pop("brand", ""))
    return {"attributes": attributes, "brand": brand}


def each_once(warnings: Iterable[CatalogError]) -> tuple[CatalogError, ...]:
    """A folded product has the cells of its first variant, which are read for both."""
    return tuple({(error.code, error.message): error for error in warnings}.values())


def seem_misdecoded(products: Iterable[Product]) -> bool:
    """Whether any of the fields is, told of all together, which most products have no sign of."""
    texts = list[str]()
    for product in products:
        texts += product.title, product.description, product.brand, product.product_type
        texts += map(as_text, product.attributes.values())
    return may_be_misdecoded("\n".join(text for text in texts if "?" in text or not text.isascii()))


def misdecoded_fields(product: Product) -> Iterator[TextMisdecoded]:
    """A warning for each field whose letters were visibly decoded wrongly, and could not be mended."""
    texts = {name: getattr(product, name) for name in TEXTS}
    for name, value in (*texts.items(), *product.attributes.items()):
        for one in each_value(value):
            if not (one.isascii() and "?" not in one) and (place := misdecoded(one)):
                yield TextMisdecoded(f'Letters of the {brief(name)} are lost or decoded wrongly: "{brief(place)}".')


def read_paths(reading: Reading) -> str:
    """The merchant's own category as one text. A list, as our own manifests have it, is its levels from the top."""
    for column in reading.columns.fields.get("product_type", ()):
        if found := read_path(reading.cells.get(column), column):
            return found
    return ""


def read_link(reading: Reading) -> str:
    """The first that leads to the web. What a browser would run instead, as "javascript:…", is left out and told of."""
    for column in reading.columns.fields.get("link", ()):
        link = reading.text(column)
        link = unescaped(link) if "&" in link else link
        if link and is_web_link(link):
            return link
        if link:
            reading.warnings.append(RowLinkInvalid())
    return ""


def read_path(value: Any, column: str) -> str:
    """A category as one text. A list, as our own manifests have it, is its levels from the top."""
    if isinstance(value, list | tuple):
        return " > ".join(level for part in value if (level := words(part, column)))
    return "" if isinstance(value, Mapping | bool) else words(value, column)


def read_id(cells: Mapping[str, Any], columns: Columns, limits: FeedLimits) -> str:
    """Raises RowIdMissing or RowIdInvalid."""
    value = cells.get(columns.id) if columns.id else None
    if isinstance(value, str):
        pass
    elif isinstance(value, float) and not (value == value and abs(value) < 2**53):
        raise RowIdInvalid("The row's id is a number that its type cannot hold exactly. Store ids as text.")
    elif isinstance(value, bool) or not (value is None or isinstance(value, bytes) or is_number(value)):
        raise RowIdInvalid("The row's id is neither text nor a number.")
    found = identifier_text(value, columns.id or "id")
    if not found:
        raise RowIdMissing
    if len(found) > limits.max_id or (
        not found.isprintable() and any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in found)
    ):
        raise RowIdInvalid(f"The row's id has more than {limits.max_id} characters or contains control characters.")
    return found


TEXT_PARTS = (
    Part(("title",), lambda reading: {"title": reading.first("title")}),
    Part(("description",), lambda reading: {"description": reading.first("description")}),
    Part(("link",), lambda reading: {"link": read_link(reading)}),
    Part(("product_type",), lambda reading: {"product_type": read_paths(reading)}, repeats=True),
)
