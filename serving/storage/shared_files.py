"""Files that a service keeps: in a folder of its own, or, where several nodes share a state, as rows of its database.

A file in the database is copied to the node's folder when it is asked for, since what reads feeds and models reads
paths. What a name stands for never changes once it is whole, so that a copy is as good as what it is a copy of.
"""

import os
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from catalog.errors import translating
from catalog.storage.database import SharedDatabase, Statements, open_store
from catalog.storage.files import write_durably, written_whole
from catalog.storage.sqlite import state_error

# A file that nobody wants is one whose upload was cut off, unless it is so new that it may be one under way.
UNDER_WAY_SECONDS = 600.0
PART = 1024 * 1024
SCHEMA = """
CREATE TABLE IF NOT EXISTS pieces (
    file TEXT NOT NULL, place INTEGER NOT NULL, content BLOB NOT NULL, made REAL NOT NULL, PRIMARY KEY (file, place)
);
"""


class Files(Protocol):
    """Raises StateDamaged where a file cannot be read, DiskFull, or FileNotWritable. folder: of this process alone."""

    folder: Path

    def write(self, name: str, data: bytes) -> None:
        """All of a file, down to the disk."""

    def write_at(self, db: Statements, name: str, offset: int, data: bytes) -> None:
        """These bytes and nothing behind them. db: a transaction with which a database keeps them or does not."""

    def path(self, name: str) -> Path:
        """Where it can be read."""

    def parts(self, name: str) -> Iterator[bytes]: ...
    def remove(self, name: str) -> None: ...
    def sweep(self, wanted: Collection[str | None]) -> None:
        """Remove what crashes have left."""


class FolderFiles:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with translating(state_error):
            folder.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, data: bytes) -> None:
        write_durably(self.folder / name, data)

    def write_at(self, db: Statements, name: str, offset: int, data: bytes) -> None:
        write_at(self.folder / name, offset, data)

    def path(self, name: str) -> Path:
        return self.folder / name

    def parts(self, name: str) -> Iterator[bytes]:
        with translating(state_error), self.path(name).open("rb") as file:
            while part := file.read(PART):
                yield part

    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def sweep(self, wanted: Collection[str | None]) -> None:
        old = time.time() - UNDER_WAY_SECONDS
        for path in self.folder.glob("*"):
            with suppress(OSError):
                if path.name not in wanted and path.stat().st_mtime < old:
                    path.unlink()


class SharedFiles(FolderFiles):
    """kind: what they are, which tells them from others of the database; folder: of the copies."""

    def __init__(self, database: SharedDatabase, kind: str, folder: Path) -> None:
        super().__init__(folder)
        self._kind = f"{kind}/"
        self.file = open_store(database, SCHEMA, "files of jobs and models")

    def write(self, name: str, data: bytes) -> None:
        with self.file.transaction() as db:
            db.execute("DELETE FROM pieces WHERE file = ?", (self._kind + name,))
            for offset in range(0, max(len(data), 1), PART):
                self._add(db, name, offset, data[offset : offset + PART])

    def write_at(self, db: Statements, name: str, offset: int, data: bytes) -> None:
        db.execute("DELETE FROM pieces WHERE file = ? AND place >= ?", (self._kind + name, offset))
        self._add(db, name, offset, data)

    def _add(self, db: Statements, name: str, offset: int, data: bytes) -> None:
        db.execute("INSERT INTO pieces VALUES (?, ?, ?, ?)", (self._kind + name, offset, data, time.time()))

    def path(self, name: str) -> Path:
        """Nothing is there of a file that the database has not."""
        copy = self.folder / name
        if not copy.exists() and self.names(name):
            own = copy.with_name(f"{copy.name}.{os.getpid()}")  # another process may copy it at the same time
            with written_whole(own) as temporary, temporary.open("wb") as file:
                file.writelines(self.parts(name))
            own.replace(copy)
        return copy

    def parts(self, name: str) -> Iterator[bytes]:
        query = "SELECT place, content FROM pieces WHERE file = ? AND place > ? ORDER BY place LIMIT 1"
        place = -1
        while True:
            with self.file.use() as db:
                found = db.execute(query, (self._kind + name, place)).fetchone()
            if found is None:
                return
            place, content = found
            yield content

    def names(self, first: str = "") -> dict[str, float]:
        """The files whose names begin so, with when the last of each was written, in seconds since 1970."""
        query = "SELECT file, max(made) FROM pieces WHERE file >= ? AND file < ? GROUP BY file ORDER BY file"
        begin = self._kind + first
        with self.file.use() as db:
            found = db.execute(query, (begin, begin + chr(0x10FFFF))).fetchall()
        return {file.removeprefix(self._kind): made for file, made in found}

    def remove(self, name: str) -> None:
        super().remove(name)
        with self.file.use() as db:
            db.execute("DELETE FROM pieces WHERE file = ?", (self._kind + name,))

    def sweep(self, wanted: Collection[str | None]) -> None:
        super().sweep(wanted)
        old = time.time() - UNDER_WAY_SECONDS
        for name, made in self.names().items():
            if made < old and name not in wanted:
                self.remove(name)


def write_at(path: Path, offset: int, data: bytes) -> None:
    """These bytes and nothing behind them, down to the disk."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        written = 0
        while written < len(data):
            written += os.pwrite(file, memoryview(data)[written:], offset + written)
        os.ftruncate(file, offset + len(data))
        os.fsync(file)
    except OSError:
        os.ftruncate(file, offset)  # a full disk gets back what the part has taken
        raise
    finally:
        os.close(file)
