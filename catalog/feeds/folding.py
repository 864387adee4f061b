"""Adjacent rows with one handle (a Shopify product with variants and images) -> one record."""

from collections.abc import Iterable, Iterator
from typing import Any

from catalog.feeds.columns import Columns
from catalog.feeds.rows import Record

# Rows and characters of one product, so that a feed with a single handle is not held in memory.
MAX_ROWS, MAX_SIZE = 5_000, 16_000_000


def fold(records: Iterable[tuple[Record, Columns]]) -> Iterator[tuple[Record, Columns]]:
    """The records of one product joined, others as they are, and dead letters, which were joined before.

    If one of a product's rows is bad, the product is: half of it would replace all of it when the row comes back.
    """
    group: list[Record] = []
    shared, size = Columns(), 0
    for record, columns in records:
        folds = columns.folds and not record.returned and handle(record, columns) != ""
        belongs = (
            folds and columns == shared and handle(record, columns) == handle(group[0], shared) if group else False
        )
        if group and not (belongs and len(group) < MAX_ROWS and size < MAX_SIZE):
            yield joined(group, shared), shared
            group, size = [], 0
        if folds:
            group.append(record)
            shared = columns
            size += sum(len(cell) for cell in record.cells.values() if isinstance(cell, str))
        else:
            yield record, columns
    if group:
        yield joined(group, shared), shared


def handle(record: Record, columns: Columns) -> str:
    value = record.cells.get(columns.id) if columns.id else None
    return value.strip() if isinstance(value, str) else ""


def joined(group: list[Record], columns: Columns) -> Record:
    """The first value of each column, but all the images, in their order, and all the values of an option."""
    if len(group) == 1:
        return group[0]
    bad = next((record for record in group if record.error), None)
    lists = {*columns.images, *(value for _, value in columns.pairs), *columns.attributes.values()}
    cells: dict[str, Any] = {}
    for record in group if not columns.order else sorted(group, key=lambda record: place(record, columns)):
        for name in columns.images:
            gather(cells, name, record.cells.get(name))
    for record in group:
        for name, value in record.cells.items():
            if name in lists and name not in columns.images:
                gather(cells, name, value)
            elif cells.get(name) in (None, ""):
                cells[name] = value
    ordered = dict.fromkeys([*group[0].cells, *cells])
    return Record((bad or group[0]).line, {name: cells.get(name) for name in ordered}, bad.error if bad else None)


def gather(cells: dict[str, Any], name: str, value: Any) -> None:
    """Add the value to those of the column, once: the only one stands by itself, several in a list."""
    for item in value if isinstance(value, list) else [value]:
        held = cells.get(name)
        known = held if isinstance(held, list) else [held] if held not in (None, "") else []
        if item not in (None, "") and item not in known:
            known = [*known, item]
        cells[name] = known if len(known) > 1 else known[0] if known else ""


def place(record: Record, columns: Columns) -> float:
    """The image's position, which Shopify counts from 1; last where there is none."""
    value = record.cells.get(columns.order) if columns.order else None
    digits = value.strip() if isinstance(value, str) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 7 else 1e9
