"""A feed and new values of its products -> the feed's bytes with these values in it.

It is read twice: first to find the rows, then to copy its bytes, of which only the changed cells are others.
"""

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from catalog.errors import CorrectionsUnplaced, FeedEncodingInvalid, FeedFormatUnsupported
from catalog.feeds.feed import Feed, open_file
from catalog.feeds.formats.lines import Lines
from catalog.feeds.formats.tables import Header, read_header, read_records
from catalog.feeds.rewriting.json_members import Path, with_values
from catalog.feeds.rewriting.placing import Changes, Placed, Unplaced, placed
from catalog.feeds.rewriting.raw_lines import RawLine, RawLines
from catalog.feeds.rewriting.table_cells import quoted_spans, written_cell
from catalog.feeds.rewriting.table_rows import Row, Source, row_at, with_cells

NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
NAMES = {"json": "JSON that is one document", "xml": "XML", "parquet": "Parquet", "zip": "a zip", "folder": "a folder"}


@dataclass(frozen=True)
class Rewritten:
    """products: whose rows were changed; added: columns that the feed did not have; unplaced: what is not in it."""

    products: int = 0
    added: tuple[str, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()


def check_writable(feed: Feed) -> None:
    """Raises FeedFormatUnsupported."""
    kind = "Excel" if feed.workbook else "a zip" if feed.archive else NAMES.get(feed.format)
    if kind:
        raise FeedFormatUnsupported(
            f"A corrected feed can be written of CSV, TSV and JSON Lines; this one is {kind}."
            " Write the changes alone (--patch), or convert the feed first."
        )


def rewrite(feed: Feed, changes: Changes, output: BinaryIO) -> Rewritten:
    """A feed that is compressed with gzip stays so.

    Raises FeedFormatUnsupported, FeedColumnsInvalid for a feed without ids, FeedEncodingInvalid, CorrectionsUnplaced
    where no product is in it, and what reading the feed does.
    """
    check_writable(feed)
    lines = RawLines(partial(open_file, feed.path, feed.gzipped), feed.encoding)
    places = placed(feed.records(), changes, feed.limits)
    if changes and all(one.why == "no_row" for one in places.unplaced) and not places.edits:
        raise CorrectionsUnplaced
    if feed.format == "csv" and (strange := [name for name in places.added if not has_letters(name, lines.encoding)]):
        raise FeedEncodingInvalid(f"The feed is in {lines.encoding}, which cannot say the new column {strange[0]!r}.")
    copy = _copied_table if feed.format == "csv" else _copied_json_lines
    done: set[str] = set()
    with gzip.GzipFile("", "wb", fileobj=output, mtime=0) if feed.gzipped else nullcontext(output) as file:
        file.write(lines.mark)
        for data in copy(feed, lines, places, done):
            file.write(data)
    return Rewritten(len(done), tuple(places.added) if feed.format == "csv" else (), tuple(places.unplaced))


def _copied_json_lines(feed: Feed, lines: RawLines, places: Placed, done: set[str]) -> Iterator[bytes]:
    for line in lines:
        edits = places.edits.get(line.number)
        if not edits:
            yield line.data
            continue
        row = json.loads(line.text)
        values = {path: _json_value(row, path, edit.value) for path, edit in edits.items()}
        done.update(edit.product for edit in edits.values())
        try:
            yield with_values(line.text, values, "\\u" in line.text).encode(lines.encoding)
        except UnicodeEncodeError:
            yield with_values(line.text, values, True).encode(lines.encoding)


def _json_value(row: Any, path: Path, value: str) -> Any:
    """A text, or what was there before: a number, a list."""
    *parents, key = path
    for parent in parents:
        row = row[parent]
    before = row.get(key)
    if isinstance(before, list):
        return [value]
    number = isinstance(before, int | float) and not isinstance(before, bool) and NUMBER.fullmatch(value)
    return json.loads(value) if number else value


def _copied_table(feed: Feed, lines: RawLines, places: Placed, done: set[str]) -> Iterator[bytes]:
    with feed.open_bytes() as stream:
        read = Lines(stream, feed.limits.max_line, feed.limits.max_empty)
        header = read_header(read, feed.limits)
        read.blank = header.delimiter.encode() + b" \t\r\n"
        records = read_records(read, header, feed.limits)
        record = next(records, None)
        source = Source(lines)
        for line in source:
            while record and record.line < line.number:
                record = next(records, None)
            starts = record is not None and record.line == line.number
            if line.number == header.line and places.added:
                yield _encoded(_header_row(line, header), header, {}, list(places.added), lines.encoding)
            elif record and starts and (places.added or line.number in places.edits):
                row = row_at(line, source, record, header, feed.limits.max_quoted_lines)
                yield _corrected(row, header, line.number, lines.encoding, places, done)
            else:
                yield line.data


def _header_row(line: RawLine, header: Header) -> Row:
    return Row(line.text, line.data, quoted_spans(line.text, header.delimiter) or ())


def _corrected(row: Row, header: Header, number: int, encoding: str, places: Placed, done: set[str]) -> bytes:
    """What cannot be written in the row is noted as unplaced."""
    changed, new = dict[str, str](), dict.fromkeys(places.added, "")
    readable = row.spans and _survives(row, encoding)
    for (column, *_), edit in places.edits.get(number, {}).items():
        if readable and has_letters(edit.value, encoding):
            (new if column in new else changed)[column] = edit.value
            done.add(edit.product)
        else:
            places.unplaced.append(Unplaced(edit.product, edit.field, "encoding" if readable else "unreadable"))
    return _encoded(row, header, changed, list(new.values()), encoding)


def _encoded(row: Row, header: Header, changed: Mapping[str, str], added: Sequence[str], encoding: str) -> bytes:
    if not added and not changed:
        return row.data
    if _survives(row, encoding):
        return with_cells(row, header, changed, added).encode(encoding, "surrogateescape")
    cells = "".join(header.delimiter + written_cell(value, header.delimiter, False) for value in added)
    line = row.data.rstrip(b"\r\n")
    return line + cells.encode(encoding) + row.data[len(line) :]


def _survives(row: Row, encoding: str) -> bool:
    """Whether the text is written as the bytes that it was read from: some encodings have two for one letter."""
    try:
        return row.text.encode(encoding, "surrogateescape") == row.data
    except UnicodeEncodeError:
        return False


def has_letters(value: str, encoding: str) -> bool:
    try:
        return bool(value.encode(encoding))
    except UnicodeEncodeError:
        return False
