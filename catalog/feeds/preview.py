"""The beginning of a feed: its columns with sample values, the fields they map to, and the first products.

It is parsed as an ingest parses it. An error of the whole feed is returned together with the columns, because the user
needs them to fix it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from catalog.errors import CatalogError, FeedColumnsInvalid, FeedDamaged, FeedEmpty, FeedInvalid
from catalog.feeds.cells import FeedLimits, as_json, shown_text
from catalog.feeds.columns import MAX_COLUMNS, Columns, recognise
from catalog.feeds.feed import READERS, Feed, recognised
from catalog.feeds.formats.detect import Format
from catalog.feeds.formats.folders import COLUMNS
from catalog.feeds.formats.parquet import open_parquet
from catalog.feeds.formats.tables import open_table
from catalog.feeds.prices import PriceReading
from catalog.feeds.rows import BadRow, Record, Row
from catalog.feeds.systems import systems

ROWS, EXAMPLES, LOOKED_AT = 5, 3, 20
SHOWN, SHOWN_NAME = 120, 256  # characters


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """field: what the column is read as, as a mapping names it; None if it is not read. examples: its first values."""

    name: str
    field: str | None
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """What the row becomes, or `error`. images: how many images it names; warnings: what it is stored without."""

    line: int
    id: str
    title: str = ""
    price: float | None = None
    currency: str = ""
    product_type: str = ""
    images: int = 0
    warnings: tuple[CatalogError, ...] = ()
    error: CatalogError | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """How a feed is read. format: None where it could not be told; system: the title of the shop system that it is
    taken to come from; prices: how each column of prices is read. error: why an ingest would refuse the feed as it
    is.
    """

    format: Format | None
    system: str = ""
    columns: tuple[PreviewColumn, ...] = ()
    prices: tuple[PriceReading, ...] = ()
    rows: tuple[PreviewRow, ...] = ()
    error: CatalogError | None = None

    @property
    def unread(self) -> tuple[str, ...]:
        """The columns that are not read."""
        return tuple(column.name for column in self.columns if column.field is None)


def preview(
    path: Path,
    mapping: Mapping[str, str],
    limits: FeedLimits | None = None,
    cut: bool = False,
    encoding: str = "",
) -> Preview:
    """mapping: see `catalog.feeds.columns.recognise`; encoding: see `open_feed`. cut: the file is only the beginning of
    the feed, so its last row is left out. Raises FileNotReadable, ConfigInvalid.
    """
    limits = limits or FeedLimits()
    try:
        feed = recognised(path, mapping, limits, encoding)
    except FeedInvalid as error:
        return Preview(None, error=error)
    try:
        names, first = head(feed, limits)
    except FeedInvalid as error:
        return Preview(feed.format, error=error)
    rows, refusal = first_rows(feed, cut)
    meaning = meaning_of(names, feed)
    used = meaning.used
    columns = [PreviewColumn(name[:SHOWN_NAME], used.get(name), examples(name, first)) for name in names]
    system = systems()[meaning.system].title
    return Preview(feed.format, system, tuple(columns[:MAX_COLUMNS]), feed.price_readings, rows, refusal)


def head(feed: Feed, limits: FeedLimits) -> tuple[Sequence[str], list[Record]]:
    """The columns' names and the first records, whatever the columns mean. Raises FeedInvalid."""
    if feed.format in ("folder", "zip"):
        assert COLUMNS.id
        return [COLUMNS.id, *COLUMNS.images], []
    if feed.format in READERS:
        first = list(some(feed.objects()))
        return list(dict.fromkeys(name for record in first if not record.error for name in record.cells)), first
    with feed.open_bytes() as stream:
        names, found = open_table(stream, limits) if feed.format == "csv" else open_parquet(stream)
        return list(dict.fromkeys(names)), list(some(found))


def some(found: Iterator[Record]) -> Iterator[Record]:
    """The first records, as many as can be read."""
    with suppress(FeedInvalid):
        yield from islice(found, LOOKED_AT)


def first_rows(feed: Feed, cut: bool) -> tuple[tuple[PreviewRow, ...], CatalogError | None]:
    found = list[Row | BadRow]()
    error: CatalogError | None = None
    try:
        found.extend(islice(feed, ROWS + 1))
    except FeedInvalid as damage:
        error = None if cut and found and isinstance(damage, FeedDamaged) else damage
    if not found and not cut:
        error = error or FeedEmpty()
    if cut and len(found) <= ROWS:
        found = found[:-1]
    return tuple(preview_row(row) for row in found[:ROWS]), error


def preview_row(row: Row | BadRow) -> PreviewRow:
    if isinstance(row, BadRow):
        return PreviewRow(row.line, row.id, error=row.error)
    product = row.product
    return PreviewRow(
        line=row.line,
        id=product.id,
        title=shortened(product.title),
        price=product.price,
        currency=product.currency,
        product_type=shortened(product.product_type),
        images=len(row.image_refs),
        warnings=row.warnings,
    )


def meaning_of(names: Sequence[str], feed: Feed) -> Columns:
    """Of the columns, as far as it can be told."""
    if feed.format in ("folder", "zip"):
        return COLUMNS
    for mapping in (feed.mapping, {}):
        with suppress(FeedColumnsInvalid):
            return recognise(names, mapping, partial=True)
    return Columns()


def examples(name: str, first: Sequence[Record]) -> tuple[str, ...]:
    """The first different values of a column that are not empty."""
    values = (example(record.cells[name]) for record in first if not record.error and name in record.cells)
    return tuple(islice(dict.fromkeys(filter(None, values)), EXAMPLES))


def example(value: Any) -> str:
    if isinstance(value, str):
        return shortened(shown_text(value[: SHOWN + 1]))
    if isinstance(value, list | tuple):
        return shortened(", ".join(filter(None, map(example, value[:EXAMPLES]))))
    told = as_json(value, FeedLimits())
    return "" if told is None else shortened(json.dumps(told, ensure_ascii=False))


def shortened(text: str) -> str:
    text = text[: SHOWN + 1]
    return f"{text[:SHOWN]}…" if len(text) > SHOWN else text
