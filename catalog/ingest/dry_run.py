"""What an ingest would do, without doing it: every row read, every image decoded, nothing stored."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from catalog.feeds import BadRow, Row
from catalog.ingest.ledger import MAX_WARNINGS, Failure, Warned
from catalog.ingest.load import Result
from catalog.ingest.pipeline import Knows, LocalWorker, Results, failure, warned
from catalog.model.preprocess import Prepared
from catalog.product import Offer, StoredProduct
from catalog.quality.arrivals import Sink

SAMPLE = 64


class DryRunSink:
    """A `catalog.quality.arrivals.Sink` that knows what another holds, and keeps nothing."""

    def __init__(self, sink: Sink) -> None:
        self.identity, self.hashes, self.count = sink.identity, sink.hashes, sink.count
        self.get = sink.get

    def upsert(self, products: Sequence[StoredProduct]) -> Sequence[StoredProduct]:
        return products

    def update_offers(self, offers: Sequence[Offer]) -> int:
        return 0

    def flush(self) -> None:
        pass


class DryRunWorker:
    """A `catalog.ingest.run.Worker` that leaves the model out."""

    def __init__(self, worker: LocalWorker) -> None:
        self._worker = worker

    def results(self, feed: Iterable[Row | BadRow], knows: Knows, position: int = 0) -> Results:
        return self._worker.loaded(feed, knows, position)


@dataclass
class DryRun:
    """outcomes: what rows would come to; modalities: what the model would read of them ("image+text", "image", "text");
    failures: the rows that would fail, in order; codes: of the warnings, of which `warnings` has the first of each;
    seconds: how long the ingest would take, from the time that reading all the rows took and the model's time for a
    sample of them.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    modalities: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    warnings: list[Warned] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, item: Result) -> None:
        self.outcomes[item.outcome] += 1
        if item.error:
            self.failures.append(failure(item.row, item.error))
        for warning in item.warnings:
            if self.codes[warning.code] < MAX_WARNINGS:
                self.warnings.append(warned(item.row, warning))
            self.codes[warning.code] += 1
        if item.prepared:
            self.modalities[_modalities(item.prepared)] += 1


def dry_run(
    feed: Iterable[Row | BadRow],
    knows: Knows,
    worker: LocalWorker,
    progress: Callable[[int], None] = lambda rows: None,
) -> DryRun:
    """knows: as `ProductIndex.hashes`. progress: called with the number of rows of each chunk."""
    found = DryRun()
    sample = Sample(SAMPLE)
    started = time.perf_counter()
    with closing(worker.loaded(feed, knows)) as loaded:
        for chunk in loaded:
            for item in chunk:
                found.add(item)
                if item.prepared:
                    sample.add(item)
            progress(len(chunk))
    found.seconds = time.perf_counter() - started
    if sample.kept:
        found.seconds += sample.seen * _seconds_each(sample.kept, worker)
    return found


class Sample:
    """Some of the rows that were added, each as likely as any other (reservoir sampling, Vitter 1985)."""

    def __init__(self, limit: int) -> None:
        self.limit, self.seen = limit, 0
        self.kept: list[Result] = []
        self._random = random.Random(0)

    def add(self, item: Result) -> None:
        self.seen += 1
        if len(self.kept) < self.limit:
            self.kept.append(item)
        elif (place := self._random.randrange(self.seen)) < self.limit:
            self.kept[place] = item


def _modalities(product: Prepared) -> str:
    return "+".join(name for name, has in (("image", len(product.pixels_NCHW)), ("text", product.text)) if has)


def _seconds_each(sample: Sequence[Result], worker: LocalWorker) -> float:
    """The model's time for a product like those of the sample, read as an ingest reads them: for the first time.

    The model is warmed up on other products, as what it has read it may remember.
    """
    worker.understand([replace(item, prepared=_other(item.prepared)) for item in sample if item.prepared])
    started = time.perf_counter()
    worker.understand(sample)
    return (time.perf_counter() - started) / len(sample)


def _other(product: Prepared) -> Prepared:
    """Another product of the same size: the image's negative, and the words from behind."""
    return product._replace(pixels_NCHW=255 - product.pixels_NCHW, text=product.text[::-1], digests=())
