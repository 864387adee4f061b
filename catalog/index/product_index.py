"""The product index: stored products, found again by embedding, by words and by filter.

One class for every engine; `open_index` chooses the engine by the location.
"""

import logging
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

import numpy as np

from catalog.arrays import Floats
from catalog.cache import Cache
from catalog.errors import (
    ConfigInvalid,
    IndexFailed,
    IndexMismatch,
    IndexOfOtherModel,
    ProductInvalid,
    ProductNotFound,
    RecordDamaged,
    SearchInvalid,
    installing,
)
from catalog.index.backend import Amendment, Found, IndexBackend, IndexModel, Point, in_chunks
from catalog.index.filters import Filter, OneOf
from catalog.index.keys import split_attribute_pair
from catalog.index.keywords import document_terms
from catalog.index.listing import Sort, commonest, listed, named_alike
from catalog.index.names import FACETED, Names
from catalog.index.near import Sought, near
from catalog.index.query import Finding, IndexQuery, find, run
from catalog.index.ranking import passing, search_for_sale
from catalog.index.records import (
    ADDED,
    PRICE_UNTIL,
    RECORD,
    RECORD_FIELDS,
    VERSION_FIELDS,
    is_unit,
    keyword_text,
    point_id,
    read_back,
    to_payload,
    to_title,
    to_version,
)
from catalog.product import Match, Offer, StoredProduct, StoredVersion
from catalog.sales import in_force, next_change
from catalog.synonyms import attribute_name

CHUNK = 256
# Seconds after which the sales of stored products are looked for again: another program may store some.
LOOK_AGAIN = 300

logger = logging.getLogger(__name__)

MAX_IDS = 100_000  # kept in memory, of products that were near to something
TIME_DIGITS = 5  # behind the point of seconds since 1970, of which a float has six


class ProductIndex:
    """Products by id. Safe to share between threads. Every method may raise IndexFailed or what derives from it.

    What is read and what is filtered or sorted by price has the price in force: a product whose sale has begun or ended
    is stored anew before the next reading.
    """

    def __init__(self, store: IndexBackend, clock: Callable[[], float] = time.time) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._clock = clock
        self._prices_until = -math.inf  # when the next sale of a stored product begins or ends, or may do so
        self._models: dict[str, int] | None = None  # counted, of an index that does not remember its model
        self._damaged = set[UUID]()
        self._ids: Cache[UUID, str] = Cache(MAX_IDS)  # a point's id never changes
        # Held by what reads and then writes, so that two writers of one product do not undo each other.
        self._writing = threading.RLock()

    @property
    def identity(self) -> str:
        """Made when the index was made: tells one index from a later one at the same place."""
        return self._store.identity

    @property
    def damaged(self) -> int:
        """How many stored products were met that cannot be read. They are left out until they are stored again."""
        return len(self._damaged)

    @property
    def width(self) -> int:
        """The length of the embeddings."""
        return self._store.width

    @property
    def model(self) -> IndexModel | None:
        """The model that made the embeddings; of several (see `models`) the commonest; None if nothing was stored."""
        if self._store.model is None:
            versions = self.models()
            if len(versions) != 1:
                return IndexModel(max(versions, key=lambda version: versions[version])) if versions else None
            with suppress(IndexFailed):  # a server's key may allow nothing but reading
                self._store.name_model(IndexModel(next(iter(versions))))
            return IndexModel(next(iter(versions)))
        return self._store.model

    def models(self) -> dict[str, int]:
        """How many products each model's version has understood: one version, since an index takes no second one but of
        the same space, which counts as the one that is named.

        An index that was filled before that was so may hold several; it is read as a whole to count them.
        """
        if self._store.model is not None:
            count = self.count()
            return {self._store.model.version: count} if count else {}
        if self._models is None:
            self._models = dict(Counter(stored.model for products in self.scan() for stored in products))
        return self._models

    @property
    def versions(self) -> frozenset[str]:
        """Of the models that have claimed the index."""
        return self._store.model.versions if self._store.model else frozenset()

    def claim(self, model: IndexModel) -> None:
        """Have this model's embeddings stored from now on, and remember where the model is.

        `upsert` does so by itself with the version alone. Raises IndexOfOtherModel if another's are stored, unless it
        is one of the same space.
        """
        known = self._store.model
        same = known is not None and known.version == model.version and model.space in ("", known.vectors)
        if known is not None and same and model.folder in ("", known.folder):
            return
        with self._writing:
            versions = self.models()
            if known is not None and versions and model.vectors == known.vectors:
                earlier = (known.versions | {*model.earlier}) - {model.version}
                model = model._replace(earlier=tuple(sorted(earlier)))
            elif versions and model.version not in versions:
                raise IndexOfOtherModel(
                    f"The index holds vectors of the model {', '.join(sorted(versions))}, not of {model.version}, and"
                    " vectors of two models cannot be compared. Use the model that made it, or a new index."
                )
            if len(versions) < 2:
                self._store.name_model(model)
                self._models = None

    @property
    def indexed(self) -> float:
        """The share of embeddings, 0 to 1, in the approximate index. The others are compared one by one, exactly."""
        return self._store.indexed()

    def wait_until_indexed(self, timeout: float) -> bool:
        """Wait, at most `timeout` seconds, until nothing is left that is worth indexing. False if time ran out."""
        return self._store.wait_until_indexed(timeout)

    def upsert(self, products: Sequence[StoredProduct]) -> list[StoredProduct]:
        """Insert or replace; of several with one id the last counts. Returns them as they are stored.

        When this returns the products are found, and are not lost if the process is killed. Raises ProductInvalid,
        IndexMismatch or IndexOfOtherModel, before anything is stored, for an embedding that is not of unit length, of
        another width or of another model.
        """
        latest = {stored.id: stored for stored in products}
        for stored in latest.values():
            self._check(stored)
        versions = {stored.model for stored in latest.values()}
        new = versions - self.versions
        if new and len(versions) > 1:
            raise IndexOfOtherModel(
                "The products were understood by two models. Embeddings of different models cannot be compared."
            )
        with self._writing:
            for version in new:
                self.claim(IndexModel(version))
            dated = [stored for chunk in in_chunks(latest.values(), CHUNK) for stored in self._dated(chunk)]
            for chunk in in_chunks(dated, CHUNK):
                self._store.put([self._point(stored) for stored in chunk])
        self._damaged -= {point_id(stored.id) for stored in dated}
        return dated

    def update_offers(self, offers: Sequence[Offer]) -> int:
        """Replace all but the words and images that the model reads; the embedding stays.

        Returns how many of the products are stored; the others are ignored.
        """
        latest = {point_id(offer.product.id): offer for offer in offers}
        with self._writing:
            found = self._fetch(list(latest), RECORD_FIELDS, embedding=True)
            known = self._readable(found.values())
            self._amend([_with_offer(known[point], latest[point]) for point in known])
        return len(known)

    def hashes(self, ids: Sequence[str]) -> list[StoredVersion | None]:
        """For each id what is stored under it was made from, or None: also where it is known to be damaged, and so to
        be stored again. Whether the rest of it can be read shows when it is read.
        """
        points = [point_id(name) for name in ids]
        known = dict[UUID, StoredVersion]()
        for point, found in self._fetch(points, VERSION_FIELDS).items():
            try:
                version = to_version(found.payload)
            except RecordDamaged:
                self._note_damage(point)
                continue
            if point not in self._damaged:
                known[point] = version
        return [known.get(point) for point in points]

    def stored(self, ids: Sequence[str]) -> list[bool]:
        """For each id whether something is stored under it, be it damaged."""
        points = [point_id(name) for name in ids]
        found = self._fetch(points, ())
        return [point in found for point in points]

    def delete(self, ids: Sequence[str]) -> int:
        """Returns how many there were. Their bytes stay on disk for a while: see `erase`."""
        points = list({point_id(name): None for name in ids})
        with self._writing:
            existing = list(self._fetch(points, ()))
            for chunk in in_chunks(existing, CHUNK):
                self._store.remove(chunk)
            self._damaged -= set(points)
        return len(existing)

    def erase(self, ids: Sequence[str]) -> int:
        """Delete, and leave nothing on disk of anything that was ever deleted or replaced. Returns how many there were.

        Slow, minutes for 200,000 products: the embedded index is rewritten, while searches and writes go on. If the
        process is killed before this returns, call it again, although the ids are gone by then. A server rewrites its
        files at its own pace.
        """
        count = self.delete(ids)
        self._store.purge()
        return count

    def get(self, ids: Sequence[str]) -> list[StoredProduct | None]:
        """For each id the product stored under it, or None. Raises RecordDamaged."""
        self._follow_sales()
        points = [point_id(name) for name in ids]
        found = self._fetch(points, RECORD_FIELDS, embedding=True)
        return [_stored(found[point]) if point in found else None for point in points]

    def search(self, query: IndexQuery) -> list[Match]:
        """The best matches, best first: a list by embedding and a list by words, fused by their scores.

        Raises SearchEmpty, SearchInvalid or IndexMismatch.
        """
        self._follow_sales()
        return run(self._store, query, self._note_damage)

    def find(self, query: IndexQuery, facets: Sequence[str] = (), limit: int = 20) -> Finding:
        """As `search`, without what lies below the query's floor, with the number of all that is found and `limit`
        values of each facet.
        """
        self._follow_sales()
        return find(self._store, query, facets, limit, self._note_damage)

    def browse(
        self, filter: Filter | None = None, sort: Sort = "newest", limit: int = 10, offset: int = 0
    ) -> list[StoredProduct]:
        """Products in an order, without their embeddings. Those without a price, or stored by a release that did not
        note when, come last. Raises SearchInvalid.
        """
        self._follow_sales()
        return listed(self._store, filter, sort, limit, offset, self._note_damage)

    def similar(
        self, id: str, limit: int = 10, filter: Filter | None = None, offset: int = 0, collapse: bool = False
    ) -> list[Match]:
        """The products nearest to a stored one, itself left out. Raises ProductNotFound or SearchInvalid."""
        [stored] = self.get([id])
        if stored is None:
            raise ProductNotFound
        query = IndexQuery(filter=filter, limit=limit, offset=offset, collapse=collapse)
        if stored.understanding.modalities_used:
            query = replace(query, embedding=stored.understanding.embedding)
        else:  # nothing of it could be read, so its embedding says nothing
            query = replace(query, keywords=stored.product.title)
        return self.search(replace(query, exclude=frozenset({id})))

    def near(self, sought: Sequence[Sought]) -> dict[str, list[StoredProduct]]:
        """By id the products that may be the same, without itself."""
        points = near(self._store, sought)
        wanted = list(dict.fromkeys(point for found in points.values() for point in found))
        known = self._readable(self._fetch(wanted, RECORD_FIELDS, embedding=True).values())
        return {id: [known[point] for point in found if point in known] for id, found in points.items()}

    def vectors(self, ids: Sequence[str]) -> dict[str, Floats]:
        """By id the embeddings of stored products, without reading anything else of them."""
        points = {point_id(name): name for name in ids}
        found = self._fetch(list(points), (), embedding=True).items()
        return {points[point]: one.embedding for point, one in found if one.embedding is not None}

    def nearest(self, embedding: Floats, limit: int, filter: Filter | None = None) -> list[tuple[str, float]]:
        """The ids of the products for sale that are nearest to a unit vector, with their cosines, nearest first."""
        [hits] = search_for_sale(self._store, [embedding], limit, filter)
        ids = self._ids_of([hit.id for hit in hits])
        return [(ids[hit.id], hit.score) for hit in hits if hit.id in ids]

    def _ids_of(self, points: Sequence[UUID]) -> dict[UUID, str]:
        """Of those that can be read."""
        found = {point: id for point in points if (id := self._ids.get(point))}
        for point, one in self._fetch([point for point in points if point not in found], VERSION_FIELDS).items():
            try:
                found[point] = to_version(one.payload).id
            except RecordDamaged:
                self._note_damage(point)
            else:
                self._ids.put(point, found[point])
        return found

    def for_sale(self, ids: Sequence[str], filter: Filter | None = None) -> list[str]:
        """Those of the products that are for sale and pass. Nothing of them is read, so one that is not stored may be
        among them where there is no filter.
        """
        points = {point_id(name): name for name in ids}
        if not points:
            return []
        if filter is not None:
            self._follow_sales()
        found = passing(self._store, frozenset(points), filter)
        return [name for point, name in points.items() if point in found]

    def readable(self, ids: Sequence[str], vectors: Mapping[str, Floats] | None = None) -> dict[str, StoredProduct]:
        """As `get`, by id, without those that are missing or damaged. vectors: what `vectors` has just given of them
        all, which is not read again.
        """
        self._follow_sales()
        points = {point_id(name): name for name in ids}
        found = self._fetch(list(points), RECORD_FIELDS, embedding=vectors is None)
        if vectors is not None:
            found = {point: one._replace(embedding=vectors[points[point]]) for point, one in found.items()}
        return {one.id: one for one in self._readable(found.values()).values()}

    def titles(self, ids: Sequence[str]) -> dict[str, str]:
        """By id the titles of stored products, without those that are damaged. No vector is read for it."""
        points = {point_id(name): name for name in ids}
        found: dict[str, str] = {}
        for point, one in self._fetch(list(points), (RECORD,)).items():
            try:
                found[points[point]] = to_title(one.payload)
            except RecordDamaged:
                self._note_damage(point)
        return found

    def doubled_by(self, ids: Sequence[str]) -> list[StoredProduct]:
        """The products of which one of these is noted as a double."""
        found, after = self.page(OneOf("doubles", tuple(ids)))
        while after:
            more, after = self.page(OneOf("doubles", tuple(ids)), after)
            found += more
        return found

    def amend(self, products: Sequence[StoredProduct]) -> None:
        """Store anew products that are stored, with the embeddings that they have."""
        with self._writing:
            self._amend(products)

    def facets(
        self, names: Sequence[str], filter: Filter | None = None, limit: int = 20
    ) -> dict[str, list[tuple[str, int]]]:
        """For each name its commonest values with exact counts, equal counts by value.

        names: "category" (a product counts for each node above it), "brand", "product_type", "tags", "decision",
        "currency", "guess" (the likeliest leaf of what is not sure, and each node above it), "verdict", "notes",
        "availability", "status", "google_product_category", or any attribute's name, in any spelling. Of an attribute
        with several values each counts.
        """
        self._follow_sales()
        counts: dict[str, dict[str, int]] = {name: {} for name in names}
        for name in counts.keys() & set(FACETED):
            counts[name] = self._store.facet(name, filter)
        if attributes := named_alike(names):
            for text, count in self._store.facet("facts", filter).items():
                name, value = split_attribute_pair(text)
                for asked in attributes.get(attribute_name(name), ()):
                    counts[asked][value] = counts[asked].get(value, 0) + count
        return commonest(counts, limit)

    def names(self) -> Names:
        """The categories, with those above, and the attributes that products have."""
        facts = self._store.facet("facts", None)
        return Names(
            frozenset(self._store.facet("category", None)), frozenset(split_attribute_pair(text)[0] for text in facts)
        )

    def count(self, filter: Filter | None = None) -> int:
        if filter is not None:
            self._follow_sales()
        return self._store.count(filter)

    def page(
        self, filter: Filter | None = None, after: str = "", limit: int = CHUNK
    ) -> tuple[list[StoredProduct], str]:
        """Products in an order that stays but means nothing, and where the next page starts: "" when this is the last.

        after: what the page before gave. Raises SearchInvalid if it is nothing of the kind.
        """
        try:
            start = UUID(after) if after else None
        except ValueError:
            raise SearchInvalid("The cursor is not valid. Use the one that the previous page returned.") from None
        self._follow_sales()
        found, following = self._store.page(start, limit, filter)
        return list(self._readable(found).values()), "" if following is None else str(following)

    def sorted_page(
        self, field: str, descending: bool, filter: Filter | None = None, after: str = "", limit: int = CHUNK
    ) -> tuple[list[StoredProduct], str]:
        """As `page`, but sorted by "price" or "sureness" (the score of the likeliest leaf, of products that are not
        sure); those without the number are left out.
        """
        self._follow_sales()
        found = self._store.sorted_page(field, descending, _place(after), limit, filter)
        following = f"{found[-1][0]!r}:{found[-1][1].id}" if len(found) == limit else ""
        return list(self._readable(one for _, one in found).values()), following

    def ids_page(self, after: str = "", limit: int = CHUNK) -> tuple[list[str], str]:
        """As `page`, the ids alone. Those of damaged products are unknown."""
        found, following = self._store.page(UUID(after) if after else None, limit)
        ids = list[str]()
        for one in found:
            try:
                ids.append(to_version(one.payload).id)
            except RecordDamaged:
                self._note_damage(one.id)
        return ids, "" if following is None else str(following)

    def ids(self) -> Iterator[list[str]]:
        """Of every product, as `scan`."""
        ids, after = self.ids_page()
        yield ids
        while after:
            ids, after = self.ids_page(after)
            yield ids

    def scan(self, batch_size: int = CHUNK) -> Iterator[list[StoredProduct]]:
        """Every product with its embedding, in an order that means nothing. What is written meanwhile may be missed."""
        self._follow_sales()
        after: UUID | None = None
        while True:
            found, after = self._store.page(after, batch_size)
            if found:
                yield list(self._readable(found).values())
            if after is None:
                return

    def flush(self) -> None:
        """Bring everything to disk, so that it also survives a loss of power."""
        self._store.flush()

    def close(self) -> None:
        """Flush and let go of the index. May be called twice."""
        self._store.close()

    def __enter__(self) -> "ProductIndex":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _dated(self, products: Sequence[StoredProduct]) -> Sequence[StoredProduct]:
        """Each with the time when it was first stored, which is now for one that is new.

        An engine may give back a number that is off in its last digits.
        """
        now = self._clock()
        found = self._fetch([point_id(stored.id) for stored in products], (ADDED,))
        known = {point: one.payload.get(ADDED) for point, one in found.items()}

        def added(stored: StoredProduct) -> float | None:
            first = stored.added_at or known.get(point_id(stored.id), now)
            return None if first is None else round(first, TIME_DIGITS)

        return [replace(one, product=in_force(one.product, now), added_at=added(one)) for one in products]

    def _point(self, stored: StoredProduct) -> Point:
        embedding = np.asarray(stored.understanding.embedding, dtype=np.float32)
        return Point(point_id(stored.id), self._payload(stored), document_terms(keyword_text(stored)), embedding)

    def _payload(self, stored: StoredProduct) -> dict[str, Any]:
        change = next_change(stored.product, self._clock())
        if change is not None:
            self._prices_until = min(self._prices_until, change)
        return to_payload(stored, change)

    def _amend(self, products: Iterable[StoredProduct]) -> None:
        """Store the products anew with the embeddings that they have."""
        for chunk in in_chunks(products, CHUNK):
            now = self._clock()
            current = [replace(stored, product=in_force(stored.product, now)) for stored in chunk]
            self._store.update_payload(
                [Amendment(point_id(s.id), self._payload(s), document_terms(keyword_text(s))) for s in current]
            )

    def _follow_sales(self) -> None:
        """Store anew the products whose sale has begun or ended."""
        if self._clock() < self._prices_until:
            return
        with self._writing:
            now = self._clock()
            if now < self._prices_until:
                return
            self._prices_until = now + LOOK_AGAIN
            after: tuple[float, UUID] | None = None
            try:
                while found := self._store.sorted_page(PRICE_UNTIL, False, after, CHUNK, None):
                    self._amend(self._readable(one for moment, one in found if moment <= now).values())
                    if found[-1][0] > now:
                        later = min(moment for moment, _ in found if moment > now)
                        self._prices_until = min(self._prices_until, later)
                        break
                    after = found[-1][0], found[-1][1].id
            except IndexFailed:  # a server's key may allow nothing but reading
                logger.warning("the prices of sales that began or ended could not be stored")

    def _check(self, stored: StoredProduct) -> None:
        embedding = np.asarray(stored.understanding.embedding, dtype=np.float32)
        if not stored.id:
            raise ProductInvalid("A product needs an id to be stored.")
        if embedding.shape != (self.width,):
            raise IndexMismatch(
                f"The index holds embeddings of {self.width} numbers; a product's has the shape {embedding.shape}."
            )
        if not is_unit(embedding):
            raise ProductInvalid("The product's embedding is not of unit length.")

    def _readable(self, found: Iterable[Found]) -> dict[UUID, StoredProduct]:
        """The products by their points, without those that are damaged."""
        products: dict[UUID, StoredProduct] = {}
        for one in found:
            try:
                products[one.id] = _stored(one)
            except RecordDamaged:
                self._note_damage(one.id)
        return products

    def _note_damage(self, point: UUID) -> None:
        if point not in self._damaged:
            self._damaged.add(point)
            logger.error("a stored product is damaged and left out", extra={"fields": {"point": str(point)}})

    def _fetch(self, points: Sequence[UUID], fields: Sequence[str], embedding: bool = False) -> dict[UUID, Found]:
        found: dict[UUID, Found] = {}
        for chunk in in_chunks(points, CHUNK):
            found |= self._store.fetch(chunk, fields, embedding)
        return found


def _place(after: str) -> tuple[float, UUID] | None:
    """What `sorted_page` gave as the place to go on from. Raises SearchInvalid."""
    number, _, id = after.partition(":")
    try:
        place = (float(number), UUID(id)) if after else None
    except ValueError:
        place = (math.nan, UUID(int=0))
    if place and not math.isfinite(place[0]):
        raise SearchInvalid("The cursor is not valid. Use the one that the previous page returned.")
    return place


def _stored(found: Found) -> StoredProduct:
    """Raises RecordDamaged."""
    if found.embedding is None:
        raise RecordDamaged
    return read_back(found.id, found.payload, found.embedding)


def _with_offer(stored: StoredProduct, offer: Offer) -> StoredProduct:
    """What the model read stays as it is."""
    product = replace(offer.product, title=stored.product.title, description=stored.product.description)
    of_image = [code for code in stored.contradictions if code.startswith("image_")]
    contradictions = (*of_image, *offer.contradictions)
    changed = replace(stored, product=product, hashes=offer.hashes, image_refs=offer.image_refs)
    changed = replace(changed, contradictions=contradictions)
    return changed.held() if contradictions else changed


def open_index(
    location: str | Path, width: int | None = None, create: bool = True, shards: int = 1, replicas: int = 1
) -> ProductIndex:
    """Open the index at a location, or make one of embeddings of `width` numbers.

    location: a folder, "qdrant://host:port/collection" for a Qdrant server ("qdrants://" for TLS; the API key is read
    from SHELFLENS_QDRANT_API_KEY), or "postgresql://user@host:port/database" for PostgreSQL with pgvector. width: what
    the index must have; None takes what is there, and then nothing is made. shards, replicas: of a collection made on a
    Qdrant server.

    Raises IndexNotFound, IndexLocked, IndexMismatch, IndexDamaged, IndexUnavailable or DiskFull; ConfigInvalid where
    a server's client is not installed.
    """
    scheme, separator, address = str(location).partition("://")
    if separator and scheme in ("postgresql", "postgres"):
        return ProductIndex(_postgres(str(location), width, create))
    if separator and scheme in ("qdrant", "qdrants"):
        from catalog.index.qdrant.backend import QdrantBackend
        from catalog.index.qdrant.connection import connect

        client, collection = connect(address, scheme == "qdrants", os.environ.get("SHELFLENS_QDRANT_API_KEY"))
        return ProductIndex(QdrantBackend.open(client, collection, width, create, shards, replicas))
    from catalog.index.edge.backend import EdgeBackend

    return ProductIndex(EdgeBackend.open(Path(location), width, create))


def _postgres(location: str, width: int | None, create: bool) -> IndexBackend:
    try:
        from catalog.index.postgres.backend import PostgresBackend
    except ImportError as error:
        raise ConfigInvalid(f"An index in PostgreSQL needs {error.name}. {installing('postgres')}") from None
    return PostgresBackend.open(location, width, create)
