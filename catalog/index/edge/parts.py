"""The parts of a shard, which the engine calls segments: one that is written to, and those that are built.

What is written is built into a part of its own, or together with a small part. A part of full size is finished: the
builder need not read it, and its large files stand in a shard and in its copy alike. When many of a part's points are
deleted, it is built anew without them.
"""

from collections.abc import Iterator
from pathlib import Path

# What a built part has, and what of it is never written again. A point that is changed or deleted is marked so in other
# files; changed, it is stored anew in the part that is written to.
VECTORS, COARSE = "vector_storage-embedding/matrix.dat", "vector_storage-embedding/quantized.data"
UNCHANGING = (
    VECTORS,
    COARSE,
    "vector_index-embedding/links_compressed.bin",
    "vector_index-keywords/inverted_index.dat",
    "payload_storage/page_*.dat",
    "vector_storage-keywords/store/page_*.dat",
)
DELETED = "id_tracker.deleted"  # a bit for each point
STATE, MAPPED = "segment.json", b'"in_ram_mmap"'
FULL, MANY_DELETED = 0.8, 0.2
SEGMENTS, ASIDE = "segments", "finished"


def unchanging_files(shard: Path) -> Iterator[Path]:
    built = (part for part in (shard / SEGMENTS).glob("*") if (part / VECTORS).exists())
    return (file for part in built for pattern in UNCHANGING for file in part.glob(pattern))


def set_aside(shard: Path, width: int, size: int, on_disk: bool) -> None:
    """Hide finished parts of a shard that nobody has open. width: numbers of a vector; size: points of a whole part;
    on_disk: whether products, and vectors as they are, are to stay on the disk.
    """
    finished = [part for part in (shard / SEGMENTS).glob("*") if _is_finished(part, width, size, on_disk)]
    (shard / ASIDE).mkdir()
    for part in finished:
        part.rename(shard / ASIDE / part.name)


def put_back(shard: Path) -> None:
    for part in (shard / ASIDE).glob("*"):
        part.rename(shard / SEGMENTS / part.name)
    (shard / ASIDE).rmdir()


def _is_finished(part: Path, width: int, size: int, on_disk: bool) -> bool:
    files = [part / name for name in (VECTORS, COARSE, DELETED, STATE)]
    if not all(file.exists() for file in files):  # written to, or built by an earlier release
        return False
    if on_disk and MAPPED in files[3].read_bytes():
        return False
    points = files[0].stat().st_size // (4 * width)
    deleted = int.from_bytes(files[2].read_bytes(), "little").bit_count()
    return points >= FULL * size and deleted <= MANY_DELETED * points
