"""Which cells of a feed are to be changed so that its products have new values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from catalog.errors import CatalogError, FeedFormatUnsupported
from catalog.feeds.cells import FeedLimits
from catalog.feeds.columns import FIELDS, Columns
from catalog.feeds.rewriting.json_members import Path
from catalog.feeds.rows import Record, read_id
from catalog.feeds.systems import plainly
from catalog.synonyms import attribute_name

Changes = Mapping[str, Mapping[str, str]]  # of a product, by its id: field or attribute -> the value that it is to have
# Why a value is not written.
Why = Literal["no_row", "rows_differ", "no_text", "encoding", "unreadable"]
WHYS: Mapping[Why, str] = {
    "no_row": "no row of the feed that can be read has this id",
    "rows_differ": "the product's rows have different values there, so it is not known which to change",
    "no_text": "the column gives the id, or holds an object",
    "encoding": "the feed's encoding has no such letters",
    "unreadable": "the row's text could not be written as the bytes that it has",
}
# What a finding calls a field that feeds call otherwise.
FIELD_NAMES = {"category": "product_type"}


class Unplaced(NamedTuple):
    """A value that is not written. field: "" for all of the product."""

    product: str
    field: str
    why: Why


class Edit(NamedTuple):
    """A value in a record, and what for."""

    value: str
    product: str
    field: str


@dataclass
class Placed:
    """edits: by the line on which a record starts, then by the column, or the path in an object. added: columns that
    the feed does not have yet, in order.
    """

    edits: dict[int, dict[Path, Edit]] = field(default_factory=dict)
    added: dict[str, None] = field(default_factory=dict)
    unplaced: list[Unplaced] = field(default_factory=list)


def placed(records: Iterable[tuple[Record, Columns]], changes: Changes, limits: FeedLimits) -> Placed:
    """records: of the feed as it is, none of them joined to another."""
    rows: dict[str, list[tuple[Record, Columns]]] = {}
    for record, columns in records:
        if record.returned:
            raise FeedFormatUnsupported("These are rows that failed, and no feed. Give the feed that they came from.")
        if (id := own_id(record, columns, limits)) in changes:
            rows.setdefault(id, []).append((record, columns))
    found = Placed()
    for product, values in changes.items():
        if product not in rows:
            found.unplaced.append(Unplaced(product, "", "no_row"))
            continue
        for name, value in values.items():
            _place(found, rows[product], Edit(value, product, name))
    return found


def own_id(record: Record, columns: Columns, limits: FeedLimits) -> str:
    """ "" for a record that cannot be trusted."""
    if record.error:
        return ""
    try:
        return read_id(record.cells, columns, limits)
    except CatalogError:
        return ""


def _place(found: Placed, rows: list[tuple[Record, Columns]], edit: Edit) -> None:
    """Where a product has several rows, all that say what is read of it are changed."""
    path, known = path_of(edit.field, *rows[0])
    values = [(record, held(record, path)) for record, _ in rows]
    _, columns = rows[0]
    if path == (columns.id,) or any(isinstance(value, Mapping) for _, value in values):
        found.unplaced.append(Unplaced(edit.product, edit.field, "no_text"))
        return
    first = values[0][1]
    joined = columns.folding is not None and len(rows) > 1
    if joined:
        said = [value for _, value in values if value not in (None, "")]
        if any(value != said[0] for value in said) and path[0] not in single_columns(columns):
            found.unplaced.append(Unplaced(edit.product, edit.field, "rows_differ"))
            return
        values = [one for one in values if one[1] not in (None, "")] or values[:1]
        first = values[0][1]
    if not known:
        found.added[path[0]] = None
    for record, value in values:
        if value == first:
            found.edits.setdefault(record.line, {})[path] = edit


def path_of(name: str, record: Record, columns: Columns) -> tuple[Path, bool]:
    """Where a record has the field or the attribute, and whether there is such a place yet.

    Of several columns it is the first that has a value in the record, as that is read.
    """
    wanted = attribute_name(FIELD_NAMES.get(name, name))
    own = [column for column, target in read_as(columns) if attribute_name(target) == wanted]
    filled = [column for column in own if record.cells.get(column) not in (None, "", [])]
    if column := next(iter(filled or own), None):
        return (column,), True
    objects = {column: found for column in columns.objects if isinstance(found := record.cells.get(column), Mapping)}
    for column, found in objects.items():
        if key := next((key for key in found if attribute_name(str(key)) == wanted), None):
            return (column, key), True
    if column := next((column for column in record.cells if plainly(column) == plainly(name)), None):
        return (column,), True
    column = next(iter(objects), None)
    return ((column, name), True) if column and name not in FIELDS else ((name,), False)


def read_as(columns: Columns) -> Iterator[tuple[str, str]]:
    """Columns, the best of each field first, and the field or the attribute that they give."""
    for name in FIELDS:
        found = columns.images if name == "images" else columns.fields.get(name, ())
        yield from ((column, name) for column in found)
    for name, found in columns.attributes.items():
        yield from ((column, name) for column in found)


def single_columns(columns: Columns) -> set[str]:
    """Those of which a product of several rows has one value, its first."""
    return {column for found in columns.fields.values() for column in found}


def held(record: Record, path: Path) -> Any:
    value: Any = record.cells
    for key in path:
        value = value.get(key)
    return value
