"""The rows of a CSV with some of their cells changed, and with further cells behind those of the header."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from catalog.errors import RowEncodingInvalid
from catalog.feeds.formats.tables import Header, name_cells
from catalog.feeds.rewriting.raw_lines import RawLine
from catalog.feeds.rewriting.table_cells import Span, all_quoted, plain_spans, quoted_spans, written_cell
from catalog.feeds.rows import UNREAD, Record


class Row(NamedTuple):
    """What is known of a record in its own text; spans: none where that cannot be taken apart."""

    text: str
    data: bytes
    spans: Sequence[Span]


class Source:
    """Lines, with those that were read too far put back."""

    def __init__(self, lines: Iterable[RawLine]) -> None:
        self._lines = iter(lines)
        self._returned: deque[RawLine] = deque()

    def __iter__(self) -> Iterator[RawLine]:
        while line := self.next():
            yield line

    def next(self) -> RawLine | None:
        return self._returned.popleft() if self._returned else next(self._lines, None)

    def put_back(self, lines: Sequence[RawLine]) -> None:
        self._returned.extendleft(reversed(lines))


def row_at(first: RawLine, source: Source, record: Record, header: Header, max_lines: int) -> Row:
    """The record that starts on this line, with as many further lines of the source as it has."""
    if UNREAD in record.cells:
        return Row(first.text, first.data, ())
    taken, text = [first], first.text
    while (spans := quoted_spans(text, header.delimiter)) is None and len(taken) <= max_lines:
        if (line := source.next()) is None:
            break
        taken.append(line)
        text += line.text
    if spans and _fits(spans, record, header):
        return Row(text, b"".join(line.data for line in taken), spans)
    source.put_back(taken[1:])
    spans = plain_spans(first.text, header.delimiter)
    return Row(first.text, first.data, spans if _fits(spans, record, header) else ())


def _fits(spans: Sequence[Span], record: Record, header: Header) -> bool:
    """Whether these are the cells that the reader found."""
    cells = [span.value for span in spans]
    names = header.names
    if isinstance(record.error, RowEncodingInvalid):
        return len(cells) >= len(names)
    if not any(cells[len(names) :]):
        cells = cells[: len(names)]
    return name_cells(names, cells) == record.cells


def with_cells(row: Row, header: Header, changed: Mapping[str, str], added: Sequence[str]) -> str:
    """The row's text anew. changed: by column; added: the cells behind the header's last column, so that a row with
    more or fewer cells than the header keeps having them.
    """
    parts = list[tuple[int, int, str]]()  # start and end in the text, and what stands there then
    for column, value in changed.items():
        place = header.names.index(column)
        span = row.spans[place]
        others = [*row.spans[:place], *row.spans[place + 1 :]]
        quoted = span.quoted or (not span.value and all_quoted(others))
        parts.append((span.start, span.end, written_cell(value, header.delimiter, quoted)))
    if added:
        short = len(row.spans) < len(header.names)
        end = len(row.text.rstrip("\r\n")) if short else row.spans[len(header.names) - 1].end
        every = bool(row.spans) and all(span.quoted for span in row.spans)
        cells = [written_cell(value, header.delimiter, every) for value in added]
        parts.append((end, end, "".join(header.delimiter + cell for cell in cells)))
    text = row.text
    for start, end, written in reversed(
        sorted(parts, key=lambda part: part[0])
    ):  # an empty last cell, then what is added
        text = text[:start] + written + text[end:]
    return text
