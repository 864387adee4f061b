"""The shelf: the one owner of the product index, of the products' kept pictures, and of what people said about them.

An embedded index has one process for an owner, so the routes reach it through this class alone: in the same process, or
as the deployment `IndexOwner` of Ray Serve. Its methods are asynchronous and take and give what can be pickled.
"""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from catalog.disk import written_whole
from catalog.errors import CatalogError, ProductNotFound
from catalog.filters import Filter, OneOf
from catalog.index import IndexQuery, Offer, ProductIndex, StoredVersion
from catalog.names import Names
from catalog.product import ContentHashes, Match, StoredProduct
from catalog.stores import IndexModel
from serving.album import Album
from serving.errors import NothingToAccept, ProductChanged
from serving.feedback import Correction, Feedback, FeedbackLog, Verdict, applied
from serving.portions import PORTION_BYTES

UNSURE = OneOf("decision", ("review", "abstain"))
REVIEWED_AT_ONCE = 256
VERDICTS_AT_ONCE = 100

logger = logging.getLogger(__name__)


class ShelfInfo(NamedTuple):
    """identity: the index's; indexed: the share of embeddings, 0 to 1, in the approximate index; model: the version
    that made them, "" for an empty index; chosen: the version that was made the active one, "" if none was.
    """

    identity: str
    products: int
    indexed: float
    model: str
    chosen: str


class Listing(NamedTuple):
    """Search results. images: how many pictures are kept of each; total: how many products the filter leaves."""

    matches: list[Match]
    facets: Mapping[str, Sequence[tuple[str, int]]]
    total: int
    images: Mapping[str, int]


class Page(NamedTuple):
    """Products in no order that means anything. after: where the next page starts, "" at the end."""

    products: list[StoredProduct]
    images: Mapping[str, int]
    after: str
    total: int


class Labelled(NamedTuple):
    """A product as a line of a training manifest. picture: as WebP, by the `name` that the line has; or both empty."""

    row: str
    name: str
    picture: bytes


class LabelledPart(NamedTuple):
    """after: the place to ask for more from, None at the end."""

    products: list[Labelled]
    after: int | None


class Shelf:
    """Every method may raise IndexFailed or StateDamaged, or what derives from them."""

    def __init__(self, index: ProductIndex, state: Path, models: Sequence[IndexModel] = ()) -> None:
        """state: the folder for pictures and feedback; models: those that may store, with their folders."""
        self._index = index
        self._folders = {model.version: model.folder for model in models}
        self._album = Album(state / "pictures.sqlite")
        self._feedback = FeedbackLog(state / "feedback.sqlite")
        # Held by what reads and then writes.
        self._writing = threading.RLock()
        self._model = self._model_of_index()
        self._choice = state / "active-model"
        self._erasing = state / "erasing"
        self._eraser = ThreadPoolExecutor(1, "erase")
        if self._erasing.exists():
            self._eraser.submit(self._erase)

    def _model_of_index(self) -> str:
        model = self._index.model if self._index.count() else None
        return model.version if model else ""

    async def describe(self) -> ShelfInfo:
        return await asyncio.to_thread(self._describe)

    def _describe(self) -> ShelfInfo:
        index = self._index
        chosen = self._choice.read_text() if self._choice.exists() else ""
        return ShelfInfo(index.identity, index.count(), index.indexed, self._model, chosen)

    async def choose_model(self, version: str) -> None:
        """Remember, also over a restart, which of two models is to be active."""
        with written_whole(self._choice) as temporary:
            temporary.write_text(version)

    async def search(self, query: IndexQuery, facets: Sequence[str] = ()) -> Listing:
        """Raises InvalidSearch."""
        return await asyncio.to_thread(self._search, query, facets)

    def _search(self, query: IndexQuery, facets: Sequence[str]) -> Listing:
        matches = self._index.search(query)
        counts = self._index.facets(facets, query.filter) if facets else {}
        images = self._album.counts([match.stored.id for match in matches])
        return Listing(matches, counts, self._index.count(query.filter), images)

    async def names(self) -> Names:
        """The categories and attributes that products have."""
        return await asyncio.to_thread(self._index.names)

    async def similar(
        self, id: str, limit: int, offset: int = 0, filter: Filter | None = None, collapse: bool = False
    ) -> Listing:
        """Raises ProductNotFound or InvalidSearch."""
        return await asyncio.to_thread(self._similar, id, limit, offset, filter, collapse)

    def _similar(self, id: str, limit: int, offset: int, filter: Filter | None, collapse: bool) -> Listing:
        matches = self._index.similar(id, limit, filter, offset, collapse)
        images = self._album.counts([match.stored.id for match in matches])
        return Listing(matches, {}, self._index.count(filter), images)

    async def get(self, ids: Sequence[str]) -> list[StoredProduct | None]:
        return await asyncio.to_thread(self._index.get, ids)

    async def versions(self, ids: Sequence[str]) -> list[StoredVersion | None]:
        return await asyncio.to_thread(self._index.hashes, ids)

    async def image_counts(self, ids: Sequence[str]) -> dict[str, int]:
        return await asyncio.to_thread(self._album.counts, ids)

    async def images(self, id: str) -> list[bytes]:
        """The kept pictures of a product as WebP, in the merchant's order."""
        return await asyncio.to_thread(self._album.get, id)

    async def put(
        self,
        stored: StoredProduct,
        images: Sequence[bytes] | None,
        unless_changed_from: ContentHashes | None = None,
    ) -> StoredProduct:
        """Insert or replace. images: thumbnails, in place of the kept ones; None keeps those. Returns the product as
        it is stored, with what people said of it.

        Raises ProductChanged if the stored product is no longer of these hashes, or IndexOfOtherModel.
        """
        return await asyncio.to_thread(self._put, stored, images, unless_changed_from)

    def _put(
        self, stored: StoredProduct, images: Sequence[bytes] | None, expected: ContentHashes | None
    ) -> StoredProduct:
        with self._writing:
            if expected is not None:
                (version,) = self._index.hashes([stored.id])
                if version is None or version.hashes != expected:
                    raise ProductChanged
            if images is not None:
                self._album.put({stored.id: images})
            (judged,) = self._upsert([stored])
        return judged

    async def upsert(self, products: Sequence[StoredProduct]) -> None:
        """Insert or replace many. Raises IndexOfOtherModel."""
        await asyncio.to_thread(self._upsert, products)

    def _upsert(self, products: Sequence[StoredProduct]) -> list[StoredProduct]:
        with self._writing:
            for version in {stored.model for stored in products}:
                self._index.claim(IndexModel(version, self._folders.get(version, "")))
            said = self._feedback.latest(products)
            judged = [applied(stored, said.get(stored.id)) for stored in products]
            self._index.upsert(judged)
            self._model = judged[0].model if judged else self._model
        return judged

    async def update_offers(self, offers: Sequence[Offer]) -> int:
        return await asyncio.to_thread(self._index.update_offers, offers)

    async def keep_images(self, images: Mapping[str, Sequence[bytes]]) -> None:
        """Thumbnails of several products, by id."""
        await asyncio.to_thread(self._album.put, images)

    async def flush(self) -> None:
        await asyncio.to_thread(self._index.flush)

    async def delete(self, id: str, erase: bool = False) -> None:
        """erase: leave nothing of it on disk. That goes on after this returns, for minutes, and also after a crash.

        Raises ProductNotFound.
        """
        await asyncio.to_thread(self._delete, id, erase)

    def _delete(self, id: str, erase: bool) -> None:
        with self._writing:
            if erase:
                self._erasing.touch()
            self._album.delete([id], erase)
            deleted = self._index.delete([id])
            if not self._index.count():
                self._model = ""
        if erase:
            self._eraser.submit(self._erase)
        if not deleted:
            raise ProductNotFound

    def _erase(self) -> None:
        try:
            self._index.erase([])
            self._erasing.unlink(missing_ok=True)
        except CatalogError:
            logger.exception("what was deleted is not erased yet; the next start tries again")

    async def review(self, limit: int, after: str = "") -> Page:
        """Products of low confidence on which nobody has given a verdict. Raises InvalidSearch for a bad `after`."""
        return await asyncio.to_thread(self._review, limit, after)

    def _review(self, limit: int, after: str) -> Page:
        waiting: list[StoredProduct] = []
        while len(waiting) < limit:
            products, after = self._index.page(UNSURE, after, min(limit - len(waiting), REVIEWED_AT_ONCE))
            judged = self._feedback.latest(products)
            waiting += [stored for stored in products if stored.id not in judged]
            if not after:
                break
        images = self._album.counts([stored.id for stored in waiting])
        return Page(waiting, images, after, self._index.count(UNSURE) - self._rejected())

    def _rejected(self) -> int:
        """How many stored products are unsure and judged all the same."""
        ids = [feedback.product_id for feedback in self._feedback.all() if feedback.verdict == "reject"]
        unsure = [stored for stored in self._index.get(ids) if stored and stored.understanding.decision != "auto"]
        return len(self._feedback.latest(unsure))

    async def judge(self, id: str, verdict: Verdict, correction: Correction, comment: str) -> Feedback:
        """Keep a verdict and apply it. Raises ProductNotFound, and NothingToAccept if there is no category."""
        return await asyncio.to_thread(self._judge, id, verdict, correction, comment)

    def _judge(self, id: str, verdict: Verdict, correction: Correction, comment: str) -> Feedback:
        with self._writing:
            (stored,) = self._index.get([id])
            if stored is None:
                raise ProductNotFound
            if verdict == "accept" and stored.understanding.category is None:
                raise NothingToAccept
            feedback = self._feedback.add(stored, verdict, correction, comment, time.time())
            self._index.upsert([applied(stored, feedback)])
        return feedback

    async def feedback(self, after: int = 0) -> list[Feedback]:
        """The last verdict on each product, oldest first: some behind a place (0: from the first), none at the end."""
        return await asyncio.to_thread(self._feedback.some, after, VERDICTS_AT_ONCE)

    async def labelled(self, after: int = 0) -> LabelledPart:
        """Accepted and corrected products for training, those that were judged behind a place (0: from the first)."""
        return await asyncio.to_thread(self._labelled, after)

    def _labelled(self, after: int) -> LabelledPart:
        found, size = list[Labelled](), 0
        judged = self._feedback.some(after, VERDICTS_AT_ONCE)
        for feedback in judged:
            (stored,) = self._index.get([feedback.product_id])
            if stored is not None and feedback.verdict != "reject":
                found.append(self._label(stored))
                size += len(found[-1].row) + len(found[-1].picture)
            if size >= PORTION_BYTES:
                return LabelledPart(found, feedback.id)
        return LabelledPart(found, judged[-1].id if judged else None)

    def _label(self, stored: StoredProduct) -> Labelled:
        pictures = self._album.get(stored.id)
        name = f"images/{sha256(stored.id.encode()).hexdigest()[:24]}.webp" if pictures else None
        row = json.dumps(manifest_row(stored, name), ensure_ascii=False) + "\n"
        return Labelled(row, name or "", pictures[0] if pictures else b"")

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._eraser.shutdown()
        self._index.close()
        self._album.close()
        self._feedback.close()


def manifest_row(stored: StoredProduct, image: str | None) -> dict[str, object]:
    """A labelled product for training. Its split is drawn by its id: one in ten is for validation."""
    product, understanding = stored.product, stored.understanding
    return {
        "id": product.id,
        "title": product.title,
        "description": product.description,
        "category": list(understanding.path),
        "attributes": {name: value.name for name, value in stored.attributes.items()},
        "image": image,
        "split": "train" if sha256(product.id.encode()).digest()[0] % 10 else "val",
        "group": product.id,
    }
