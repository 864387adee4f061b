"""A whole feed goes into an index: rows -> chunks -> understand -> index, with a ledger.

    feed -> tasks -> load (images read, hashed, decoded) -> understand (the model) -> store (index, then ledger)

The steps overlap: while the model works on one chunk, the next is loaded and the one before is stored. `load` and
`understand` see nothing but their arguments, so Ray's actors run the same two functions.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from catalog.cores import usable_cores
from catalog.errors import CatalogError, RowIdDuplicate
from catalog.feeds import BadRow, Row
from catalog.ingest.ledger import Failure, Run, State, Tally, Warned
from catalog.ingest.load import ImageSource, Reader, Result, Task, load
from catalog.ingest.offers import merged
from catalog.model.preprocess import Prepared
from catalog.model.runtime import set_thread_budget
from catalog.product import (
    StoredProduct,
    StoredVersion,
    Understanding,
)
from catalog.quality.arrivals import Sink
from catalog.understand import BATCH_OF_A_CORE

CHUNK = 256
T = TypeVar("T")


Chunks = Generator[list[Task], None, None]
Results = Generator[list[Result], None, None]
KeepThumbnails = Callable[[Mapping[str, Sequence[bytes]]], None]
Each = Callable[[Callable[..., Any], Iterable[Any]], Iterable[Any]]
Knows = Callable[[Sequence[str]], Sequence[StoredVersion | None]]


def ingest(
    results: Results,
    sink: Sink,
    run: Run,
    progress: Callable[[Tally], None] = lambda tally: None,
    keep_thumbnails: KeepThumbnails = lambda thumbnails: None,
) -> None:
    """Store what becomes of a feed's rows from `run.position` on.

    progress: called after each stored chunk; keep_thumbnails: what keeps them, by product id, in place of those before.

    Ctrl-C, and whatever error ends it, leave a run that goes on where it stopped.
    """
    state: State = "failed"
    stored: Future[Tally] | None = None
    try:
        with ThreadPoolExecutor(1, "store") as pool, closing(results):
            for chunk in results:
                if stored:
                    progress(stored.result())
                stored = pool.submit(store, sink, run, chunk, keep_thumbnails)
            if stored:
                progress(stored.result())
        state = "complete"
    except KeyboardInterrupt:
        state = "cancelled"
        raise
    finally:
        run.end(state)


def tasks(feed: Iterable[Row | BadRow], knows: Knows, position: int = 0, chunk: int = CHUNK) -> Chunks:
    """The feed's rows in chunks, from `position` on. An id that an earlier row had makes a row a bad one."""
    rows = _without_duplicates(feed)
    for _ in islice(rows, position):
        pass
    while part := list(islice(rows, chunk)):
        ids = [row.id for row in part if isinstance(row, Row)]
        known = dict(zip(ids, knows(ids), strict=True))
        yield [Task(row, known.get(row.id) if isinstance(row, Row) else None) for row in part]


def _without_duplicates(feed: Iterable[Row | BadRow]) -> Iterator[Row | BadRow]:
    seen: set[str] = set()
    for row in feed:
        if isinstance(row, Row) and row.id in seen:
            yield BadRow(row.line, row.id, RowIdDuplicate(), row.raw)
        else:
            seen.add(row.id)
            yield row


class LocalWorker:
    """Loads and understands in this process, in a thread for each core.

    A thread asks the model with its own core alone: were all cores to read one batch together, each part of it would
    wait for the core that has an image to decode meanwhile. threads: 0 for as many as cores; batch_size: how many
    products a thread asks about together; in_turn: one batch after the other, for a reader that others ask, too;
    thumbnails, strict: see `load`; chunk: rows, 0 for enough to keep every thread busy.
    """

    def __init__(
        self,
        reader: Reader,
        source: ImageSource,
        threads: int = 0,
        batch_size: int = BATCH_OF_A_CORE,
        in_turn: bool = False,
        thumbnails: bool = False,
        strict: bool = False,
        chunk: int = 0,
    ) -> None:
        self.reader, self.source, self.batch_size, self.in_turn = reader, source, batch_size, in_turn
        self.thumbnails, self.strict = thumbnails, strict
        self.threads = threads or usable_cores()
        self.chunk = chunk or max(CHUNK, self.threads * self.batch_size)

    def results(self, feed: Iterable[Row | BadRow], knows: Knows, position: int = 0) -> Results:
        """What becomes of the feed's rows from `position` on, in chunks. knows: as `ProductIndex.hashes`."""
        with self.pool() as pool, closing(self._loaded(pool, feed, knows, position)) as loaded:
            for items in loaded:
                yield self._understand(pool, items)

    def loaded(self, feed: Iterable[Row | BadRow], knows: Knows, position: int = 0) -> Results:
        """The same before the model has read anything."""
        with self.pool() as pool, closing(self._loaded(pool, feed, knows, position)) as loaded:
            yield from loaded

    def understand(self, chunk: Sequence[Result]) -> list[Result]:
        """The model's work for a chunk that was loaded."""
        with self.pool() as pool:
            return self._understand(pool, chunk)

    def _understand(self, pool: ThreadPoolExecutor, chunk: Sequence[Result]) -> list[Result]:
        return understand(chunk, self.reader, self.batch_size, map if self.in_turn else pool.map)

    def pool(self) -> ThreadPoolExecutor:
        """Threads that ask the model with a core each."""
        return ThreadPoolExecutor(self.threads, "ingest", set_thread_budget, (1,))

    def _loaded(self, pool: ThreadPoolExecutor, feed: Iterable[Row | BadRow], knows: Knows, position: int) -> Results:
        def load_all() -> Results:
            for part in tasks(feed, knows, position, self.chunk):
                yield list(pool.map(self._load, part))

        return in_background(load_all())

    def _load(self, task: Task) -> Result:
        return load(task, self.source, self.reader, self.thumbnails, self.strict)


def understand(
    chunk: Sequence[Result], reader: Reader, batch_size: int = BATCH_OF_A_CORE, each: Each = map
) -> list[Result]:
    """The model's work for a chunk, in batches of texts of like length; rows with nothing for it to read pass through.

    each: how to go through the batches: as `map` does, or as that of a pool.
    """
    batches = batches_of(chunk, batch_size)

    def read(batch: Sequence[tuple[int, Prepared]]) -> Sequence[Understanding | CatalogError]:
        return reader.understand_prepared([prepared for _, prepared in batch], evidence=False)

    results = list(chunk)
    for batch, answers in zip(batches, each(read, batches), strict=True):
        for (number, _), answer in zip(batch, answers, strict=True):
            results[number] = understood(chunk[number], answer, reader.version)
    return results


def batches_of(chunk: Sequence[Result], batch_size: int) -> list[list[tuple[int, Prepared]]]:
    """What the model is to read, with its place in the chunk, in batches of texts of like length."""
    fresh = [(number, item.prepared) for number, item in enumerate(chunk) if item.prepared]
    fresh.sort(key=lambda one: len(one[1].text))
    return [fresh[start : start + batch_size] for start in range(0, len(fresh), batch_size)]


def understood(item: Result, answer: Understanding | CatalogError, version: str) -> Result:
    if isinstance(answer, CatalogError):
        return Result(item.row, "failed", error=answer)
    assert isinstance(item.row, Row)
    assert item.hashes
    stored = StoredProduct(item.row.product, answer, item.hashes, version, item.references)
    return replace(item, prepared=None, stored=stored)


def store(
    sink: Sink, run: Run, results: Sequence[Result], keep_thumbnails: KeepThumbnails = lambda thumbnails: None
) -> Tally:
    """Into the index, down to the disk, and only then into the ledger."""
    keep_thumbnails({result.stored.id: result.thumbnails for result in results if result.stored})
    kept = {stored.id: stored for stored in sink.upsert([result.stored for result in results if result.stored])}
    results = [replace(one, stored=kept.get(one.stored.id, one.stored)) if one.stored else one for one in results]
    results, offers = merged(results, sink)
    sink.update_offers(offers)
    sink.flush()
    failures = [failure(result.row, result.error) for result in results if result.error]
    told = [
        Warned(result.row.line, result.row.id, one.code, one.message) for result in results for one in result.warnings
    ]
    run.commit(run.position + len(results), counted(run.tally, results), failures, told)
    return run.tally


def failure(row: Row | BadRow, error: CatalogError) -> Failure:
    return Failure(row.line, row.id, error.code, error.message, row.raw)


def warned(row: Row | BadRow, warning: CatalogError) -> Warned:
    return Warned(row.line, row.id, warning.code, warning.message)


def counted(tally: Tally, results: Sequence[Result]) -> Tally:
    total = Tally.from_json(tally.to_json())
    for result in results:
        total.outcomes[result.outcome] += 1
        if result.error:
            total.codes[result.error.code] += 1
        total.warnings.update(warning.code for warning in result.warnings)
        if result.stored:
            understanding = result.stored.understanding
            total.understood += 1
            total.unsure += understanding.decision != "auto"
            total.categories[" > ".join(understanding.path) or "not sure"] += 1
    return total


def in_background(items: Generator[T, None, None]) -> Generator[T, None, None]:
    """The same items, each made in another thread while the one before is used."""
    with closing(items), ThreadPoolExecutor(1, "ahead") as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item
