"""Records with the same columns -> rows.

What is found in a few cells is remembered, as far as rows repeat them: brands, categories, colours, availability.
"""

import logging
import traceback
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from catalog.errors import CatalogError, RowUnreadable
from catalog.feeds.cells import FeedLimits, as_json, check_sizes, is_ordinary
from catalog.feeds.columns import Columns
from catalog.feeds.image_cells import read_images
from catalog.feeds.offer import OFFER_PARTS, SALE_DATES, Reading, holds_others, with_others
from catalog.feeds.prices import Money
from catalog.feeds.rows import (
    TEXT_PARTS,
    UNREAD,
    BadRow,
    Record,
    Row,
    check_corrected,
    each_once,
    misdecoded_fields,
    read_id,
    read_own,
    seems_misdecoded,
)
from catalog.product import Product

UNTOLD = Money()
# Of one group of columns: characters of the cells that are remembered together, and how many such are.
LONGEST_REMEMBERED, MAX_REMEMBERED = 100, 4096
MAX_READERS = 64
Find = Callable[[Reading], dict[str, Any]]

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
            short = len("".join(key)) <= LONGEST_REMEMBERED
            found = self._known.get(key)
        except (KeyError, TypeError):  # a cell is missing, or no text
            return self._read(reading)
        if found is None:
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
        ordinary = is_ordinary(cells, self._limits)
        raw = dict(cells) if ordinary else as_json(cells, self._limits)
        try:
            if record.error:
                raise record.error
            check_corrected(cells)
            if not ordinary:
                check_sizes(cells, self._limits)
            warnings: list[CatalogError] = []
            product = self._product(cells, warnings)
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
        product = Product(**found)
        if seems_misdecoded(product):
            warnings.extend(misdecoded_fields(product))
        return product


class RowReaders:
    """A reader for each set of columns that a feed's records have."""

    def __init__(self, limits: FeedLimits, money: Money) -> None:
        self._limits, self._money = limits, money
        self._known: dict[Columns, RowReader] = {}
        self._last = RowReader(Columns(), limits, money)

    def of(self, columns: Columns) -> RowReader:
        if columns is not self._last.columns:
            known = self._known.get(columns)
            self._last = known or RowReader(columns, self._limits, self._money)
            if known is None:
                if len(self._known) >= MAX_READERS:
                    self._known.clear()
                self._known[columns] = self._last
        return self._last


def finders(columns: Columns, limits: FeedLimits) -> list[Find]:
    """In the order in which their faults are told."""

    def of_id(reading: Reading) -> dict[str, Any]:
        return {"id": read_id(reading.cells, columns, limits)}

    own = (*columns.of_attributes, *columns.fields.get("brand", ()))
    found: list[Find] = [Group(own, read_own).find] if own else []
    found.append(of_id)
    for part in (*TEXT_PARTS, *OFFER_PARTS):
        names = tuple(name for field in part.fields for name in columns.fields.get(field, ()))
        # A sale with dates may begin or end while the feed is read.
        dated = "sale_price" in part.fields and not columns.fields.keys().isdisjoint(SALE_DATES)
        if names:
            found.append(Group(names, part.read).find if part.repeats and not dated else part.read)
    return found
