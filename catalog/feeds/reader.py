"""Records -> rows.

Records that follow one another are read together, one field of all of them after the other, which is faster than row
by row. One in which anything is wrong is read again by itself. What is found in a few cells is remembered, as far as
rows repeat them: brands, categories, colours, availability.
"""

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from operator import itemgetter
from typing import Any, TypeVar

from catalog.errors import CatalogError, RowUnreadable
from catalog.feeds.cells import FeedLimits, as_json, check_sizes, ordinary_size
from catalog.feeds.columns import Columns
from catalog.feeds.image_cells import read_images
from catalog.feeds.offer import OFFER_PARTS, Reading, holds_others, with_others
from catalog.feeds.prices import Money
from catalog.feeds.rows import (
    MARKS,
    TEXT_PARTS,
    UNREAD,
    BadRow,
    Record,
    Records,
    Row,
    check_corrected,
    each_once,
    misdecoded_fields,
    read_id,
    read_own,
    seem_misdecoded,
)
from catalog.images import ImageRef
from catalog.product import Product

UNTOLD = Money()
# Of one group of columns: characters of the cells that are remembered together, and how many such are.
LONGEST_REMEMBERED, MAX_REMEMBERED = 100, 4096
MAX_READERS = 64
# Of records that are read together: how many, and their characters.
TOGETHER, SIZE_TOGETHER = 100, 1_000_000
Find = Callable[[Reading], dict[str, Any]]
Found = TypeVar("Found")
NO_FIELDS: dict[str, Any] = {}
NO_IMAGES: tuple[ImageRef, ...] = ()
# A product's fields that a feed says nothing of, and what writes each field.
NOTHING: dict[str, Any] = {one.name: getattr(Product(), one.name) for one in fields(Product)}
PUTS = [getattr(Product, name).__set__ for name in NOTHING]

logger = logging.getLogger(__name__)


class Group:
    """Columns that are read together, and what was found in them. read: the product's fields from them. Cells of which
    something could not be read are read again, as the fault is told of each row.
    """

    def __init__(self, columns: tuple[str, ...], read: Find) -> None:
        self._cells = itemgetter(*columns)
        self._read = read
        self._known: dict[Any, dict[str, Any]] = {}

    def find(self, reading: Reading) -> dict[str, Any]:
        try:
            key = self._cells(reading.cells)
            found = self._known.get(key)
            if found is not None:
                return found
            short = len("".join(key)) <= LONGEST_REMEMBERED
        except (KeyError, TypeError):  # a cell is missing, or no text
            return self._read(reading)
        told = len(reading.warnings)
        found = self._read(reading)
        if short and len(reading.warnings) == told:
            self._remember(key, found)
        return found

    def _remember(self, key: Any, found: dict[str, Any]) -> None:
        if len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        self._known[key] = found


class RowReader:
    """Reads records that have these columns."""

    def __init__(self, columns: Columns, limits: FeedLimits, money: Money = UNTOLD) -> None:
        self.columns = columns
        self._limits, self._money = limits, money
        self._finders = finders(columns, limits)

    def read_together(self, records: Sequence[Record]) -> Iterator[Row | BadRow]:
        """As `read`, of records of which each has only ordinary cells."""
        readings = [Reading(record.cells, self.columns, self._money, []) for record in records]
        founds = [NOTHING.copy() for _ in records]
        failed = set[int]()
        for find in self._finders:
            for found, part in zip(founds, each(find, readings, NO_FIELDS, failed), strict=True):
                found.update(part)
        images = each(self._images, readings, NO_IMAGES, failed)
        products = list(map(product_of, founds))
        if seem_misdecoded(products):
            for product, reading in zip(products, readings, strict=True):
                reading.warnings.extend(misdecoded_fields(product) if seem_misdecoded([product]) else ())
        for place, record in enumerate(records):
            if place in failed:
                yield self.read(record)
            else:
                yield self._row(record, products[place], images[place], readings[place].warnings)

    def _images(self, reading: Reading) -> tuple[ImageRef, ...]:
        return read_images(reading.cells, self.columns, self._limits)

    def _row(self, record: Record, product: Product, images: tuple[ImageRef, ...], warnings: list[CatalogError]) -> Row:
        told = each_once(warnings) if warnings else ()
        return Row(record.line, product, images, dict(record.cells), told, self.columns.offer_fields)

    def read(self, record: Record) -> Row | BadRow:
        """Never fails for what a row holds: a fault of ours that one row brings to light must not end a whole feed."""
        try:
            return self._checked(record)
        except MemoryError:
            raise
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            # Without the error's words, which may quote the row.
            logger.error("row %d: %s in %s, line %s", record.line, type(error).__name__, place.name, place.lineno)
            return BadRow(record.line, "", RowUnreadable(), {UNREAD: ""})

    def _checked(self, record: Record) -> Row | BadRow:
        cells = record.cells
        raw = as_json(cells, self._limits)
        try:
            if record.error:
                raise record.error
            check_corrected(cells)
            check_sizes(cells, self._limits)
            warnings: list[CatalogError] = []
            product = self._product(cells, warnings)
            if seem_misdecoded([product]):
                warnings.extend(misdecoded_fields(product))
            images = read_images(cells, self.columns, self._limits)
            told = each_once(warnings) if warnings else ()
            return Row(record.line, product, images, raw, told, self.columns.offer_fields)
        except CatalogError as error:
            try:
                product_id = read_id(cells, self.columns, self._limits)
            except CatalogError:
                product_id = ""
            return BadRow(record.line, product_id, error, raw)

    def _product(self, cells: Mapping[str, Any], warnings: list[CatalogError]) -> Product:
        """warnings: takes what could not be read of the product, which is stored without it."""
        reading = Reading(cells, self.columns, self._money, warnings)
        found: dict[str, Any] = {}
        for find in self._finders:
            found.update(find(reading))
        if holds_others(reading):
            found = with_others(found, reading)
        return Product(**found)


def each(
    read: Callable[[Reading], Found], readings: Sequence[Reading], otherwise: Found, failed: set[int]
) -> list[Found]:
    """What is found in each, and `otherwise` where nothing can be. failed: takes the places of those."""
    found = []
    for place, reading in enumerate(readings):
        try:
            found.append(read(reading))
        except MemoryError:
            raise
        except Exception:
            failed.add(place)
            found.append(otherwise)
    return found


def product_of(found: dict[str, Any]) -> Product:
    """found: every field, in the order of NOTHING. Past `Product.__init__`, as a frozen class is slow to fill."""
    product = object.__new__(Product)
    for put, value in zip(PUTS, found.values(), strict=True):
        put(product, value)
    return product


class RowReaders:
    """A reader for each set of columns that a feed's records have."""

    def __init__(self, limits: FeedLimits, money: Money) -> None:
        self._limits, self._money = limits, money
        self._known: dict[Columns, RowReader] = {}
        self._last = RowReader(Columns(), limits, money)

    def rows(self, records: Records) -> Iterator[Row | BadRow]:
        for columns, group in grouped(records, self._limits):
            reader = self.of(columns)
            if len(group) == 1:
                yield reader.read(group[0])
            else:
                yield from reader.read_together(group)

    def of(self, columns: Columns) -> RowReader:
        if columns is not self._last.columns:
            known = self._known.get(columns)
            self._last = known or RowReader(columns, self._limits, self._money)
            if known is None:
                if len(self._known) >= MAX_READERS:
                    self._known.clear()
                self._known[columns] = self._last
        return self._last


def grouped(records: Records, limits: FeedLimits) -> Iterator[tuple[Columns, list[Record]]]:
    """Records that are read together, and the others alone, in their order. What comes before damage is whole."""
    group, size, shared = list[Record](), 0, Columns()
    try:
        for record, columns in records:
            length = None if needs_care(record, columns) else ordinary_size(record.cells, limits)
            if group and (length is None or columns is not shared or len(group) == TOGETHER or size > SIZE_TOGETHER):
                yield shared, group
                group, size = [], 0
            if length is None:
                yield columns, [record]
            else:
                group.append(record)
                size, shared = size + length, columns
    except CatalogError:
        if group:
            yield shared, group
        raise
    if group:
        yield shared, group


def needs_care(record: Record, columns: Columns) -> bool:
    """Whether more is to be looked at than the finders do."""
    return record.error is not None or columns.nested or not MARKS.isdisjoint(record.cells)


def finders(columns: Columns, limits: FeedLimits) -> list[Find]:
    """In the order in which their faults are told."""

    def of_id(reading: Reading) -> dict[str, Any]:
        return {"id": read_id(reading.cells, columns, limits)}

    own = (*columns.of_attributes, *columns.fields.get("brand", ()))
    found: list[Find] = [Group(own, read_own).find] if own else []
    found.append(of_id)
    for part in (*TEXT_PARTS, *OFFER_PARTS):
        names = tuple(name for field in part.fields for name in columns.fields.get(field, ()))
        if names:
            repeats = part.repeats and not ("sale_price" in part.fields and columns.dated)
            found.append(Group(names, part.read).find if repeats else part.read)
    return found
