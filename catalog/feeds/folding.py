"""Rows that are no products of their own -> the record of their product: variants, further pictures, other views.

What such rows are called, `systems.toml` says of each shop system. Where they may stand anywhere in the feed, it is
read once before, and they are kept in a temporary file until their product comes.
"""

import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from catalog.errors import CatalogError
from catalog.feeds.cells import VARIANTS
from catalog.feeds.columns import Columns, Folding
from catalog.feeds.rows import Record, Records

# Rows and characters of one product, so that a feed with a single handle is not held in memory.
MAX_ROWS, MAX_SIZE = 5_000, 16_000_000
# Fields of a row that is a variant of its product.
OF_VARIANT = (
    *("id", "sku", "gtin", "mpn", "price", "list_price", "sale_price", "sale_dates", "sale_starts", "sale_ends"),
    *("availability", "stock", "currency"),
)
ANY = "*"


def fold(read: Callable[[], Records]) -> Records:
    """The records of one product joined, others as they are, and dead letters, which were joined before.

    If one of a product's rows is bad, the product is: half of it would replace all of it when the row comes back.
    """
    with Parts() as parts:
        if needs_parts(read()):
            parts.collect(read())
        if not parts:
            yield from neighbours(read())
            return
        for record, columns in neighbours(kept(read(), parts)):
            yield parts.joined_with(record, columns), columns
        yield from parts.left()


def needs_parts(records: Records) -> bool:
    """Whether rows may stand apart from their product: told by the first."""
    for _, columns in records:
        found = columns.folding
        return bool(found and (found.aside or (found.part and (found.parent or found.children))))
    return False


def kept(records: Records, parts: "Parts") -> Records:
    """All but those that were collected."""
    return ((record, columns) for record, columns in records if not parts.holds(record, columns))


class Parts:
    """Records that belong to others, in a temporary file, by the key under which their product asks for them."""

    def __init__(self) -> None:
        self._places: dict[str, list[int]] = {}
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by __exit__

    def __enter__(self) -> "Parts":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __bool__(self) -> bool:
        return bool(self._places)

    def collect(self, records: Records) -> None:
        for record, columns in records:
            key = part_key(record, columns)
            if key:
                self._places.setdefault(key, []).append(self._file.seek(0, 2))
                pickle.dump((record, columns), self._file)

    def holds(self, record: Record, columns: Columns) -> bool:
        return bool(part_key(record, columns))

    def joined_with(self, record: Record, columns: Columns) -> Record:
        if not columns.folding:
            return record
        found = [part for key in asked_keys(record, columns.folding) for part in self._take(key)]
        return joined([record, *found], columns) if found else record

    def left(self) -> Records:
        """Those whose product did not come, each a product of its own; those with one key are one."""
        for key in list(self._places):
            group = self._taken(key)
            if group:
                yield joined([record for record, _ in group], group[0][1]), group[0][1]

    def _take(self, key: str) -> list[Record]:
        return [record for record, _ in self._taken(key)]

    def _taken(self, key: str) -> list[tuple[Record, Columns]]:
        found = []
        for place in self._places.get(key, ())[:MAX_ROWS]:
            self._file.seek(place)
            found.append(pickle.load(self._file))
        self._places[key] = []
        return found


def part_key(record: Record, columns: Columns) -> str:
    """The key of a record that belongs to another, which may stand anywhere; "" for a product."""
    found = columns.folding
    if not found or record.error or record.returned:
        return ""
    if has_value(record, found.aside):
        return next(iter(own_keys(record, found)), "")
    if has_value(record, found.part) and (found.parent or found.children):
        parent = cell(record, found.parent)
        return parent or ("" if found.parent else next(iter(own_keys(record, found)), ""))
    return ""


def has_value(record: Record, wanted: Iterable[tuple[str, frozenset[str]]]) -> bool:
    return any(
        (value := cell(record, column)) and (ANY in values or value.casefold() in values) for column, values in wanted
    )


def own_keys(record: Record, folding: Folding) -> Iterator[str]:
    for before, column, after in folding.keys:
        if value := cell(record, column):
            yield f"{before}{value}{after}"


def asked_keys(record: Record, folding: Folding) -> Iterator[str]:
    """The keys of a product's parts."""
    yield from own_keys(record, folding)
    for child in cell(record, folding.children).split("|"):
        for pair in child.split(","):
            name, _, value = pair.partition("=")
            if name.strip().casefold() == "sku":
                yield value.strip()


def neighbours(records: Records) -> Records:
    """Records of one product, one after another, joined."""
    group: list[Record] = []
    shared, size = Columns(), 0  # of the group without its last
    damage: CatalogError | None = None
    while True:
        try:
            record, columns = next(records)
        except StopIteration:
            break
        except CatalogError as error:  # what came before it is whole
            damage = error
            break
        if group and belongs(record, columns, group, shared):
            size += sum(len(value) for value in group[-1].cells.values() if isinstance(value, str))
            if len(group) < MAX_ROWS and size < MAX_SIZE:
                group.append(record)
                continue
        if group:
            yield group[0] if len(group) == 1 else joined(group, shared), shared
        group, shared, size = [record], columns, 0
    if group:
        yield joined(group, shared), shared
    if damage:
        raise damage


def belongs(record: Record, columns: Columns, group: list[Record], shared: Columns) -> bool:
    """Whether the record is of the same product as those before it."""
    if record.returned or group[0].returned or (columns is not shared and columns != shared):
        return False
    found = columns.folding
    if found and found.neighbours:
        return cell(record, found.neighbours) == cell(group[0], found.neighbours) != ""
    if found and found.part and not found.parent and not found.children and has_value(record, found.part):
        return True
    return is_further_image(record, group[0], columns)


def is_further_image(record: Record, first: Record, columns: Columns) -> bool:
    """Whether it says the same of the same id, but for a picture."""
    if record.error or first.error or not columns.id or not columns.images:
        return False
    own, other = record.cells.get(columns.id), first.cells.get(columns.id)
    if isinstance(own, str) and isinstance(other, str) and own.strip() != other.strip():  # by far the most
        return False
    if cell(record, columns.id) != cell(first, columns.id) or not cell(record, columns.id):
        return False
    read = [column for column, target in columns.used.items() if target != "images"]
    same = all(record.cells.get(column) in ("", None, first.cells.get(column)) for column in read)
    return same and any(
        record.cells.get(column) not in ("", None, first.cells.get(column)) for column in columns.images
    )


def cell(record: Record, column: str | None) -> str:
    value = record.cells.get(column) if column else None
    return value.strip() if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def joined(group: list[Record], columns: Columns) -> Record:
    """The first value of each column, but all the images, in their order, all the values of an attribute, and the
    variants, if there are several.
    """
    if len(group) == 1:
        return group[0]
    bad = next((record for record in group if record.error), None)
    lists = {*(value for _, value in columns.pairs), *columns.objects}
    lists |= {name for names in columns.attributes.values() for name in names}
    cells: dict[str, Any] = {}
    for record in sorted(group, key=lambda record: place(record, columns)):
        for name in columns.images:
            gather(cells, name, record.cells.get(name))
    for record in group:
        for name, value in record.cells.items():
            if name in lists:
                gather(cells, name, value)
            elif name not in columns.images and cells.get(name) in (None, ""):
                cells[name] = value
    ordered = dict.fromkeys([*group[0].cells, *cells])
    found = {name: cells.get(name) for name in ordered}
    if len(variants := distinct(variant(record, columns) for record in group)) > 1:
        found[VARIANTS] = variants
    return Record((bad or group[0]).line, found, bad.error if bad else None)


def distinct(variants: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that say something that none before them does."""
    found: list[dict[str, Any]] = []
    saying: dict[tuple[str, str], set[int]] = {}  # a cell -> the places of those that have it
    for one in filter(None, variants):
        cells = [(name, repr(value)) for name, value in one.items()]
        if not set.intersection(*sorted((saying.get(each, set()) for each in cells), key=len)):
            for each in cells:
                saying.setdefault(each, set()).add(len(found))
            found.append(one)
    return found


def variant(record: Record, columns: Columns) -> dict[str, Any]:
    """What the row says of itself alone; nothing if it is no variant: a further picture, or the product of others."""
    kinds = columns.folding
    if not kinds or ((kinds.part or kinds.aside) and not has_value(record, kinds.part)):
        return {}
    names = [name for field in OF_VARIANT for name in columns.fields.get(field, ())]
    names += [*columns.objects, *(name for pair in columns.pairs for name in pair)]
    names += [name for found in columns.attributes.values() for name in found]
    found = {name: record.cells[name] for name in dict.fromkeys(names) if record.cells.get(name) not in (None, "")}
    return found if set(found) - {kinds.neighbours} else {}


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
    digits = cell(record, next(iter(columns.fields.get("position", ())), None))
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 7 else 1e9
