"""Feeds that come in parts, as they are larger than a request may be. Each part is on the disk before it is told of, so
whoever was cut off, or met a restart, asks how much is there and goes on. A finished one is for a job to take.
"""

import os
import shutil
import time
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from catalog.errors import DiskFull, translating
from catalog.storage.sqlite import StateFile, state_error
from serving.errors import (
    Overloaded,
    UploadIncomplete,
    UploadNotFound,
    UploadOffsetWrong,
    UploadPartTooLong,
    UploadTooLarge,
)

SCHEMA = """
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY,
    filename TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    received INTEGER NOT NULL,
    touched REAL NOT NULL
) WITHOUT ROWID;
"""
# One that nobody has gone on with for so long is removed.
ABANDONED_SECONDS = 24 * 3600.0


class Upload(NamedTuple):
    """A row of the table. filename: as it is shown; name: of the file here; bytes: how many it will have, of which the
    first `received` are there; touched: when the last of them came.
    """

    id: str
    filename: str
    name: str
    bytes: int
    received: int
    touched: float


class Uploads:
    """Threads may share it, and so may two processes while one takes over. Raises StateDamaged and DiskFull.

    What the table says is there counts, not how long a file is: a part that was cut off is written over.
    """

    def __init__(self, database: Path, folder: Path, max_bytes: int, max_open: int) -> None:
        """folder: of the files; max_bytes: of one upload; max_open: how many there may be at the same time."""
        self.folder, self.max_bytes, self.max_open = folder, max_bytes, max_open
        self.file = StateFile(database, SCHEMA, "jobs, their failed rows and uploads")
        with translating(state_error):
            folder.mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        self.file.close()

    def begin(self, filename: str, name: Callable[[str], str], size: int) -> Upload:
        """filename: as it is shown; name: gives the file's name here for the upload's id; size: bytes.

        Raises UploadTooLarge, Overloaded, or DiskFull where there is no room for it and for the rest of the others.
        """
        if size > self.max_bytes:
            raise UploadTooLarge(f"The file has {size:,} bytes; the limit is {self.max_bytes:,}.")
        self.sweep()
        with translating(state_error), self.file.use() as db:
            open_ones = "SELECT count(*), coalesce(sum(bytes - received), 0) FROM uploads"
            count, missing = db.execute(open_ones).fetchone()
            if count >= self.max_open:
                raise Overloaded(f"{count} uploads are already open. Finish or delete one.")
            if shutil.disk_usage(self.folder).free < size + missing:
                raise DiskFull(f"The service's disk has no room for {size:,} more bytes.")
            id = uuid.uuid4().hex
            upload = Upload(id, filename, name(id), size, 0, time.time())
            db.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?)", upload)
        return upload

    def append(self, id: str, offset: int, data: bytes) -> Upload:
        """Raises UploadNotFound, UploadOffsetWrong or UploadPartTooLong; then nothing was appended."""
        with translating(state_error), self.file.use() as db:
            upload = self.get(id)
            if offset != upload.received:
                raise UploadOffsetWrong(f"The next part starts at byte {upload.received}, not at byte {offset}.")
            end = offset + len(data)
            if end > upload.bytes:
                raise UploadPartTooLong(f"The part ends at byte {end}, but the file has {upload.bytes} bytes.")
            write_at(self.folder / upload.name, offset, data)
            counted = db.execute(
                "UPDATE uploads SET received = ?, touched = ? WHERE id = ? AND received = ?",
                (end, time.time(), id, offset),
            )
            if not counted.rowcount:  # another process was given the same part at the same time
                raise UploadOffsetWrong
            return self.get(id)

    def get(self, id: str) -> Upload:
        """Raises UploadNotFound."""
        with translating(state_error), self.file.use() as db:
            found = db.execute("SELECT * FROM uploads WHERE id = ?", (id,)).fetchone()
        if found is None:
            raise UploadNotFound
        return Upload(*found)

    def whole(self, id: str) -> Upload:
        """Raises UploadNotFound or UploadIncomplete."""
        upload = self.get(id)
        if upload.received < upload.bytes:
            raise UploadIncomplete(f"{upload.received:,} of {upload.bytes:,} bytes of the upload have arrived.")
        return upload

    def remove(self, id: str) -> None:
        """Raises UploadNotFound."""
        with translating(state_error), self.file.use() as db:
            upload = self.get(id)
            if not db.execute("DELETE FROM uploads WHERE id = ?", (id,)).rowcount:
                raise UploadNotFound  # a job has just taken it
            (self.folder / upload.name).unlink(missing_ok=True)

    def names(self) -> Collection[str]:
        """Of the files that belong to an upload."""
        with self.file.use() as db:
            return [name for (name,) in db.execute("SELECT name FROM uploads")]

    def sweep(self) -> None:
        """Remove those that were abandoned."""
        with translating(state_error), self.file.use() as db:
            old = time.time() - ABANDONED_SECONDS
            for (id,) in db.execute("SELECT id FROM uploads WHERE touched < ?", (old,)).fetchall():
                with suppress(UploadNotFound):
                    self.remove(id)


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
