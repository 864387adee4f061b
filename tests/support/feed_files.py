"""Feeds made in code, and what reading them gives, in the words that a user sees."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from catalog.feeds import BadRow, Feed, FeedLimits, Row, open_feed

HEADER = "id,title,description\n"


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(
    folder: Path,
    name: str,
    content: bytes | str,
    mapping: Mapping[str, str] | None = None,
    limits: FeedLimits | None = None,
) -> list[Row | BadRow]:
    return list(open_feed(write(folder, name, content), mapping, limits))


def seen(rows: Sequence[Row | BadRow]) -> list[str]:
    """`2: a "Title"` for a good row, the codes of its warnings behind, `3: b row_ragged: The row ...` for a bad one."""
    return [
        " ".join((f'{row.line}: {row.id} "{row.product.title}"', *(warning.code for warning in row.warnings)))
        if isinstance(row, Row)
        else f"{row.line}: {row.id} {row.error.code}: {row.error.message}"
        for row in rows
    ]


def dead_letters(rows: Sequence[Row | BadRow]) -> str:
    """All the rows as the lines of a dead-letter file, good ones as if a later step had failed."""
    return "".join(json.dumps(dead_letter(row), ensure_ascii=False, allow_nan=False) + "\n" for row in rows)


def dead_letter(row: Row | BadRow) -> dict[str, Any]:
    code, reason = (row.error.code, row.error.message) if isinstance(row, BadRow) else ("image_corrupt", "Damaged.")
    return {"line": row.line, "id": row.id, "code": code, "reason": reason, "row": row.raw}


def contents(feed: Feed | Sequence[Row | BadRow]) -> list[tuple[Any, Any]]:
    """What the good rows say, without where they stood."""
    return [(row.product, row.image_refs) for row in feed if isinstance(row, Row)]
