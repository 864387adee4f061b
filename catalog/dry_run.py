"""What an ingest would do, without doing it: every row read, every picture decoded, nothing stored."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

from catalog.feeds import BadRow, Row
from catalog.index import Offer
from catalog.ingest import Knows, LocalWorker, Reader, Result, Sink, failure
from catalog.ledger import Failure
from catalog.preprocess import Prepared
from catalog.product import StoredProduct
from catalog.understand import BATCH_SIZE


class Unstored:
    """A `catalog.ingest.Sink` that knows what another holds, and keeps nothing."""

    def __init__(self, sink: Sink) -> None:
        self.identity, self.hashes, self.count = sink.identity, sink.hashes, sink.count

    def upsert(self, products: Sequence[StoredProduct]) -> None:
        pass

    def update_offers(self, offers: Sequence[Offer]) -> int:
        return 0

    def flush(self) -> None:
        pass


@dataclass
class DryRun:
    """outcomes: what rows would come to; modalities: what the model would read of them ("image+text", "image", "text");
    failures: the rows that would fail, in order; seconds: how long the model would take, from a batch it was timed on.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    modalities: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0


def dry_run(
    feed: Iterable[Row | BadRow],
    knows: Knows,
    worker: LocalWorker,
    progress: Callable[[int], None] = lambda rows: None,
) -> DryRun:
    """knows: as `ProductIndex.hashes`. progress: called with the number of rows of each chunk."""
    found = DryRun()
    sample: list[Prepared] = []
    fresh = 0
    with closing(worker.loaded(feed, knows)) as loaded:
        for chunk in loaded:
            for item in chunk:
                found.outcomes[item.outcome] += 1
                if item.error:
                    found.failures.append(failure(item.row, item.error))
            prepared = list(_prepared(chunk))
            found.modalities.update(_modalities(item) for item in prepared)
            fresh += len(prepared)
            sample += islice(prepared, max(0, BATCH_SIZE - len(sample)))
            progress(len(chunk))
    found.seconds = fresh * _seconds_each(sample, worker.reader) if sample else 0.0
    return found


def _prepared(chunk: Iterable[Result]) -> Iterator[Prepared]:
    return (item.prepared for item in chunk if item.prepared)


def _modalities(product: Prepared) -> str:
    return "+".join(name for name, has in (("image", len(product.pixels_NCHW)), ("text", product.text)) if has)


def _seconds_each(sample: list[Prepared], reader: Reader) -> float:
    """For a product like those of the sample, once the model is warm."""
    reader.understand_prepared(sample, evidence=False)
    started = time.perf_counter()
    reader.understand_prepared(sample, evidence=False)
    return (time.perf_counter() - started) / len(sample)
