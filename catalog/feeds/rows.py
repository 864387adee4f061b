"""One record of a feed -> a `Row`, or a `BadRow` with its error.

Every format is parsed into a `Record`: column names and cells. A dead letter is a record as JSON, and takes the same
path as the line of CSV or the row of Parquet that it came from.
"""

import json
import logging
import traceback
import unicodedata
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from catalog import synonyms
from catalog.errors import (
    CatalogError,
    RowIdInvalid,
    RowIdMissing,
    RowInvalid,
    RowLinkInvalid,
    RowRagged,
    RowUnreadable,
)
from catalog.feeds.cells import LEFT_OUT, FeedLimits, as_json, brief, check_sizes, is_number, text
from catalog.feeds.columns import Columns, plainly
from catalog.feeds.image_cells import read_images
from catalog.feeds.markup import has_markup, plain_text
from catalog.feeds.prices import Money, currency_code, parse_price
from catalog.images import ImageRef
from catalog.links import is_web_link
from catalog.product import Product

# Columns that we add to a record that could not be read, and that a correction must remove.
UNREAD, SURPLUS, MISSING = "(line)", "(surplus cells)", "(missing cells)"
UNTOLD = Money()
PLACEHOLDER = ("title", "defaulttitle")  # Shopify's one option of a product that has none

logger = logging.getLogger(__name__)


class Record(NamedTuple):
    """line: where the record starts, or its number, from 1. error: why its cells cannot be trusted.

    returned: whether it was a dead letter.
    """

    line: int
    cells: Mapping[str, Any]
    error: CatalogError | None = None
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Row:
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


def read_row(record: Record, columns: Columns, limits: FeedLimits, money: Money = UNTOLD) -> Row | BadRow:
    """Never fails for what a row holds: a fault of ours that one row brings to light must not end a whole feed."""
    try:
        return checked_row(record, columns, limits, money)
    except MemoryError:
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        # Without the error's words, which may quote the row.
        logger.error("row %d: %s in %s, line %s", record.line, type(error).__name__, place.name, place.lineno)
        return BadRow(record.line, "", RowUnreadable(), {UNREAD: ""})


def checked_row(record: Record, columns: Columns, limits: FeedLimits, money: Money) -> Row | BadRow:
    cells, raw = record.cells, as_json(record.cells, limits)
    try:
        if record.error:
            raise record.error
        check_corrected(cells)
        check_sizes(cells, limits)
        warnings: list[CatalogError] = []
        product = read_product(cells, columns, limits, money, warnings)
        return Row(record.line, product, read_images(cells, columns, limits), raw, tuple(warnings))
    except CatalogError as error:
        try:
            product_id = read_id(cells, columns, limits)
        except CatalogError:
            product_id = ""
        return BadRow(record.line, product_id, error, raw)


def check_corrected(cells: Mapping[str, Any]) -> None:
    """Raises RowInvalid for a dead letter that came back as it was."""
    if UNREAD in cells:
        raise RowInvalid(f'The line could not be read. Write its columns in place of "{UNREAD}".')
    for mark in (SURPLUS, MISSING):
        if mark in cells:
            raise RowRagged(f'Put the cells in their columns and remove "{mark}" from the row.')


def read_product(
    cells: Mapping[str, Any], columns: Columns, limits: FeedLimits, money: Money, warnings: list[CatalogError]
) -> Product:
    """warnings: takes what could not be read of the product, which is stored without it."""

    def cell(column: str | None) -> str:
        return text(cells.get(column), column) if column else ""

    description = cell(columns.description)
    if has_markup(description):
        description = plain_text(description)
    given = currency_code(cell(columns.currency)) or ""
    yen = given if given in ("CNY", "JPY") else money.yen
    price, currency = parse_price(cells.get(columns.price) if columns.price else None, yen)
    if price is not None:
        given = given or money.default
    attributes = dict(read_attributes(cells, columns))
    brand = cell(columns.brand) if columns.brand else attributes.pop("brand", "")
    return Product(
        id=read_id(cells, columns, limits),
        title=cell(columns.title),
        description=description,
        brand=brand,
        price=price,
        currency=currency or given,
        link=read_link(cell(columns.link)),
        product_type=read_path(cells.get(columns.product_type), columns.product_type) if columns.product_type else "",
        attributes=attributes,
    )


def read_link(link: str) -> str:
    """Raises RowLinkInvalid for what a browser would run or open beside the web, such as "javascript:…"."""
    if not is_web_link(link):
        raise RowLinkInvalid
    return link


def read_path(value: Any, column: str) -> str:
    """A category as one text. A list, as our own manifests have it, is its levels from the top."""
    if isinstance(value, list | tuple):
        return " > ".join(level for part in value if (level := text(part, column)))
    return "" if isinstance(value, Mapping | bool) else text(value, column)


def read_id(cells: Mapping[str, Any], columns: Columns, limits: FeedLimits) -> str:
    """Raises RowIdMissing or RowIdInvalid."""
    value = cells.get(columns.id) if columns.id else None
    if isinstance(value, float) and not (value == value and abs(value) < 2**53):
        raise RowIdInvalid("The row's id is a number that its type cannot hold exactly. Store ids as text.")
    if isinstance(value, bool) or not (value is None or isinstance(value, str | bytes) or is_number(value)):
        raise RowIdInvalid("The row's id is neither text nor a number.")
    found = text(value, columns.id or "id")
    if not found:
        raise RowIdMissing
    if len(found) > limits.max_id or any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in found):
        raise RowIdInvalid(f"The row's id has more than {limits.max_id} characters or contains control characters.")
    return found


def read_attributes(cells: Mapping[str, Any], columns: Columns) -> Iterator[tuple[str, str]]:
    """Attributes that have a value, those of a column of their own last, so that they win."""
    for name_column, value_column in columns.pairs:
        name, value = value_text(cells.get(name_column), name_column), value_text(cells.get(value_column), value_column)
        if name and value and not (plainly(name) in PLACEHOLDER and plainly(value) in PLACEHOLDER):
            yield attribute_name(name), value
    for column in columns.objects:
        for key, item in several_attributes(cells.get(column), column).items():
            if value := value_text(item, column):
                yield attribute_name(text(key, column)), value
    for name, column in columns.attributes.items():
        if value := value_text(cells.get(column), column):
            yield name, value


def attribute_name(name: str) -> str:
    """By the model's name, where it has one: "Color" -> "colour"."""
    plain = synonyms.attribute_name(name)
    return plain if plain in ("colour", "gender", "season", "usage") else name


def value_text(value: Any, column: str) -> str:
    """Text; of a list, all that it holds, once each."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(dict.fromkeys(part for item in value if (part := text(item, column))))
    return text(value, column)


def several_attributes(value: Any, column: str) -> Mapping[Any, Any]:
    """{"colour": "Red"}, or the same as a text of JSON, or as pairs, which is how Parquet gives a map."""
    if value is None or value == "":
        return {}
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if isinstance(value, list) and all(map(is_pair, value)):
        value = dict(value)
    if not isinstance(value, Mapping) or LEFT_OUT in value:
        raise RowInvalid(f'The column "{brief(column)}" does not hold attributes, such as {{"colour": "Red"}}.')
    return value


def is_pair(item: Any) -> bool:
    """Whether this is a key that a dictionary can have, and its value."""
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], Hashable)
