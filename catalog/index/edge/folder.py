"""The folder of an embedded index: who may open it, what is in it, and what must not be missing.

    index.json      format, width, identity, the folder in use, the files it must have, and the model
    lock            held by the process that has the index open
    shard-000001/   the engine's files; another number after a rebuild

index.json is replaced in one step, so the index is at any moment wholly the old or wholly the new one. Whatever else
a killed process left behind is swept by the next one.
"""

import fcntl
import json
import os
import shutil
import threading
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from catalog.errors import DiskFull, IndexDamaged, IndexFailed, IndexLocked, IndexMismatch, IndexNotFound, translating
from catalog.index.edge.parts import unchanging_files
from catalog.storage.files import is_full

FORMAT = 1
MANIFEST, PARTIAL, LOCK = "index.json", "index.json.partial", "lock"
# The engine writes through memory maps: on a full disk that kills the process, so this much must stay free.
RESERVE_BYTES = 64 * 2**20
# Found by deleting each file of a shard in turn. Of the others the engine rebuilds what it can, or refuses to open.
NECESSARY = (
    "*/segment.json",
    "*/version.info",
    "*/*id_tracker.*",
    "*/vector_storage-embedding/matrix.dat",
    "*/vector_storage-embedding/quantized.data",
    "*/vector_storage-embedding/vectors/*",
    "*/payload_storage/page_*.dat",
    "*/vector_storage-keywords/store/page_*.dat",
)


@dataclass(frozen=True)
class Manifest:
    """shard: the folder in use, "" while the first is being made; unbuilt: points written since the last build;
    files: each necessary file of the shard, relative to it, with its size in bytes when last flushed; model: the
    `IndexModel` whose embeddings these are, empty while that is not known.
    """

    width: int
    identity: str
    created: str
    format: int = FORMAT
    shard: str = ""
    unbuilt: int = 0
    files: dict[str, int] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)


class IndexFolder:
    """Locked from `open` to `close`."""

    def __init__(self, path: Path, lock: IO[bytes], manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._lock = lock
        self._recording = threading.Lock()

    @classmethod
    def open(cls, path: Path, width: int | None, create: bool) -> "IndexFolder":
        """Raises IndexNotFound, IndexLocked, IndexMismatch, IndexDamaged or DiskFull."""
        path = path.absolute()
        may_create = create and width is not None
        check_place(path)
        if not may_create and not (path / MANIFEST).exists():
            raise _not_found(path)
        with translating(folder_error):
            path.mkdir(parents=True, exist_ok=True)
            lock = _locked(path / LOCK)
        try:
            manifest = _read_manifest(path, width, may_create)
            folder = cls(path, lock, manifest)
            folder._sweep()
            return folder
        except BaseException:
            lock.close()
            raise

    @property
    def shard(self) -> Path:
        return self.path / self.manifest.shard

    def new_shard(self) -> Path:
        """An empty folder beside the shard, which counts only once it is recorded."""
        taken = [int(name.name[6:12]) for name in self.path.glob("shard-*") if name.name[6:12].isdigit()]
        path = self.path / f"shard-{max(taken, default=0) + 1:06}"
        path.mkdir()
        return path

    def record(self, shard: Path, unbuilt: int) -> None:
        """Make this the shard in use, with the files it has now. It must have been flushed."""
        self._change(shard=shard.name, unbuilt=unbuilt, files=_necessary_files(shard))

    def name_model(self, model: dict[str, Any]) -> None:
        self._change(model=model)

    def _change(self, **fields: Any) -> None:
        with self._recording:
            recorded = replace(self.manifest, **fields)
            if recorded != self.manifest:
                _write_manifest(self.path, recorded)
                self.manifest = recorded

    def check_files(self) -> None:
        """Raises IndexDamaged when a file is missing or shorter than it was: the engine would read it as empty."""
        present = _necessary_files(self.shard)
        for name, size in self.manifest.files.items():
            if present.get(name, -1) < size:
                raise damaged_file(f"{self.shard.name}/{name}")

    def check_room(self, needed: int) -> None:
        """Raises DiskFull unless `needed` bytes and the reserve are free, IndexDamaged if the folder is gone."""
        try:
            disk = os.statvfs(self.shard)
        except OSError:
            raise IndexDamaged("The folder of the index was removed while it was open.") from None
        if disk.f_bavail * disk.f_frsize < needed + RESERVE_BYTES:
            raise DiskFull

    def close(self) -> None:
        self._lock.close()

    def _sweep(self) -> None:
        """Remove what a killed process left: shards that are not in use."""
        for path in self.path.glob("shard-*"):
            if path.name != self.manifest.shard:
                shutil.rmtree(path, ignore_errors=True)


def damaged_file(name: str) -> IndexDamaged:
    return IndexDamaged(
        f"A file of the index is missing or damaged: {name}. To repair, put the index's folder back from a backup, or"
        " move it away and ingest the feeds again."
    )


def folder_error(error: BaseException) -> IndexFailed | None:
    """What the operating system's errors mean for the folder, for `translating`."""
    if not isinstance(error, OSError):
        return None
    return DiskFull() if is_full(error) else IndexFailed("The folder of the index cannot be written to.")


def copy_shard(source: Path, target: Path, share: bool = False) -> None:
    """Copy a shard that nobody writes to, leaving out the holes: most of a small shard's files are holes.

    share: have one file stand in both where none of them will write it, as far as the disk can do that.
    """
    unchanging = set(unchanging_files(source)) if share else set()
    for folder, _, names in os.walk(source):
        copied = target / Path(folder).relative_to(source)
        copied.mkdir(exist_ok=True)
        for name in names:
            file = Path(folder) / name
            if file in unchanging:
                with suppress(OSError):
                    os.link(file, copied / name)
                    continue
            _copy_file(file, copied / name)


def _copy_file(source: Path, target: Path) -> None:
    with source.open("rb") as reading, target.open("wb") as writing:
        size = os.fstat(reading.fileno()).st_size
        os.ftruncate(writing.fileno(), size)
        end = 0
        while end < size:
            try:
                start = os.lseek(reading.fileno(), end, os.SEEK_DATA)
            except OSError:  # nothing but a hole up to the end
                return
            end = os.lseek(reading.fileno(), start, os.SEEK_HOLE)
            os.lseek(reading.fileno(), start, os.SEEK_SET)
            os.lseek(writing.fileno(), start, os.SEEK_SET)
            while start < end:
                start += os.sendfile(writing.fileno(), reading.fileno(), None, end - start)


def used_bytes(path: Path) -> int:
    """What the files below a folder take on disk, holes not counted."""
    return sum(file.stat().st_blocks * 512 for file in path.rglob("*") if file.is_file())


def check_place(path: Path) -> None:
    """Raises IndexNotFound or IndexDamaged where there is something else than an index."""
    if path.exists() and not path.is_dir():
        raise IndexNotFound(f"{path.name!r} is a file, but an index is a folder.")
    if (path / MANIFEST).exists():
        return
    # What a process leaves that was killed before its first index.json.
    others = {entry.name for entry in path.iterdir()} - {LOCK, PARTIAL} if path.exists() else set()
    if any(name.startswith("shard-") for name in others):
        raise IndexDamaged("The index.json of the index is missing.")
    if others:
        raise IndexNotFound(f"The folder {path.name!r} is not empty and holds no index.")


def _not_found(path: Path) -> IndexNotFound:
    return IndexNotFound(f"There is no index at {path.name!r}. `shelflens ingest` makes one; --index says where.")


def _locked(path: Path) -> IO[bytes]:
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise IndexLocked(
            f"Another process has the index {path.parent.name!r} open. Only one at a time can: end it, or ask the"
            " service that has it."
        ) from None
    return lock


def _read_manifest(path: Path, width: int | None, may_create: bool) -> Manifest:
    if not (path / MANIFEST).exists():
        if width is None or not may_create:
            raise _not_found(path)
        manifest = Manifest(width, uuid.uuid4().hex, datetime.now(UTC).isoformat(timespec="seconds"))
        _write_manifest(path, manifest)
        return manifest
    try:
        manifest = Manifest(**json.loads((path / MANIFEST).read_bytes()))
    except (OSError, ValueError, TypeError):
        raise IndexDamaged("The index's index.json is damaged.") from None
    if not _is_valid(manifest):
        raise IndexDamaged("The index's index.json is damaged.")
    if manifest.format != FORMAT:
        raise IndexMismatch(f"The index has format {manifest.format}; this version of Shelflens reads {FORMAT}.")
    if width is not None and width != manifest.width:
        raise IndexMismatch(f"The index holds embeddings of {manifest.width} numbers, not {width}.")
    return manifest


KINDS: dict[str, type] = {
    "width": int,
    "identity": str,
    "created": str,
    "format": int,
    "shard": str,
    "unbuilt": int,
    "files": dict,
    "model": dict,
}

NAMED = {"version", "folder"}  # of a model, at least


def _is_valid(manifest: Manifest) -> bool:
    has_types = all(isinstance(getattr(manifest, name), kind) for name, kind in KINDS.items())
    return has_types and (not manifest.model or NAMED <= manifest.model.keys() <= {*NAMED, "space", "earlier"})


def _write_manifest(path: Path, manifest: Manifest) -> None:
    with translating(folder_error):
        with (path / PARTIAL).open("w") as file:
            json.dump(asdict(manifest), file)
            file.flush()
            os.fsync(file.fileno())
        (path / PARTIAL).replace(path / MANIFEST)
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _necessary_files(shard: Path) -> dict[str, int]:
    """The files that the engine, without a word, would start anew or read short; they never shrink."""
    files = (path for pattern in NECESSARY for path in (shard / "segments").glob(pattern))
    return {str(path.relative_to(shard)): path.stat().st_size for path in files}
