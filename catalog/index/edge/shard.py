"""A shard in use: read, written, copied and replaced by another, from several threads."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import qdrant_edge as edge

from catalog.errors import IndexDamaged, IndexFailed, translating
from catalog.index.backend import in_chunks
from catalog.index.edge.builder import Sizes, carry, catch_up, index_fields, make_shard, shard_config
from catalog.index.edge.folder import IndexFolder, copy_shard, damaged_file

# Of a log that lost its writes: so many of its numbers are passed over at most, in less than a minute.
MAX_NUMBERS = 10_000_000
# What a point may take on disk besides its vector: payload, words, index entries, and all of it again in the log.
BYTES_PER_POINT = 8192
# So many points changed during a rebuild are carried over while writers wait; more, while they go on.
CARRIED_WHILE_WAITING = 500

# For each point that is written while a whole segment waits to be built, or is: about as fast as points are built, so
# that a load of any size has few in memory that are not.
SLOWED_SECONDS = 0.0003

READ_AHEAD = ("*/payload_storage/page_*.dat", "*/vector_storage-embedding/matrix.dat")

# Beyond so many whole parts, products and vectors as they are stay on the disk. The first look at each then costs a
# page fault, for some thirty pages a search; mapped, they are 2 kB a product of what `ps` shows.
LARGE = 2

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class OpenShard:
    """The one shard that an index folder has in use.

    Whoever writes holds `_writing`, and so does a copy. Whoever calls the engine holds `_engine`; that costs nothing,
    because the engine keeps Python's global lock for the whole of every call anyway.
    """

    def __init__(self, folder: IndexFolder, sizes: Sizes) -> None:
        """Opens the folder's shard, or makes its first. Raises IndexDamaged or DiskFull."""
        self.sizes = sizes
        self.unbuilt = folder.manifest.unbuilt  # points written since the approximate index was built
        self.dirty = False  # whether anything was written since the last flush
        self.last_write = 0.0  # on the monotonic clock
        self._folder = folder
        self._writing = threading.RLock()
        self._engine = threading.Lock()
        self._in_step = False  # whether the engine is known to number writes on from those that it has
        self.copied = 0  # how many points the last copy had
        self._touched: set[UUID] | None = None  # points changed since a copy was made, while one is worked on
        self._shard: edge.EdgeShard | None = self._opened()
        self.graphs = graphs_of(self._shard)

    @property
    def is_large(self) -> bool:
        """Whether products, and vectors as they are, are to stay on the disk, as of the last copy."""
        return self.copied > LARGE * self.sizes.segment

    def read(self, query: Callable[[edge.EdgeShard], Result]) -> Result:
        with self._engine:
            shard = self._usable()
            with calling_engine():
                return query(shard)

    def write(self, operations: Iterable[edge.UpdateOperation], points: Sequence[UUID]) -> None:
        """Apply operations that touch no other points than these; durable against a kill when this returns."""
        with self._writing:
            self._folder.check_room(4 * len(points) * (4 * self.sizes.width + BYTES_PER_POINT))
            if not self._in_step:
                with self._engine:
                    keep_in_step(self._usable(), self._folder.shard.name)
                self._in_step = True
            for operation in operations:
                with self._engine, calling_engine():
                    self._usable().update(operation)
            if self._touched is not None:
                self._touched.update(points)
            self.unbuilt += len(points)
            self.dirty = True
            self.last_write = time.monotonic()
        if self.unbuilt > self.sizes.segment:
            time.sleep(SLOWED_SECONDS * len(points))

    def flush(self) -> None:
        with self._writing:
            try:
                with self._engine, calling_engine():
                    self._usable().flush()
            except IndexFailed:
                self._folder.check_room(0)  # a full disk is the likeliest reason, and has an error of its own
                raise
            self._folder.record(self._folder.shard, self.unbuilt)
            self.dirty = False

    def copy_to(self, target: Path) -> None:
        """Copy it, while writers wait, and from then on remember which points change."""
        with self._writing:
            self.flush()
            copy_shard(self._folder.shard, target, share=True)
            self.copied = self.read(points_of)
            self._touched = set()

    def forget_copy(self) -> None:
        self._touched = None

    def replace(self, path: Path, whole: bool) -> Path:
        """Use the shard at `path`, built from the last copy, once it has what changed since. Returns the old folder.

        whole: whether it must have all points of the copy. Raises IndexFailed where it does not.
        """
        fresh = _loaded(path, self.sizes)
        try:
            with calling_engine():
                count = points_of(fresh)
            if whole and count != self.copied:
                raise IndexFailed("The index could not be rebuilt. It is unchanged.")
            keep_in_step(fresh, path.name)
            carried = 0
            while True:
                with self._writing:
                    touched, self._touched = self._touched or set(), set()
                    carried += len(touched)
                    if len(touched) <= CARRIED_WHILE_WAITING:
                        self._carry(touched, fresh)
                        with calling_engine():
                            fresh.flush()
                        return self._swap(fresh, path, carried)
                self._carry(touched, fresh)
        except BaseException:
            fresh.close()
            raise

    def close(self) -> None:
        with self._writing:
            if self._shard is not None:
                try:
                    self.flush()
                finally:
                    with self._engine:
                        self._shard.close()
                        self._shard = None

    def _opened(self) -> edge.EdgeShard:
        folder = self._folder
        if folder.manifest.shard:
            folder.check_files()
            return _loaded(folder.shard, self.sizes)
        folder.check_room(0)
        path = folder.new_shard()
        with calling_engine():
            shard = make_shard(str(path), self.sizes)
        folder.record(path, 0)
        return shard

    def _usable(self) -> edge.EdgeShard:
        if self._shard is None:
            raise IndexFailed("The index is closed.")
        if not os.path.exists(self._folder.shard):
            raise IndexDamaged("The folder of the index was removed while it was open.")
        return self._shard

    def _carry(self, points: set[UUID], fresh: edge.EdgeShard) -> None:
        for chunk in in_chunks(points, 256):
            records = self.read(lambda shard, chunk=chunk: shard.retrieve(chunk, True, True))  # type: ignore[misc]
            gone = set(chunk) - {record.id for record in records}
            with calling_engine():
                carry(records, fresh)
                if gone:
                    fresh.update(edge.UpdateOperation.delete_points(list(gone)))

    def _swap(self, fresh: edge.EdgeShard, path: Path, carried: int) -> Path:
        old_path, old = self._folder.shard, self._shard
        self._folder.record(path, carried)
        with self._engine:
            self._shard = fresh
        self.graphs = graphs_of(fresh)
        self._touched = None
        self.unbuilt = carried
        if old is not None:
            with suppress(IndexFailed), calling_engine():  # the new shard is in use already
                old.close()
        return old_path


class EngineFailed(IndexFailed):
    """The engine gave up on what it was asked: where that was to read a point, its record may be damaged."""

    code = "index_failed"


def calling_engine() -> AbstractContextManager[None]:
    """Raises EngineFailed. The engine raises plain Exceptions, and BaseExceptions when it panics."""
    return translating(_engine_error, keep_cause=True)


def _engine_error(error: BaseException) -> EngineFailed | None:
    return None if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError) else EngineFailed()


def points_of(shard: edge.EdgeShard) -> int:
    """Counted, so that a point that a crash left in two parts is one."""
    return shard.count(edge.CountRequest(exact=True))


def graphs_of(shard: edge.EdgeShard) -> int:
    """Of its parts all but the one that is written to."""
    with calling_engine():
        return shard.info().segments_count - 1


def keep_in_step(shard: edge.EdgeShard, name: str) -> None:
    """Have the engine carry out what is written next. Raises IndexDamaged where it would not, and cannot be mended."""
    try:
        with calling_engine():
            numbers = catch_up(shard, MAX_NUMBERS)
    except IndexFailed:
        raise damaged_file(f"one of those in {name}/wal") from None
    if numbers:
        logger.error(
            "the index's log of writes was damaged and is mended; what was stored in the last seconds before a crash"
            " may be missing",
            extra={"fields": {"file": f"{name}/wal", "numbers": numbers}},
        )


def _loaded(path: Path, sizes: Sizes) -> edge.EdgeShard:
    try:
        with calling_engine():
            shard = edge.EdgeShard.load(str(path), shard_config(sizes))
            index_fields(shard)
    except IndexFailed:
        raise damaged_file(f"one of those in {path.name}") from None
    read_ahead(path)
    return shard


def read_ahead(path: Path) -> None:
    """Have the system read what searches read a little of, products and vectors as they are, if it has room for them.

    They are its cache and no memory of this process until it looks at them. After a build the engine has dropped them,
    and the first look at each would wait for the disk.
    """
    if not hasattr(os, "posix_fadvise"):  # macOS
        return
    for pattern in READ_AHEAD:
        for file in (path / "segments").glob(pattern):
            with suppress(OSError), file.open("rb") as opened:
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
