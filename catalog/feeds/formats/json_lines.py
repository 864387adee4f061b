"""JSON, one object a line -> records. A line of a dead-letter file counts as the row that it holds."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from catalog.errors import CatalogError, RowCellTooLong, RowEncodingInvalid, RowInvalid
from catalog.feeds.cells import MAX_DEPTH, FeedLimits, brief
from catalog.feeds.formats.lines import Line, Lines
from catalog.feeds.rows import UNREAD, Record

DEAD_LETTER = frozenset(("line", "id", "code", "reason", "row"))
SHOWN = 2_000


class DuplicateKey(ValueError):
    pass


def read_json_lines(stream: BinaryIO, limits: FeedLimits) -> Iterator[Record]:
    for line in Lines(stream, limits.max_line, limits.max_empty):
        yield read_line(line, limits)


def read_line(line: Line, limits: FeedLimits) -> Record:
    shown = {UNREAD: line.data[:SHOWN].decode("utf-8", "replace").rstrip("\r\n")}
    if line.cut:
        error = RowCellTooLong(f"The line is longer than the limit of {limits.max_line:,} bytes.")
        return Record(line.number, shown, error)
    if line.data.count(b",") > limits.max_values:
        return Record(
            line.number, shown, RowInvalid(f"The row has more than {limits.max_values:,} values, which is the limit.")
        )
    damage: CatalogError | None = None
    try:
        text = line.data.decode()
    except UnicodeDecodeError as found:
        damage = RowEncodingInvalid(f"The row is not valid UTF-8: byte {found.start + 1} of line {line.number}.")
        text = line.data.decode("utf-8", "replace")
    try:
        value = json.loads(text, object_pairs_hook=without_duplicates)
    except DuplicateKey as duplicate:
        return Record(line.number, shown, damage or RowInvalid(str(duplicate)))
    except (ValueError, RecursionError):
        return Record(line.number, shown, damage or RowInvalid("The line is not valid JSON, or is truncated."))
    if not isinstance(value, dict):
        return Record(line.number, shown, damage or RowInvalid("The line is JSON, but not an object with columns."))
    if too_deep(value):
        return Record(line.number, shown, RowInvalid(f"The row is nested more than {MAX_DEPTH} levels deep."))
    return Record(line.number, *without_envelope(value, damage))


def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise DuplicateKey(f'The key "{brief(twice)}" occurs more than once in the row.')
    return found


def too_deep(value: Any, depth: int = 0) -> bool:
    if not isinstance(value, dict | list):
        return False
    items = value.values() if isinstance(value, dict) else value
    return depth >= MAX_DEPTH or any(too_deep(item, depth + 1) for item in items)


def without_envelope(
    value: dict[str, Any], damage: CatalogError | None
) -> tuple[dict[str, Any], CatalogError | None, bool]:
    """The row of a dead letter, or the object itself. What was not UTF-8 must have been mended before it comes back."""
    row = value.get("row")
    if not isinstance(row, dict) or not DEAD_LETTER >= value.keys() >= {"code", "row"}:
        return value, damage, False
    if damage is None and value["code"] == RowEncodingInvalid.code and "�" in json.dumps(row, ensure_ascii=False):
        damage = RowEncodingInvalid('The row still contains "�" in place of what was not valid UTF-8.')
    return row, damage, True
