"""What `catalog.ingest` needs of the outside, as the service has it: the model, the store, and the images."""

import pickle
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from catalog.feeds import BadRow, Feed, Row
from catalog.images import ImageReader, ImageRef
from catalog.model.preprocess import Prepared, prepare
from catalog.product import Offer, Product, StoredProduct, StoredVersion
from serving.errors import ModelFailed
from serving.inference.backend import Answer
from serving.inference.models import ALTERNATIVES, Model
from serving.jobs.loop_bridge import LoopBridge
from serving.portions import portions
from serving.storage.store_api import StoreApi

# A job asks the model about few products together, no more than it reads in so many seconds: whoever comes while they
# are read waits for them, and passes those that only wait.
TURN_SECONDS = 0.25
FIRST, LIMIT = 4, 16


class ModelChanged(Exception):
    """The model is another one than when the job began, so the job begins anew where it is."""


class ServedReader:
    """A `catalog.ingest.load.Reader`: the model behind its backend, a few products at a time."""

    def __init__(self, model: Model, call: LoopBridge) -> None:
        self.version = model.info.version
        self._model, self._call = model, call
        self._together = FIRST

    def prepare(self, product: Product) -> Prepared:
        return prepare(product, self._model.info.image_size)

    def understand_prepared(self, products: Sequence[Prepared], *, evidence: bool) -> list[Answer]:
        """Raises ModelChanged, Stopped, or what the backend does for as long as the job has patience."""
        answers: list[Answer] = []
        while len(answers) < len(products):
            answers += self._read(products[len(answers) :][: self._together], evidence)
        if self._call(lambda: self._model.backend.describe(self._model.taught)).version != self.version:
            raise ModelChanged
        return answers

    def _read(self, products: Sequence[Prepared], evidence: bool) -> Sequence[Answer]:
        self._call.check()
        answers: list[Answer]
        try:
            how = (ALTERNATIVES, evidence, True, self._model.taught)  # of low priority
            answers, facts = self._call(lambda: self._model.backend.understand(products, *how))
            if facts:
                each = facts[-1].work_seconds / facts[-1].size
                self._together = max(1, min(LIMIT, int(TURN_SECONDS / max(each, 1e-6))))
        except ModelFailed as error:
            answers = [error for _ in products]
        return answers


class StoreSink:
    """A `catalog.quality.arrivals.Sink`: the store, which keeps the products' thumbnails, too."""

    def __init__(self, store: StoreApi, call: LoopBridge) -> None:
        self._store, self._call = store, call
        self._written = False
        self.identity = call(store.describe).identity

    def hashes(self, ids: Sequence[str]) -> Sequence[StoredVersion | None]:
        return self._call(lambda: self._store.versions(ids)) if ids else []

    def get(self, ids: Sequence[str]) -> Sequence[StoredProduct | None]:
        return self._call(lambda: self._store.get(ids))

    def count(self) -> int:
        return self._call(self._store.describe).products

    def keep_thumbnails(self, thumbnails: Mapping[str, Sequence[bytes]]) -> None:
        for part in portions(thumbnails.items(), lambda one: sum(map(len, one[1]))):
            self._write(partial(self._store.keep_images, dict(part)))

    def upsert(self, products: Sequence[StoredProduct]) -> list[StoredProduct]:
        parts = portions(products, pickled_bytes)
        return [stored for part in parts for stored in self._write(partial(self._store.upsert, part))]

    def update_offers(self, offers: Sequence[Offer]) -> int:
        return sum(self._write(partial(self._store.update_offers, part)) for part in portions(offers, pickled_bytes))

    def ids(self) -> Iterator[Sequence[str]]:
        ids, after = self._call(self._store.ids)
        yield ids
        while after:
            ids, after = self._call(partial(self._store.ids, after))
            yield ids

    def delete(self, ids: Sequence[str]) -> None:
        self._call(lambda: self._store.delete_all(ids))

    def flush(self) -> None:
        if self._written:
            self._call(self._store.flush)
            self._written = False

    def _write(self, write: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        self._written = True
        return self._call(write)


def pickled_bytes(item: object) -> int:
    return len(pickle.dumps(item))


class WatchedFeed:
    """The rows of a job's feed, until the job is to stop. A feed of the same job with other content is another run."""

    def __init__(self, feed: Feed, job: str, check: Callable[[], None]) -> None:
        self.fingerprint = f"{job} {feed.fingerprint}"
        self._feed, self._check = feed, check

    def __iter__(self) -> Iterator[Row | BadRow]:
        for row in self._feed:
            self._check()
            yield row


class WatchedImages:
    """A `catalog.ingest.load.ImageSource` that reads none for a job that is to stop: each may take many seconds."""

    def __init__(self, source: ImageReader, check: Callable[[], None]) -> None:
        self._images, self._check = source, check

    def settled(self, refs: Sequence[ImageRef]) -> Sequence[ImageRef]:
        return self._images.settled(refs)

    def read(self, ref: ImageRef) -> bytes:
        self._check()
        return self._images.read(ref)
