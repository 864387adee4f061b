"""The rows of a job that failed, as files: JSON lines, and a sheet."""

import json
from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import Any

from catalog.errors import FeedColumnsInvalid
from catalog.feeds.columns import MAX_COLUMNS
from catalog.feeds.formats.sheet import header_line, row_line
from serving.jobs.job import ErrorLines
from serving.jobs.jobs_api import JobsApi

SHEET = "text/csv"
MARK = "\ufeff"  # without it Excel takes UTF-8 for another encoding


class FailedRows:
    """Read a page at a time, so that a job with a million of them needs no more memory than one with a thousand."""

    def __init__(self, jobs: JobsApi, id: str) -> None:
        self.jobs, self.id = jobs, id

    async def lines(self, first: ErrorLines) -> AsyncIterator[bytes]:
        page = first
        yield page.lines
        while page.after is not None:
            page = await self.jobs.errors(self.id, page.after)
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
        async for page in self.lines(await self.jobs.errors(self.id)):
            yield [json.loads(line) for line in page.splitlines()]


def failed_name(source: str, suffix: str) -> str:
    """spring/feed.csv -> feed.failed.csv"""
    return f"{PurePosixPath(source).stem or 'feed'}.failed.{suffix}"
