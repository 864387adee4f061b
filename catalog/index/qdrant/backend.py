"""The distributed store."""

import time
import uuid
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from qdrant_client import QdrantClient, models

from catalog.cache import Cache
from catalog.errors import IndexDamaged, IndexMismatch, IndexNotFound, translating
from catalog.index.backend import (
    ACORN_UP_TO,
    EMBEDDING,
    FILTERED_BREADTH,
    KEYWORDS,
    SEARCH_BREADTH,
    Amendment,
    Dialect,
    Found,
    Hit,
    IndexModel,
    Order,
    Point,
    QueryVector,
    Terms,
    first_by_number,
    page_after,
    rarities_by_search,
    translate,
)
from catalog.index.filters import Filter, Price
from catalog.index.qdrant.connection import server_error
from catalog.index.records import KEYWORD_FIELDS, NUMBER_FIELDS

FORMAT = 1
ALL_VALUES = 1_000_000


class QdrantBackend:
    """A `catalog.index.backend.IndexBackend`."""

    def __init__(self, client: QdrantClient, collection: str, width: int, metadata: Mapping[str, Any]) -> None:
        """Takes the client over, and closes it with itself. metadata: of the collection."""
        self.width = width
        self.identity = str(metadata["identity"])
        self.model = _model(metadata)
        self.cache: Cache[Hashable, Any] = Cache(0)  # others may write, too
        self._client = client
        self._collection = collection

    @classmethod
    @translating(server_error)
    def open(
        cls, client: QdrantClient, collection: str, width: int | None, create: bool, shards: int = 1, replicas: int = 1
    ) -> "QdrantBackend":
        """Raises IndexNotFound, IndexMismatch, IndexDamaged or IndexUnavailable."""
        if not client.collection_exists(collection):
            if width is None or not create:
                raise IndexNotFound
            _make(client, collection, width, shards, replicas)
        config = client.get_collection(collection).config
        dense, metadata = config.params.vectors, config.metadata or {}
        if not isinstance(dense, dict) or EMBEDDING not in dense or "identity" not in metadata:
            raise IndexDamaged("The collection was not made by Shelflens, or is incomplete.")
        if metadata.get("format") != FORMAT:
            raise IndexMismatch(f"This version of Shelflens reads indexes of format {FORMAT}; this is another.")
        if width is not None and width != dense[EMBEDDING].size:
            raise IndexMismatch(f"The index holds embeddings of {dense[EMBEDDING].size} numbers, not {width}.")
        _index_fields(client, collection)  # again, in case the one who made it was stopped before
        return cls(client, collection, dense[EMBEDDING].size, metadata)

    @translating(server_error)
    def name_model(self, model: IndexModel) -> None:
        named = model.to_json()
        metadata = {"format": FORMAT, "identity": self.identity, "model": named.pop("version")} | named
        self._client.update_collection(self._collection, metadata=metadata)
        self.model = model

    @translating(server_error)
    def put(self, points: Sequence[Point]) -> None:
        structs = [
            models.PointStruct(
                id=str(point.id),
                vector={EMBEDDING: point.embedding.tolist(), KEYWORDS: _sparse(point.keywords)},
                payload=dict(point.payload),
            )
            for point in points
        ]
        self._client.upsert(self._collection, structs, wait=True)

    @translating(server_error)
    def update_payload(self, amendments: Sequence[Amendment]) -> None:
        # The payload last: it holds the hashes, by which an amendment that was cut short is seen to be missing.
        vectors = [models.PointVectors(id=str(one.id), vector={KEYWORDS: _sparse(one.keywords)}) for one in amendments]
        payloads = [
            models.OverwritePayloadOperation(
                overwrite_payload=models.SetPayload(payload=dict(one.payload), points=[str(one.id)])
            )
            for one in amendments
        ]
        update = models.UpdateVectorsOperation(update_vectors=models.UpdateVectors(points=vectors))
        self._client.batch_update_points(self._collection, [update, *payloads], wait=True)

    @translating(server_error)
    def remove(self, ids: Sequence[uuid.UUID]) -> None:
        self._client.delete(self._collection, models.PointIdsList(points=[str(one) for one in ids]), wait=True)

    def purge(self) -> None:
        """Left to the server, which rewrites its files when enough of them is stale."""

    @translating(server_error)
    def fetch(
        self, ids: Sequence[uuid.UUID], fields: Sequence[str], embedding: bool = False, keywords: bool = False
    ) -> dict[uuid.UUID, Found]:
        if not ids:
            return {}
        vectors = [name for name, wanted in ((EMBEDDING, embedding), (KEYWORDS, keywords)) if wanted]
        names = [str(one) for one in ids]
        records = self._client.retrieve(self._collection, names, list(fields) or False, vectors or False)
        return {found.id: found for found in map(_found, records)}

    @translating(server_error)
    def search(
        self,
        queries: Sequence[QueryVector],
        limit: int,
        filter: Filter | None,
        fields: Sequence[str] = (),
        keywords: bool = False,
    ) -> list[list[Hit]]:
        condition = _filter(filter)
        acorn = models.AcornSearchParams(enable=True, max_selectivity=ACORN_UP_TO)
        parameters = (
            models.SearchParams(hnsw_ef=SEARCH_BREADTH)
            if filter is None
            else models.SearchParams(hnsw_ef=FILTERED_BREADTH, acorn=acorn)
        )
        requests = [
            models.QueryRequest(
                query=_sparse(vector) if isinstance(vector, Terms) else vector.tolist(),
                using=KEYWORDS if isinstance(vector, Terms) else EMBEDDING,
                filter=condition,
                params=parameters,
                limit=limit,
                with_payload=list(fields) or False,
                with_vector=[KEYWORDS] if keywords else False,
            )
            for vector in queries
        ]
        answers = self._client.query_batch_points(self._collection, requests)
        read = bool(fields) or keywords
        return [
            [Hit(uuid.UUID(str(point.id)), point.score, _found(point) if read else None) for point in answer.points]
            for answer in answers
        ]

    def rarities(self, terms: Sequence[int]) -> dict[int, float]:
        return rarities_by_search(self, terms)

    @translating(server_error)
    def count(self, filter: Filter | None) -> int:
        return self._client.count(self._collection, _filter(filter), exact=True).count

    @translating(server_error)
    def facet(self, field: str, filter: Filter | None) -> dict[str, int]:
        answer = self._client.facet(self._collection, field, _filter(filter), limit=ALL_VALUES, exact=True)
        return {str(hit.value): hit.count for hit in answer.hits}

    @translating(server_error)
    def in_order(self, order: Order | None, limit: int, filter: Filter | None) -> list[uuid.UUID]:
        condition = _filter(filter)
        if order is None:
            records, _ = self._client.scroll(self._collection, condition, limit=limit, with_payload=False)
            return [uuid.UUID(str(record.id)) for record in records]
        direction = models.Direction.DESC if order.descending else models.Direction.ASC
        by = models.OrderBy(key=order.field, direction=direction)

        def read(count: int) -> list[tuple[float, uuid.UUID]]:
            # The imitation of a server leaves `order_value` out, so the number itself is read.
            records, _ = self._client.scroll(
                self._collection, condition, limit=count, order_by=by, with_payload=[order.field]
            )
            return [((record.payload or {})[order.field], uuid.UUID(str(record.id))) for record in records]

        return first_by_number(read, limit, order.descending)

    @translating(server_error)
    def page(
        self, after: uuid.UUID | None, limit: int, filter: Filter | None = None
    ) -> tuple[list[Found], uuid.UUID | None]:
        records, following = self._client.scroll(
            self._collection,
            _filter(filter),
            limit=limit,
            offset=None if after is None else str(after),
            with_payload=True,
            with_vectors=[EMBEDDING],
        )
        return [_found(record) for record in records], None if following is None else uuid.UUID(str(following))

    @translating(server_error)
    def sorted_page(
        self, field: str, descending: bool, after: tuple[float, uuid.UUID] | None, limit: int, filter: Filter | None
    ) -> list[tuple[float, Found]]:
        order = models.OrderBy(
            key=field,
            direction=models.Direction.DESC if descending else models.Direction.ASC,
            start_from=after and after[0],
        )

        def read(count: int) -> list[tuple[float, Found]]:
            records, _ = self._client.scroll(
                self._collection,
                _filter(filter),
                limit=count,
                order_by=order,
                with_payload=True,
                with_vectors=[EMBEDDING],
            )
            return [(float(record.payload[field]), _found(record)) for record in records if record.payload]

        return page_after(read, lambda row: (row[0], row[1].id), descending, after, limit)

    def flush(self) -> None:
        """Nothing to do: a server answers a write once it is in its log."""

    @translating(server_error)
    def indexed(self) -> float:
        count = self.count(None)
        # A server counts the vectors of both kinds, and the keywords are always indexed.
        built = (self._client.get_collection(self._collection).indexed_vectors_count or 0) - count
        return min(max(built / count, 0.0), 1.0) if count else 1.0

    @translating(server_error)
    def wait_until_indexed(self, timeout: float) -> bool:
        end = time.monotonic() + timeout
        while self._client.get_collection(self._collection).status != models.CollectionStatus.GREEN:
            if time.monotonic() >= end:
                return False
            time.sleep(0.2)
        return True

    @translating(server_error)
    def close(self) -> None:
        self._client.close()


def _make(client: QdrantClient, collection: str, width: int, shards: int, replicas: int) -> None:
    client.create_collection(
        collection,
        vectors_config={EMBEDDING: models.VectorParams(size=width, distance=models.Distance.DOT)},
        sparse_vectors_config={KEYWORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)},
        hnsw_config=models.HnswConfigDiff(m=16, ef_construct=100),
        shard_number=shards,
        replication_factor=replicas,
        metadata={"format": FORMAT, "identity": uuid.uuid4().hex},
    )


def _index_fields(client: QdrantClient, collection: str) -> None:
    keyword = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, enable_hnsw=False)
    number = models.FloatIndexParams(type=models.FloatIndexType.FLOAT, enable_hnsw=False)
    kinds: dict[str, models.KeywordIndexParams | models.FloatIndexParams] = {
        **dict.fromkeys(KEYWORD_FIELDS, keyword),
        **dict.fromkeys(NUMBER_FIELDS, number),
    }
    present = client.get_collection(collection).payload_schema
    for name, kind in kinds.items():
        if name not in present:
            client.create_payload_index(collection, name, kind, wait=True)


def _model(metadata: Mapping[str, Any]) -> IndexModel | None:
    """metadata: of the collection."""
    named = {name: metadata[name] for name in ("folder", "space", "earlier") if name in metadata}
    return IndexModel.from_json({"version": metadata["model"]} | named) if metadata.get("model") else None


def _sparse(terms: Terms) -> models.SparseVector:
    return models.SparseVector(indices=list(terms.indices), values=list(terms.weights))


def _found(record: models.Record | models.ScoredPoint) -> Found:
    vectors: dict[str, Any] = record.vector if isinstance(record.vector, dict) else {}
    embedding, keywords = vectors.get(EMBEDDING), vectors.get(KEYWORDS)
    return Found(
        uuid.UUID(str(record.id)),
        record.payload or {},
        None if embedding is None else np.array(embedding, dtype=np.float32),
        None if keywords is None else Terms(keywords.indices, keywords.values),
    )


def _filter(filter: Filter | None) -> models.Filter | None:
    return None if filter is None else translate(filter, DIALECT)


def _one_of(field: str, values: Sequence[str]) -> models.FieldCondition:
    return models.FieldCondition(key=field, match=models.MatchAny(any=list(values)))


def _price(price: Price) -> models.FieldCondition:
    bounds = models.Range(gte=price.gte, lte=price.lte, gt=price.gt, lt=price.lt)
    return models.FieldCondition(key="price", range=bounds)


DIALECT = Dialect(
    one_of=_one_of,
    price=_price,
    lacks=lambda field: models.FieldCondition(key=field, is_empty=True),
    among=lambda points: models.HasIdCondition(has_id=[str(point) for point in points]),
    every=lambda parts: models.Filter(must=list(parts)),
    some=lambda parts: models.Filter(should=list(parts)),
    none=lambda part: models.Filter(must_not=[part]),
)
