"""The engine of the embedded index, Qdrant Edge: how a shard is made, and the program that builds one.

    python -P builder.py optimize WIDTH BUILD_FROM SEGMENT MEMORY SHARD       index the vectors of a shard in place
    python -P builder.py rewrite WIDTH BUILD_FROM SEGMENT MEMORY FROM SHARD   copy the live points to a new shard first,
                                                                              and print how many could not be read

MEMORY is Cached or Cold: whether products, and vectors as they are, are mapped when the index is opened.

A process of its own, because the engine keeps Python's global lock while it builds, minutes for 200,000 vectors, and
because a full disk kills whoever writes (SIGBUS). It imports nothing of the package, so that it starts at once.
"""

import ctypes
import os
import signal
import sys
from typing import Any, NamedTuple
from uuid import UUID

import qdrant_edge as edge

# As in catalog/index/records.py, which this program does not import; a test compares them.
KEYWORD_FIELDS = (
    "category",
    "product_type",
    "brand",
    "currency",
    "decision",
    "tags",
    "facts",
    "guess",
    "verdict",
    "notes",
    "availability",
    "status",
    "google_product_category",
    "keys",
    "numbers",
    "sale",
    "contradictions",
    "doubles",
)
NUMBER_FIELDS = ("price", "sureness", "added_at", "price_until")
POINTS_AT_ONCE = 1000
# Numbers of a vector beyond this share of all are cut off, so that the steps of one byte are finer.
QUANTILE = 0.99


class Sizes(NamedTuple):
    """width: numbers of a vector; build_from: how many vectors are worth an approximate index; segment: how many points
    a part of the shard is given before the next part is begun. A part is built as a whole, so it bounds the memory.
    """

    width: int
    build_from: int
    segment: int

    def kilobytes(self, vectors: int) -> int:
        return max(vectors * self.width * 4 // 1024, 1)


def shard_config(sizes: Sizes, memory: edge.Memory | None = None) -> edge.EdgeConfig:
    """Vectors of one byte a number are compared, and the best again as they are.

    memory: where products, and vectors as they are, stand; None for where they do.
    """
    worth_building = sizes.kilobytes(sizes.build_from)
    coarse = edge.ScalarQuantizationConfig(edge.ScalarType.Int8, quantile=QUANTILE, memory=edge.Memory.Pinned)
    embedding = edge.EdgeVectorParams(
        size=sizes.width, distance=edge.Distance.Dot, memory=memory, quantization_config=coarse
    )
    return edge.EdgeConfig(
        vectors={"embedding": embedding},
        sparse_vectors={"keywords": edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
        hnsw_config=edge.HnswIndexConfig(m=16, ef_construct=100, full_scan_threshold=2 * worth_building),
        payload_memory=memory,
        optimizers=edge.EdgeOptimizersConfig(
            indexing_threshold=worth_building,
            max_segment_size=sizes.kilobytes(sizes.segment),
            vacuum_min_vector_number=sizes.build_from,
        ),
    )


def make_shard(path: str, sizes: Sizes, memory: edge.Memory = edge.Memory.Cached) -> edge.EdgeShard:
    """An empty shard in an existing empty folder."""
    shard = edge.EdgeShard.create(path, shard_config(sizes, memory))
    index_fields(shard)
    shard.flush()
    return shard


def index_fields(shard: edge.EdgeShard) -> None:
    """Index the fields that filters and facets read, those that the shard lacks: an older one has fewer."""
    present = shard.info().payload_schema
    # Not linked within the approximate index, which would cost more than it finds: filters have ACORN (see stores.py).
    keyword, number = edge.KeywordIndexParams(enable_hnsw=False), edge.FloatIndexParams(enable_hnsw=False)
    for name in (*KEYWORD_FIELDS, *NUMBER_FIELDS):
        if name not in present:
            kind = keyword if name in KEYWORD_FIELDS else number
            shard.update(edge.UpdateOperation.create_field_index(name, kind))


def catch_up(shard: edge.EdgeShard, limit: int) -> int:
    """Have the next write numbered above all that are stored, passing over at most so many numbers. Returns how many
    were passed over.

    The engine numbers a write by its log. One whose number a point has reached it takes for a write that it carried out
    before a crash: it says that all is well and changes nothing. After the log was damaged or removed that is so for a
    while. Raises RuntimeError where `limit` is too few.
    """
    newest = newest_number(shard)
    if is_numbered_above(shard, newest):
        return 0
    nothing = edge.UpdateOperation.delete_points([UUID(int=0)])  # a point that there never is
    for _ in range(min(newest, limit)):
        shard.update(nothing)
    if not is_numbered_above(shard, newest):
        raise RuntimeError("the log of writes is too far behind")
    return newest


def newest_number(shard: edge.EdgeShard) -> int:
    manifest = shard.snapshot_manifest()
    return max((segment["segment_version"] or 0 for segment in manifest.values()), default=0)


def is_numbered_above(shard: edge.EdgeShard, number: int) -> bool:
    """Asked by a write that changes nothing but the newest number: an index of a field that there is already."""
    name, keyword = KEYWORD_FIELDS[0], edge.KeywordIndexParams(enable_hnsw=False)
    shard.update(edge.UpdateOperation.create_field_index(name, keyword))
    return newest_number(shard) > number


def carry(records: list[edge.Record], target: edge.EdgeShard) -> None:
    points = [edge.Point(record.id, record.vector or {}, record.payload) for record in records]
    target.update(edge.UpdateOperation.upsert_points(points))


def rewrite(source: edge.EdgeShard, target: edge.EdgeShard, segment: int) -> int:
    """Builds every `segment` points. Returns how many points the engine could not read and were left behind: they are
    lost already, and must not keep the others from being rewritten.
    """
    after, lost, unbuilt, limit = None, 0, 0, min(POINTS_AT_ONCE, segment)
    while True:
        request = edge.ScrollRequest(offset=after, limit=limit, with_payload=True, with_vector=True)
        try:
            records, after = source.scroll(request)
        except BaseException:  # a panic of the engine is no Exception
            request = edge.ScrollRequest(offset=after, limit=limit, with_payload=False, with_vector=False)
            points, after = source.scroll(request)
            records = [record for point in points for record in readable(source, point.id)]
            lost += len(points) - len(records)
        if records:
            carry(records, target)
            unbuilt += len(records)
        if unbuilt >= segment:
            target.optimize()
            unbuilt = 0
        if after is None:
            return lost


def readable(source: edge.EdgeShard, point: Any) -> list[edge.Record]:
    """The point, or nothing where the engine cannot read it."""
    try:
        return source.retrieve([point], True, True)
    except BaseException:
        return []


def die_with_parent() -> None:
    """Linux only: elsewhere an orphan finishes its build, which nobody then uses."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def main(arguments: list[str]) -> None:
    die_with_parent()
    os.nice(10)  # searches come first
    verb, width, build_from, segment, named, *paths = arguments
    sizes, memory = Sizes(int(width), int(build_from), int(segment)), getattr(edge.Memory, named)
    if verb == "optimize":
        shard = edge.EdgeShard.load(paths[0], shard_config(sizes, memory))
    else:
        shard = make_shard(paths[1], sizes, memory)
        source = edge.EdgeShard.load(paths[0])
        print(rewrite(source, shard, sizes.segment))
        source.close()
    shard.optimize()
    shard.flush()
    shard.close()


if __name__ == "__main__":
    main(sys.argv[1:])
