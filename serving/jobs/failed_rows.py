"""The rows of a job that failed, as files: JSON lines, and a sheet; and its warnings."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import PurePosixPath
from typing import Any

from catalog.errors import FeedColumnsInvalid
from catalog.feeds.columns import MAX_COLUMNS
from catalog.feeds.formats.sheet import header_line, row_line
from serving.jobs.job import RowLines

SHEET = "text/csv"
MARK = "\ufeff"  # without it Excel takes UTF-8 for another encoding


class JobRows:
    """Failed rows or warnings. Read a page at a time, so that a job with a million of them needs no more memory than
    one with a thousand.
    """

    def __init__(self, read: Callable[[str, int], Awaitable[RowLines]], id: str) -> None:
        """read: one of `JobsApi.errors` and `JobsApi.warnings`."""
        self._read, self.id = read, id

    async def lines(self) -> AsyncIterator[bytes]:
        """Raises JobNotFound before there is anything to read."""
        return self._following(await self._read(self.id, 0))

    async def _following(self, page: RowLines) -> AsyncIterator[bytes]:
        yield page.lines
        while page.after is not None:
            page = await self._read(self.id, page.after)
            yield page.lines

    async def columns(self) -> list[str]:
        """Of all rows that failed. Raises JobNotFound, or FeedColumnsInvalid for more than a feed may have."""
        found: dict[str, None] = {}
        async for page in self._failures():
            found.update((name, None) for failure in page for name in failure["row"])
            if len(found) > MAX_COLUMNS:
                message = f"The failed rows have more than {MAX_COLUMNS:,} columns together. Take them as JSON lines."
                raise FeedColumnsInvalid(message)
        return list(found)

    async def sheet(self, columns: list[str]) -> AsyncIterator[bytes]:
        """CSV. A row that failed meanwhile stands in it as far as its columns are known."""
        yield (MARK + header_line(columns)).encode()
        async for page in self._failures():
            yield "".join(row_line(columns, failure) for failure in page).encode()

    async def _failures(self) -> AsyncIterator[list[dict[str, Any]]]:
        async for page in await self.lines():
            yield [json.loads(line) for line in page.splitlines()]


def file_name(source: str, kind: str, suffix: str) -> str:
    """spring/feed.csv -> feed.failed.csv"""
    return f"{PurePosixPath(source).stem or 'feed'}.{kind}.{suffix}"
