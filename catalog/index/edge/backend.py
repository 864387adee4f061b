"""The embedded store: Qdrant Edge in a folder of its own, open in one process at a time."""

from collections.abc import Hashable, Mapping, Sequence, Sized
from pathlib import Path
from typing import Any
from uuid import UUID

import qdrant_edge as edge

from catalog.cache import Cache
from catalog.errors import IndexDamaged
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
    Ranked,
    Terms,
    first_by_number,
    page_after,
    rarities_by_search,
    translate,
)
from catalog.index.edge.builder import Sizes
from catalog.index.edge.folder import IndexFolder
from catalog.index.edge.optimizer import Optimizer
from catalog.index.edge.points import Scored, found_of, sparse, uuid_of
from catalog.index.edge.shard import EngineFailed, OpenShard
from catalog.index.filters import Filter, Price
from catalog.index.records import RECORD, RECORD_FIELDS

# How many vectors are worth an approximate index; fewer are compared one by one, in about a millisecond.
BUILD_FROM = 10_000
# How many are built at once, also in the middle of a load: more of them take more memory, fewer make more graphs, and
# every search goes through all graphs. Four of 25,000 took three times as long as one of 100,000.
SEGMENT = 200_000
# Among so many graphs each needs to find few of the best: recall of 1.00 at half the breadth, in half the time.
SEVERAL_GRAPHS = 4
# How many times the number of results are compared again in full precision; of a long list as many as there are, which
# takes half the time, and leaves the first hundred the same.
OVERSAMPLING, OVERSAMPLED_UP_TO = 2.0, 100
ALL_VALUES = 1_000_000
# Of the cache: so many numbers or points, each of some hundred bytes.
CACHE_SIZE = 20_000


class EdgeBackend:
    """A `catalog.index.backend.IndexBackend`."""

    def __init__(self, folder: IndexFolder, build_from: int = BUILD_FROM, segment: int = SEGMENT) -> None:
        """Takes the folder over, and closes it with itself."""
        self.width = folder.manifest.width
        self.identity = folder.manifest.identity
        self.cache: Cache[Hashable, Any] = Cache(CACHE_SIZE, size)
        self._folder = folder
        self._live = OpenShard(folder, Sizes(self.width, build_from, segment))
        self._optimizer = Optimizer(folder, self._live)

    @classmethod
    def open(
        cls, path: Path, width: int | None, create: bool = True, build_from: int = BUILD_FROM, segment: int = SEGMENT
    ) -> "EdgeBackend":
        """Raises IndexNotFound, IndexLocked, IndexMismatch, IndexDamaged or DiskFull."""
        folder = IndexFolder.open(path, width, create)
        try:
            return cls(folder, build_from, segment)
        except BaseException:
            folder.close()
            raise

    @property
    def model(self) -> IndexModel | None:
        return IndexModel.from_json(self._folder.manifest.model)

    def name_model(self, model: IndexModel) -> None:
        self._folder.name_model(model.to_json())

    def put(self, points: Sequence[Point]) -> None:
        written = [
            edge.Point(
                point.id,
                {EMBEDDING: point.embedding.tolist(), KEYWORDS: sparse(point.keywords)},
                dict(point.payload),
            )
            for point in points
        ]
        self._write([edge.UpdateOperation.upsert_points(written)], {point.id: point.payload for point in points})

    def update_payload(self, amendments: Sequence[Amendment]) -> None:
        # The payload last: it holds the hashes, by which an amendment that was cut short is seen to be missing.
        keywords = [edge.PointVectors(one.id, {KEYWORDS: sparse(one.keywords)}) for one in amendments]
        payloads = [edge.UpdateOperation.overwrite_payload([one.id], dict(one.payload)) for one in amendments]
        written = {one.id: one.payload for one in amendments}
        self._write([edge.UpdateOperation.update_vectors(keywords), *payloads], written)

    def remove(self, ids: Sequence[UUID]) -> None:
        self._write([edge.UpdateOperation.delete_points(list(ids))], dict.fromkeys(ids))

    def purge(self) -> None:
        self._optimizer.purge()

    def fetch(
        self, ids: Sequence[UUID], fields: Sequence[str], embedding: bool = False, keywords: bool = False
    ) -> dict[UUID, Found]:
        if not ids:
            return {}
        vectors = [name for name, wanted in ((EMBEDDING, embedding), (KEYWORDS, keywords)) if wanted]
        try:
            records = self._live.read(lambda shard: shard.retrieve(list(ids), list(fields) or False, vectors or False))
        except EngineFailed:
            if len(ids) == 1:
                return {ids[0]: Found(ids[0], {})}
            parts = [self.fetch([id], fields, embedding, keywords) for id in ids]
            return {id: found for part in parts for id, found in part.items()}
        return {found.id: found for found in map(found_of, records)}

    def search(
        self,
        queries: Sequence[QueryVector],
        limit: int,
        filter: Filter | None,
        fields: Sequence[str] = (),
        keywords: bool = False,
    ) -> Sequence[Sequence[Ranked]]:
        try:
            return self._ranked(queries, limit, filter, fields, keywords)
        except EngineFailed:
            if not (fields or keywords):
                raise
        lists = self._ranked(queries, limit, filter, (), False)
        found = self.fetch(list({hit.id: None for hits in lists for hit in hits}), fields, keywords=keywords)
        return [[Hit(hit.id, hit.score, found.get(hit.id)) for hit in hits] for hits in lists]

    def _ranked(
        self, queries: Sequence[QueryVector], limit: int, filter: Filter | None, fields: Sequence[str], keywords: bool
    ) -> list[list[Scored]]:
        condition = _filter(filter)
        acorn = edge.AcornSearchParams(enable=True, max_selectivity=ACORN_UP_TO)
        oversampling = OVERSAMPLING if limit <= OVERSAMPLED_UP_TO else 1.0
        exact = edge.QuantizationSearchParams(rescore=True, oversampling=oversampling)
        parameters = (
            edge.SearchParams(hnsw_ef=self._breadth(), quantization=exact)
            if filter is None
            else edge.SearchParams(hnsw_ef=FILTERED_BREADTH, acorn=acorn, quantization=exact)
        )
        requests = [
            edge.QueryRequest(
                limit=limit,
                query=edge.Query.Nearest(sparse(vector), using=KEYWORDS)
                if isinstance(vector, Terms)
                else edge.Query.Nearest(vector.tolist(), using=EMBEDDING),
                filter=condition,
                params=parameters,
                with_payload=list(fields) or False,
                with_vector=[KEYWORDS] if keywords else False,
            )
            for vector in queries
        ]
        lists = self._live.read(lambda shard: shard.query_batch(edge.QueryBatchRequest(requests)))
        return [list(map(Scored, points)) for points in lists]

    def _breadth(self) -> int:
        return SEARCH_BREADTH if self._live.graphs < SEVERAL_GRAPHS else SEARCH_BREADTH // 2

    def rarities(self, terms: Sequence[int]) -> dict[int, float]:
        return rarities_by_search(self, terms)

    def count(self, filter: Filter | None) -> int:
        if filter is None:  # known, where counting 200,000 takes 10 ms
            return self._live.read(lambda shard: shard.info().points_count)
        condition = _filter(filter)
        return self._live.read(lambda shard: shard.count(edge.CountRequest(exact=True, filter=condition)))

    def facet(self, field: str, filter: Filter | None) -> dict[str, int]:
        request = edge.FacetRequest(field, limit=ALL_VALUES, exact=True, filter=_filter(filter))
        return {str(hit.value): hit.count for hit in self._live.read(lambda shard: shard.facet(request)).hits}

    def in_order(self, order: Order | None, limit: int, filter: Filter | None) -> list[UUID]:
        condition = _filter(filter)
        if order is None:
            request = edge.ScrollRequest(limit=limit, filter=condition, with_payload=False, with_vector=False)
            return [uuid_of(record.id) for record in self._live.read(lambda shard: shard.scroll(request))[0]]
        by = edge.OrderBy(order.field, direction=edge.Direction.Desc if order.descending else edge.Direction.Asc)

        def read(count: int) -> list[tuple[float, UUID]]:
            asked = edge.ScrollRequest(
                limit=count, filter=condition, order_by=by, with_payload=False, with_vector=False
            )
            records, _ = self._live.read(lambda shard: shard.scroll(asked))
            return [(record.order_value or 0.0, uuid_of(record.id)) for record in records]

        return first_by_number(read, limit, order.descending)

    def page(self, after: UUID | None, limit: int, filter: Filter | None = None) -> tuple[list[Found], UUID | None]:
        try:
            return self._page(after, limit, filter, whole=True)
        except EngineFailed:
            points, following = self._page(after, limit, filter, whole=False)
        found = self.fetch([point.id for point in points], RECORD_FIELDS, embedding=True)
        return [found[point.id] for point in points if point.id in found], following

    def _page(
        self, after: UUID | None, limit: int, filter: Filter | None, whole: bool
    ) -> tuple[list[Found], UUID | None]:
        """whole: with payload and embedding."""
        request = edge.ScrollRequest(
            offset=after,
            limit=limit,
            filter=_filter(filter),
            with_payload=whole,
            with_vector=[EMBEDDING] if whole else False,
        )
        records, following = self._live.read(lambda shard: shard.scroll(request))
        return [found_of(record) for record in records], None if following is None else uuid_of(following)

    def sorted_page(
        self, field: str, descending: bool, after: tuple[float, UUID] | None, limit: int, filter: Filter | None
    ) -> list[tuple[float, Found]]:
        order = edge.OrderBy(
            field, edge.Direction.Desc if descending else edge.Direction.Asc, start_from=after and after[0]
        )

        def read(count: int) -> list[tuple[float, Found]]:
            request = edge.ScrollRequest(
                limit=count, filter=_filter(filter), with_payload=True, with_vector=[EMBEDDING], order_by=order
            )
            records, _ = self._live.read(lambda shard: shard.scroll(request))
            return [(float(record.order_value or 0.0), found_of(record)) for record in records]

        return page_after(read, lambda row: (row[0], row[1].id), descending, after, limit)

    def flush(self) -> None:
        self._live.flush()

    def indexed(self) -> float:
        count = self.count(None)
        return 1 - min(self._live.unbuilt, count) / count if count else 1.0

    def wait_until_indexed(self, timeout: float) -> bool:
        return self._optimizer.wait_until_built(timeout)

    def close(self) -> None:
        self._optimizer.close()
        try:
            self._live.close()
        finally:
            self._folder.close()

    def _write(
        self, operations: Sequence[edge.UpdateOperation], written: Mapping[UUID, Mapping[str, Any] | None]
    ) -> None:
        """written: each point's payload, None of one that is to be gone. Raises IndexDamaged where it was not kept: the
        engine says that all is well, too, when it takes a write for one that it has carried out before.
        """
        try:
            self._live.write(operations, list(written))
        finally:
            self.cache.clear()
        self._optimizer.notice()
        kept = self.fetch(list(written), (RECORD,))
        for id, payload in written.items():
            if (kept[id].payload.get(RECORD) if id in kept else None) != (payload and payload[RECORD]):
                raise IndexDamaged(
                    "The index lost a write: one of its files is damaged. To repair, copy it with"
                    " `shelflens index copy`, put its folder back from a backup, or move it away and ingest the feeds"
                    " again."
                )


def size(value: Any) -> int:
    """Of what the cache keeps: how many points, or one."""
    return len(value) if isinstance(value, Sized) else 1


def _filter(filter: Filter | None) -> edge.Filter | None:
    return None if filter is None else translate(filter, DIALECT)


def _one_of(field: str, values: Sequence[str]) -> edge.FieldCondition:
    return edge.FieldCondition(field, match=edge.MatchAny(list(values)))


def _price(price: Price) -> edge.FieldCondition:
    bounds = edge.RangeFloat(gte=price.gte, lte=price.lte, gt=price.gt, lt=price.lt)
    return edge.FieldCondition("price", range=bounds)


DIALECT = Dialect(
    one_of=_one_of,
    price=_price,
    lacks=lambda field: edge.FieldCondition(field, is_empty=True),
    among=lambda points: edge.HasIdCondition(set(points)),
    every=lambda parts: edge.Filter(must=list(parts)),
    some=lambda parts: edge.Filter(should=list(parts)),
    none=lambda part: edge.Filter(must_not=[part]),
)
