"""One ingest run: a feed into a sink, from where the ledger says that it stopped. The command line, the service's jobs
and Ray differ only in the `Worker` that they give it.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any, Protocol

from catalog.errors import CatalogError
from catalog.feeds import BadRow, Feed, Row
from catalog.ingest.ledger import Ledger, Tally, write_dead_letters, write_lines
from catalog.ingest.pipeline import KeepThumbnails, Knows, Results, ingest
from catalog.quality.arrivals import Sink, way_into
from catalog.storage.database import State


class Rows(Protocol):
    """A `Feed`, or one that is watched. fingerprint: the name under which the ledger finds the run again."""

    @property
    def fingerprint(self) -> str: ...
    def __iter__(self) -> Iterator[Row | BadRow]: ...


class Worker(Protocol):
    """What turns rows into results: a `LocalWorker`, or actors elsewhere."""

    def results(self, feed: Iterable[Row | BadRow], knows: Knows, position: int = 0) -> Results:
        """The results of the rows from `position` on, in chunks. knows: as `ProductIndex.hashes`."""
        ...


class IngestRun:
    """run: its record in the ledger; resumed_after: how many rows earlier attempts have dealt with; seconds: of work
    in this attempt.
    """

    def __init__(self, feed: Rows, sink: Sink, ledger: Ledger) -> None:
        self.feed = feed
        self.sink = way_into(sink, State(ledger.folder)) if ledger.folder else sink
        self.run = ledger.begin(feed.fingerprint, sink.identity)
        self.resumed_after = self.run.position
        self.seconds = 0.0

    def execute(
        self,
        worker: Worker,
        progress: Callable[[Tally], None] = lambda tally: None,
        keep_thumbnails: KeepThumbnails = lambda thumbnails: None,
    ) -> Tally:
        """Store the rest of the feed. progress, keep_thumbnails: see `ingest`.

        After Ctrl-C or an error, another run of the same feed and sink resumes this one.
        """
        started = time.monotonic()
        try:
            results = worker.results(self.feed, self.sink.hashes, self.run.position)
            ingest(results, self.sink, self.run, progress, keep_thumbnails)
        finally:
            self.seconds += time.monotonic() - started
        return self.run.tally

    def write_dead_letters(self, path: Path) -> bool:
        """Write the rows that failed, if any did; returns whether any did."""
        failed = self.run.tally.outcomes["failed"] > 0
        if failed:
            write_dead_letters(path, self.run.failures())
        return failed

    def write_warnings(self, path: Path) -> bool:
        """Write what products were stored without; returns whether there is anything."""
        warns = self.run.tally.warnings.total() > 0
        if warns:
            write_lines(path, self.run.warnings())
        return warns

    def report(self) -> dict[str, Any]:
        """The figures of the run, as JSON can hold them."""
        tally, seconds = self.run.tally, self.seconds
        return {
            "rows": tally.rows,
            "resumed_after": self.resumed_after,
            "outcomes": dict(tally.outcomes),
            "failures": dict(tally.codes),
            "warnings": dict(tally.warnings),
            "categories": dict(tally.categories.most_common()),
            "low_confidence_share": round(tally.unsure / tally.understood, 4) if tally.understood else None,
            "seconds": round(seconds, 2),
            "rows_per_second": round((tally.rows - self.resumed_after) / seconds, 1) if seconds else None,
        }


@contextmanager
def counting(feed: Feed, tell: Callable[[int], None]) -> Iterator[None]:
    """Count the feed's rows in a thread while the block runs. Counting parses the feed, unless it states its total."""
    if feed.total is not None:
        tell(feed.total)
        yield
        return
    over = Event()

    def count() -> None:
        total = 0
        with suppress(CatalogError):  # the run itself meets it, too
            for _ in feed:
                if over.is_set():
                    return
                total += 1
            tell(total)

    thread = Thread(target=count, name="count", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
