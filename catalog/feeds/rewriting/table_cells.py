"""Where the cells of a record of CSV stand in its text, by the grammar of `catalog.feeds.formats.tables`."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple


class Span(NamedTuple):
    """A cell's place in the text, with its quotation marks and without spaces before it; value: what it says."""

    start: int
    end: int
    value: str
    quoted: bool


def quoted_spans(text: str, delimiter: str) -> list[Span] | None:
    """The cells of the record that the text begins with; None where it does not end in the text, or has a quotation
    mark that does not close its cell.
    """
    cell = _cell(delimiter)
    found: list[Span] = []
    place = 0
    while match := cell.match(text, place):
        inner = match["inner"]
        value = match["plain"] if inner is None else inner.replace('""', '"')
        found.append(Span(match.start("whole"), match.end("whole"), value, inner is not None))
        place = match.end()
        if text[place : place + 1] != delimiter:
            return found
        place += 1
    return None


def plain_spans(text: str, delimiter: str) -> list[Span]:
    """The cells of a line whose quotation marks mean nothing."""
    found: list[Span] = []
    place = 0
    for value in text.rstrip("\r\n").split(delimiter):
        found.append(Span(place, place + len(value), value, False))
        place += len(value) + 1
    return found


def written_cell(value: str, delimiter: str, quoted: bool) -> str:
    """quoted: also where the value needs no quotation marks."""
    needs = any(mark in value for mark in (delimiter, '"', "\r", "\n")) or value != value.strip()
    return '"{}"'.format(value.replace('"', '""')) if quoted or needs else value


def all_quoted(cells: Sequence[Span]) -> bool:
    """Whether the feed puts quotation marks around cells that do not need them."""
    filled = [cell for cell in cells if cell.value]
    return bool(filled) and all(cell.quoted for cell in filled)


@lru_cache(maxsize=16)
def _cell(delimiter: str) -> re.Pattern[str]:
    sign = re.escape(delimiter)
    return re.compile(
        rf'[ ]*(?P<whole>"(?P<inner>(?:[^"]|"")*+)"(?={sign}|[\r\n]|\Z)|(?P<plain>(?!")[^{sign}\r\n]*))', re.DOTALL
    )
