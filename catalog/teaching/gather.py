"""A feed -> examples: products that are filed already, with what the model reads in them."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from catalog.errors import RowCategoryMissing, RowUnreadable
from catalog.feeds import BadRow, Row
from catalog.ingest.load import ImageSource, Result
from catalog.ingest.pipeline import LocalWorker
from catalog.model.preprocess import Prepared
from catalog.model.runtime import set_thread_budget
from catalog.product import as_text
from catalog.teaching.examples import Example
from catalog.teaching.tree import path_of, separator_of
from catalog.teaching.vectors import Read, VectorCache
from catalog.understand import BATCH_OF_A_CORE, Understander, choice

GROUP = "item_group_id"


class Filed(NamedTuple):
    """A product that is filed: an example but for the category's path, which is still the merchant's text."""

    id: str
    title: str
    category: str
    read: Read
    keys: tuple[str, ...] = ()
    line: int = 0


@dataclass
class Gathered:
    """filed: what can be learnt from; failed: codes of the errors of rows that cannot, and how many."""

    filed: list[Filed] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)


def gather(
    feed: Iterable[Row | BadRow],
    reader: Understander,
    source: ImageSource,
    cache: VectorCache,
    progress: Callable[[int], object] = lambda rows: None,
    threads: int = 0,
) -> Gathered:
    """feed: with the category mapped to its product_type. progress: is told of rows as they are done. threads: 0 for as
    many as cores.

    What was read stays in the cache, so Ctrl-C loses the chunk at hand alone.
    """
    worker, gathered = LocalWorker(reader, source, threads), Gathered()
    with (
        ThreadPoolExecutor(worker.threads, "teach", set_thread_budget, (1,)) as pool,
        closing(worker.loaded(feed, cache.known)) as chunks,
    ):
        for chunk in chunks:
            fresh = [result for result in chunk if result.prepared]
            fresh.sort(key=lambda result: len(result.prepared.text) if result.prepared else 0)
            batches = [fresh[start : start + BATCH_OF_A_CORE] for start in range(0, len(fresh), BATCH_OF_A_CORE)]
            for batch, read in zip(batches, pool.map(lambda batch: read_batch(reader, batch), batches), strict=True):
                cache.put(
                    {
                        one.row.id: (one.hashes, found)
                        for one, found in zip(batch, read, strict=True)
                        if found and one.hashes
                    },
                    reader.version,
                )
            for result in chunk:
                add(gathered, result, cache)
            progress(len(chunk))
    return gathered


def seconds_each(reader: Understander) -> float:
    """How long a product with a picture and words takes, by a few made-up ones, on all cores."""
    draw, size = np.random.default_rng(0), reader.config.image.size
    words = " ".join(["product"] * 30)
    some = [
        Prepared("", draw.integers(0, 256, (1, 3, size, size), dtype=np.uint8), f"{words} {number}")
        for number in range(BATCH_OF_A_CORE)
    ]
    started = time.perf_counter()
    reader.vectors(some)
    return (time.perf_counter() - started) / len(some)


def read_batch(reader: Understander, batch: Sequence[Result]) -> list[Read | None]:
    """None of a product in which the model can read nothing."""
    found = reader.vectors([result.prepared for result in batch if result.prepared])
    return [Read(choice(used), vectors) if used else None for used, vectors in found]


def add(gathered: Gathered, result: Result, cache: VectorCache) -> None:
    row = result.row
    if isinstance(row, BadRow) or result.error or not result.hashes:
        gathered.failed[result.error.code if result.error else RowUnreadable.code] += 1
        return
    [known] = cache.known([row.id])
    if not row.product.product_type:
        gathered.failed[RowCategoryMissing.code] += 1
    elif not known or (known.hashes.text, known.hashes.images) != (result.hashes.text, result.hashes.images):
        gathered.failed["text_not_read"] += 1
    else:
        product = row.product
        keys = [f"text {known.hashes.text}"] if product.title else []
        keys += [f"group {as_text(product.attributes[GROUP])}"] if GROUP in product.attributes else []
        found = Filed(row.id, product.title, product.product_type, cache.get(row.id), tuple(keys), row.line)
        gathered.filed.append(found)


def examples_of(filed: Iterable[Filed], separator: str | None = None) -> list[Example]:
    """separator: of a path's levels; None to recognise it. Of a cell with several paths, the first counts."""
    filed = list(filed)
    sign = separator_of(one.category for one in filed) if separator is None else separator
    return [
        Example(one.id, one.title, path, one.read.used, one.read.vectors, one.keys, one.line)
        for one in filed
        if (path := path_of(one.category, sign))
    ]
