"""Failed rows as a sheet: the feed's own columns, and what is wrong with each row, to be corrected in a spreadsheet.

It is CSV that reads back as the same rows. Lists and objects are written as JSON; text that a sheet would run as a
formula, or that would read back as one of these, has an apostrophe in front.
"""

import csv
import io
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

# Columns of ours behind the feed's own; what stands in them is not read.
ADDED = ("failed_line", "failed_code", "failed_reason")
# What a sheet would run (OWASP, "CSV Injection"), and what opens a list or an object.
GUARDED = re.compile(r"'+[=+@\t\r\-\[{]")
TO_GUARD = re.compile(r"'*[=+@\t\r\-\[{]")


def is_sheet(names: Collection[str]) -> bool:
    return set(names) >= set(ADDED)


def header_line(columns: Iterable[str]) -> str:
    return sheet_line([*columns, *ADDED])


def row_line(columns: Iterable[str], failure: Mapping[str, Any]) -> str:
    """failure: as a dead letter has it."""
    row = failure["row"]
    return sheet_line([*map(row.get, columns), failure["line"], failure["code"], failure["reason"]])


def sheet_line(cells: Iterable[Any]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(map(to_cell, cells))
    return written.getvalue()


def to_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if TO_GUARD.match(value) else value
    return json.dumps(value, ensure_ascii=False)


def of_cell(cell: str) -> Any:
    """What `to_cell` was given, but for numbers and None, which stay text."""
    if GUARDED.match(cell):
        return cell[1:]
    if cell.startswith(("[", "{")):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            pass
    return cell


def read_cells(cells: Mapping[str, Any], marks: Sequence[str]) -> dict[str, Any]:
    """The row that was written. marks: columns that only rows have which could not be read."""
    own = {name: of_cell(cell) if isinstance(cell, str) else cell for name, cell in cells.items() if name not in ADDED}
    return {name: value for name, value in own.items() if value != "" or name not in marks}
