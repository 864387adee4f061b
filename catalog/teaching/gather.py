"""A feed -> examples: products that are filed already, with what the model reads in them."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from catalog.arrays import choice
from catalog.errors import RowCategoryMissing, RowUnreadable
from catalog.feeds import BadRow, Row
from catalog.ingest.load import ImageSource, Result
from catalog.ingest.pipeline import LocalWorker, batches_of
from catalog.model.preprocess import Prepared
from catalog.product import ContentHashes, as_text
from catalog.teaching.attributes.columns import values_in
from catalog.teaching.examples import Example
from catalog.teaching.tree import path_of, separator_of
from catalog.teaching.vectors import Read, VectorCache
from catalog.understand import BATCH_OF_A_CORE, Understander, Vectors

GROUP = "item_group_id"


class Filed(NamedTuple):
    """A product that is filed: an example but for the category's path, which is still the merchant's text."""

    id: str
    title: str
    category: str
    read: Read
    attributes: Mapping[str, tuple[str, ...]]
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
    attributes: Collection[str] = (),
) -> Gathered:
    """feed: with the category mapped to its product_type, see `teaching_columns`. progress: is told of rows as they are
    done. threads: 0 for as many as cores. attributes: whose values are to be taught.

    What was read stays in the cache, so Ctrl-C loses the chunk at hand alone.
    """
    worker, gathered = LocalWorker(reader, source, threads), Gathered()
    with worker.pool() as pool, closing(worker.loaded(feed, cache.known)) as chunks:
        for chunk in chunks:
            cache.put(read_chunk(chunk, reader, pool), reader.version)
            known = cache.get({result.row.id: result.hashes for result in chunk if result.hashes}, reader.version)
            for result in chunk:
                add(gathered, result, known, attributes)
            progress(len(chunk))
    return gathered


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


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


def read_chunk(
    chunk: Sequence[Result], reader: Understander, pool: ThreadPoolExecutor
) -> dict[str, tuple[ContentHashes, Read]]:
    """What the model reads in the products that are new for it; those in which it can read nothing are left out."""

    def read(batch: Sequence[tuple[int, Prepared]]) -> list[Vectors]:
        return reader.vectors([prepared for _, prepared in batch])

    batches = batches_of(chunk, BATCH_OF_A_CORE)
    found = {}
    for batch, answers in zip(batches, pool.map(read, batches), strict=True):
        for (number, _), (used, vectors) in zip(batch, answers, strict=True):
            result = chunk[number]
            if used and result.hashes:
                found[result.row.id] = (result.hashes, Read(choice(used), vectors))
    return found


def add(gathered: Gathered, result: Result, known: Mapping[str, Read], attributes: Collection[str]) -> None:
    """known: what was read, by the products' ids."""
    row = result.row
    if isinstance(row, BadRow) or result.error or not result.hashes:
        gathered.failed[result.error.code if result.error else RowUnreadable.code] += 1
        return
    product = row.product
    if not product.product_type:
        gathered.failed[RowCategoryMissing.code] += 1
    elif read := known.get(row.id):
        keys = [f"text {result.hashes.text}"] if product.title else []
        keys += [f"group {as_text(product.attributes[GROUP])}"] if GROUP in product.attributes else []
        values = {name: values_in(product, name) for name in attributes}
        gathered.filed.append(Filed(row.id, product.title, product.product_type, read, values, tuple(keys), row.line))
    else:
        gathered.failed["text_not_read"] += 1


def examples_of(filed: Iterable[Filed], separator: str | None = None) -> list[Example]:
    """separator: of a path's levels; None to recognise it. Of a cell with several paths, the first counts."""
    filed = list(filed)
    sign = separator_of(one.category for one in filed) if separator is None else separator
    return [
        Example(one.id, one.title, path, one.read.used, one.read.vectors, one.keys, one.line, one.attributes)
        for one in filed
        if (path := path_of(one.category, sign))
    ]
