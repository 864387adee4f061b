"""Tables of texts: CSV, TSV and JSON Lines in UTF-8, each row with its line."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from catalog.errors import FeedColumnsInvalid, FeedDamaged, FeedEncodingInvalid, FeedFormatUnsupported, FileNotReadable

DELIMITERS = {".csv": ",", ".tsv": "\t"}
LINES = (".jsonl", ".ndjson")
MAX_CELL = 1_000_000  # characters


class TextRow(NamedTuple):
    """line: its first, from 1. cells: without spaces around them, by the column's name in lower case."""

    line: int
    cells: Mapping[str, str]


def read_rows(path: Path) -> Iterator[TextRow]:
    """Raises FileNotReadable, FeedFormatUnsupported, FeedEncodingInvalid or FeedDamaged."""
    read = _lines if path.suffix.lower() in LINES else _table
    if path.suffix.lower() not in (*DELIMITERS, *LINES):
        raise FeedFormatUnsupported("The file must be CSV, TSV or JSON Lines, by its suffix: .csv, .tsv or .jsonl.")
    try:
        yield from read(path)
    except UnicodeDecodeError:
        raise FeedEncodingInvalid("The file is not UTF-8. Save it as UTF-8.") from None
    except OSError:
        raise FileNotReadable(f"{path.name!r} does not exist or cannot be read.") from None


def pick(row: TextRow, names: tuple[str, ...]) -> str:
    """The first of these columns that has something, else ""."""
    return next((row.cells[name] for name in names if row.cells.get(name)), "")


def check_columns(row: TextRow, *needed: tuple[str, ...]) -> None:
    """Raises FeedColumnsInvalid if the row has none of the columns of one kind."""
    for names in needed:
        if not any(name in row.cells for name in names):
            raise FeedColumnsInvalid(f"The file needs a column {' or '.join(names)}.")


def _table(path: Path) -> Iterator[TextRow]:
    csv.field_size_limit(MAX_CELL)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=DELIMITERS[path.suffix.lower()])
        try:
            for row in reader:
                cells = {(name or "").strip().lower(): value for name, value in row.items() if isinstance(value, str)}
                yield TextRow(reader.line_num, {name: value.strip() for name, value in cells.items()})
        except csv.Error:
            raise FeedDamaged(f"The table cannot be read behind line {reader.line_num}.") from None


def _lines(path: Path) -> Iterator[TextRow]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    row = json.loads(line)
                except ValueError:
                    raise FeedDamaged(f"Line {number} is not JSON.") from None
                if not isinstance(row, dict):
                    raise FeedDamaged(f"Line {number} is not a JSON object.")
                told = {str(name).strip().lower(): value for name, value in row.items() if value is not None}
                yield TextRow(number, {name: str(value).strip() for name, value in told.items()})
