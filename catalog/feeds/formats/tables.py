"""CSV and TSV -> records, one at a time.

The grammar is that of Python's csv module in its strict mode. What is added is where records end when it fails. A cell
that opens with a quotation mark goes on until the mark that closes it, over as many lines as that takes, so one mark
too many would swallow the rows behind it. When that happens (the closing mark turns up in the middle of a cell, or
never, or after too many lines, or the record has the wrong number of cells) only the line on which the record starts is
bad, and the lines that it had swallowed are read anew.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from catalog.errors import (
    CatalogError,
    FeedColumnsInvalid,
    FeedDamaged,
    FeedEmpty,
    RowCellTooLong,
    RowEncodingInvalid,
    RowInvalid,
    RowRagged,
)
from catalog.feeds.cells import FeedLimits
from catalog.feeds.columns import MAX_COLUMNS, Columns, known, recognise
from catalog.feeds.formats import sheet
from catalog.feeds.formats.lines import Line, Lines
from catalog.feeds.rows import MISSING, SURPLUS, UNREAD, Record

DELIMITERS = ",;\t|^"
SEPARATOR_LINE = re.compile(rb"sep=([,;\t|^])\s*")  # Excel's hint, before the header
MAX_HEADER = 20_000  # delimiters in the first line, some of which may be within quotation marks
# An Amazon template begins so; its last header line, the third or fifth, has names such as item_sku.
TEMPLATE = (b"TemplateType=", b"settings=")
MACHINE = re.compile(r"[a-z][a-z0-9_]*_?[a-z0-9_\[\]#=.]*|\(column \d+\)")
LOOKED_AT = 9  # lines behind the first, of which one may be the header
SHOWN, SHOWN_CELLS = 2_000, 100  # of a bad record: characters of its line, cells beyond the header
NOT_CLOSED = 'A quoted cell does not end where it should. Write a quotation mark inside it twice: "".'


class Unreadable(Exception):
    """The record that was begun cannot be completed. error: what to say of it."""

    def __init__(self, error: CatalogError) -> None:
        super().__init__(error)
        self.error = error


class OneRecord:
    """The lines that csv.reader asks for to complete one record."""

    def __init__(self, lines: Lines, delimiter: str, limits: FeedLimits) -> None:
        self.lines, self.delimiter, self.limits = lines, delimiter, limits
        self.taken: list[Line] = []
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.lines.following() if self.taken else next(self.lines)
        self.taken.append(line)
        self.size += len(line.data)
        if len(self.taken) == 1 and line.cut:
            raise Unreadable(RowCellTooLong(f"The line is longer than the limit of {self.limits.max_line:,} bytes."))
        if line.data.count(self.delimiter.encode()) > self.limits.max_values:
            raise Unreadable(RowRagged(f"The row has more than {self.limits.max_values:,} cells."))
        too_long = len(self.taken) > self.limits.max_quoted_lines or self.size > self.limits.max_row * 4
        if len(self.taken) > 1 and (too_long or line.cut):
            raise Unreadable(RowInvalid(NOT_CLOSED))
        return line.data.decode("utf-8", "surrogateescape")

    def read(self) -> list[str]:
        """Raises StopIteration at the end of the feed, Unreadable."""
        try:
            return next(csv.reader(self, delimiter=self.delimiter, strict=True, skipinitialspace=True))
        except csv.Error:
            raise Unreadable(RowInvalid(NOT_CLOSED)) from None


class Header(NamedTuple):
    """line: the one on which it stands."""

    delimiter: str
    names: Sequence[str]
    line: int = 1


class OneLine:
    """Reads what nearly all records are: a line of valid text that has as many cells as the header. One csv.reader
    reads them all: it begins anew with each line, also behind one that it could not read.
    """

    def __init__(self, header: Header, limits: FeedLimits) -> None:
        self._names = header.names
        self._limit = limits.max_values if len(set(header.names)) == len(header.names) else 0
        self._line: list[str] = []
        lines = iter(self._line.pop, None)  # an IndexError where a record needs a second line
        self._reader = csv.reader(lines, delimiter=header.delimiter, strict=True, skipinitialspace=True)

    def read(self, line: Line) -> Record | None:
        """None for what needs the care of `read_record`, as `OneRecord` reads it."""
        number, data, cut = line
        if cut or len(data) > self._limit:
            return None
        try:
            self._line.append(data.decode())
            cells = next(self._reader)
        except (UnicodeDecodeError, csv.Error, IndexError):
            return None
        if len(cells) != len(self._names):
            return None
        named = dict(zip(self._names, map(str.strip, cells), strict=True))
        return Record(number, named) if any(named.values()) else None


def read_table(
    open_bytes: Callable[[], BinaryIO], mapping: Mapping[str, str], limits: FeedLimits
) -> Iterator[tuple[Record, Columns]]:
    """Raises FeedEmpty, FeedColumnsInvalid, and in the course of reading FeedDamaged."""
    with open_bytes() as stream:
        names, records = open_table(stream, limits)
        columns = recognise(names, mapping)
        for record in records:
            yield record, columns


def open_table(stream: BinaryIO, limits: FeedLimits) -> tuple[Sequence[str], Iterator[Record]]:
    """-> the columns' names, and the records, whatever the columns mean. Raises as `read_table` does."""
    # The module's own limit of 131,072 characters would end a cell long before ours. It is one for the whole process,
    # and there is no other way to change it; it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), 2 * limits.max_line))
    lines = Lines(stream, limits.max_line, limits.max_empty)
    header = read_header(lines, limits)
    lines.blank = header.delimiter.encode() + b" \t\r\n"
    if not sheet.is_sheet(header.names):
        return header.names, read_records(lines, header, limits)
    header = header._replace(names=[str(sheet.of_cell(name)) for name in header.names])
    own = [name for name in header.names if name not in sheet.ADDED]
    return own, map(returned, read_records(lines, header, limits))


def returned(record: Record) -> Record:
    """A dead letter that comes back in a sheet."""
    return record._replace(cells=sheet.read_cells(record.cells, (UNREAD, SURPLUS, MISSING)), returned=True)


def read_records(lines: Lines, header: Header, limits: FeedLimits) -> Iterator[Record]:
    """Raises FeedDamaged."""
    reread = 0
    simple = OneLine(header, limits)
    for line in lines:
        if record := simple.read(line):
            yield record
            continue
        lines.put_back([line])
        one = OneRecord(lines, header.delimiter, limits)
        record, swallowed = read_record(one, header)
        if record:
            yield record
        lines.put_back(swallowed)
        reread += one.size if swallowed else 0
        if reread > limits.max_reread:
            last = line.number
            raise FeedDamaged(f"Too many quoted cells do not end where they should, the last from line {last} on.")


def read_record(one: OneRecord, header: Header) -> tuple[Record | None, list[Line]]:
    """-> the record, None for an empty line; the lines behind its first that are to be read anew."""
    try:
        cells = one.read()
    except Unreadable as unreadable:
        plain = unquoted(one, header) if one.taken else None
        return plain or unread(one, unreadable.error), one.taken[1:]
    first, last = one.taken[0], one.taken[-1]
    if last is not first and all(fits(line, header) for line in one.taken):
        # Each line is a row by itself: the mark that opens a cell here, and the one that closes it, belong to no cell.
        plain = unquoted(one, header)
        if plain or len(cells) == len(header.names):
            return plain or unread(one, RowInvalid(NOT_CLOSED)), one.taken[1:]
    if not any(cell.strip() for cell in cells):
        return None, []
    if not any(cells[len(header.names) :]):
        cells = cells[: len(header.names)]
    if len(cells) == len(header.names):
        return Record(first.number, name_cells(header.names, cells), encoding_error(one.taken)), []
    ragged = f"The row has {counted(len(cells))}, the header {len(header.names)}."
    if last is not first:
        error = RowRagged(f"{ragged} A quoted cell of it runs on to line {last.number}.")
        return unread(one, error), one.taken[1:]
    return Record(first.number, name_cells(header.names, cells), RowRagged(ragged)), []


def unquoted(one: OneRecord, header: Header) -> Record | None:
    """The record's first line as a feed without quoting has it. Tabs are in no text, so of the delimiters only these
    part cells for certain. None where the line would have too many or too few.
    """
    first = one.taken[0]
    if header.delimiter != "\t" or first.cut or not fits(first, header):
        return None
    cells = first.data.decode("utf-8", "surrogateescape").rstrip("\r\n").split("\t")[: len(header.names)]
    return Record(first.number, name_cells(header.names, cells), encoding_error([first]))


def fits(line: Line, header: Header) -> bool:
    """Whether the line has as many cells as the header, whatever its quotation marks mean."""
    cells = line.data.rstrip(b"\r\n").split(header.delimiter.encode())
    return len(cells) >= len(header.names) and not any(cells[len(header.names) :])


def unread(one: OneRecord, error: CatalogError) -> Record:
    """For the record of which nothing but its first line is known."""
    first = one.taken[0]
    return Record(first.number, {UNREAD: first.data[:SHOWN].decode("utf-8", "replace").rstrip("\r\n")}, error)


def encoding_error(lines: Sequence[Line]) -> RowEncodingInvalid | None:
    for line in lines:
        try:
            line.data.decode()
        except UnicodeDecodeError as error:
            return RowEncodingInvalid(f"The row is not valid UTF-8: byte {error.start + 1} of line {line.number}.")
    return None


def counted(cells: int) -> str:
    return "1 cell" if cells == 1 else f"{cells:,} cells"


def name_cells(names: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """Column -> cell; a column that comes several times holds a list. What does not fit the header stands apart."""
    named: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=False):
        value = cell.strip()
        if name in named:
            held = named[name] if isinstance(named[name], list) else [named[name]]
            named[name] = [*held, value]
        else:
            named[name] = value
    if len(cells) > len(names):
        named[SURPLUS] = list(cells[len(names) :][:SHOWN_CELLS])
    elif len(cells) < len(names):
        named[MISSING] = list(names[len(cells) :])
    return named


def read_header(lines: Lines, limits: FeedLimits) -> Header:
    """The first line that is not empty, or one soon behind it, where only that names known columns. The delimiter is
    the one that gives the most columns with known names.
    """
    line = next(lines, None)
    declared = SEPARATOR_LINE.fullmatch(line.data) if line else None
    if declared:
        line = next(lines, None)
    if line is None:
        raise FeedEmpty
    delimiter = declared[1].decode() if declared else ""
    header = header_of(line, delimiter, limits)
    if score(header) > 1 and not line.data.startswith(TEMPLATE):
        return header
    behind = list(islice(lines, LOOKED_AT))
    found = later_header(behind, delimiter, limits, template=line.data.startswith(TEMPLATE))
    lines.put_back(behind[found + 1 :] if found is not None else behind)
    return header if found is None else header_of(behind[found], delimiter, limits)


def later_header(behind: Sequence[Line], delimiter: str, limits: FeedLimits, template: bool) -> int | None:
    """Which of the lines behind the first names the columns: the only one with names that are known.

    template: the feed is a template of Amazon, where the names for machines come last, behind those for people.
    """
    headers: list[Header | None] = []
    for line in behind:
        try:
            headers.append(header_of(line, delimiter, limits))
        except FeedColumnsInvalid:
            headers.append(None)
    if template:
        machine = [
            place for place, header in enumerate(headers) if header and all(map(MACHINE.fullmatch, header.names))
        ]
        if machine:
            return machine[0]
    scores = [score(header) if header else 0 for header in headers]
    best = max(scores, default=0)
    return scores.index(best) if best > 1 and sum(one > 1 for one in scores) == 1 else None


def score(header: Header) -> int:
    return sum(map(known, header.names))


def header_of(line: Line, declared: str, limits: FeedLimits) -> Header:
    """declared: the delimiter, "" where the line must tell it. Raises FeedColumnsInvalid."""
    if line.cut or len(line.data) > limits.max_cell:
        raise FeedColumnsInvalid("The first line, which should name the columns, is too long.")
    try:
        text = line.data.decode()
    except UnicodeDecodeError:
        raise FeedColumnsInvalid("The first line, which should name the columns, is not valid UTF-8.") from None
    if max_cells(text) > MAX_HEADER:
        raise FeedColumnsInvalid(
            f"The first line names more than {MAX_HEADER:,} columns; the limit is {MAX_COLUMNS:,}."
        )
    delimiters = declared or [mark for mark in DELIMITERS if mark in text] or DELIMITERS[0]
    headers = [header for delimiter in delimiters if (header := header_with(delimiter, text))]
    if not headers:
        raise FeedColumnsInvalid("The first line, which should name the columns, has an unclosed quotation mark.")
    best = max(headers, key=lambda header: (score(header), len(header.names)))
    return best._replace(line=line.number)


def max_cells(text: str) -> int:
    """How many cells the line has at most, whichever delimiter parts them."""
    return max(map(text.count, DELIMITERS)) + 1


def header_with(delimiter: str, text: str) -> Header | None:
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=True))
    except (csv.Error, StopIteration):
        return None
    while len(cells) > 1 and not cells[-1].strip():
        cells.pop()
    return Header(delimiter, [cell.strip() or f"(column {place})" for place, cell in enumerate(cells, 1)])
