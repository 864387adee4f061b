"""Feeds that come in parts, as they are larger than a request may be. Each part is on the disk before it is told of, so
whoever was cut off, or met a restart, asks how much is there and goes on. A finished one is for a job to take.
"""

import shutil
import time
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import NamedTuple

from catalog.errors import DiskFull, translating
from catalog.storage.database import StorePlace, open_store
from catalog.storage.sqlite import state_error
from serving.errors import (
    Overloaded,
    UploadIncomplete,
    UploadNotFound,
    UploadOffsetWrong,
    UploadPartTooLong,
    UploadTooLarge,
)
from serving.storage.shared_files import Files

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

    def __init__(self, place: StorePlace, files: Files, max_bytes: int, max_open: int) -> None:
        """max_bytes: of one upload; max_open: how many there may be at the same time."""
        self._files, self.max_bytes, self.max_open = files, max_bytes, max_open
        self.file = open_store(place, SCHEMA, "jobs, their failed rows and uploads")

    def close(self) -> None:
        self.file.close()

    def begin(self, filename: str, name: Callable[[str], str], size: int) -> Upload:
        """filename: as it is shown; name: gives the file's name here for the upload's id; size: bytes.

        Raises UploadTooLarge, Overloaded, or DiskFull where there is no room for it and for the rest of the others.
        """
        if size > self.max_bytes:
            raise UploadTooLarge(f"The file has {size:,} bytes; the limit is {self.max_bytes:,}.")
        self.sweep()
        with translating(state_error), self.file.transaction() as db:
            open_ones = "SELECT count(*), CAST(coalesce(sum(bytes - received), 0) AS BIGINT) FROM uploads"
            count, missing = db.execute(open_ones).fetchone()
            if count >= self.max_open:
                raise Overloaded(f"{count} uploads are already open. Finish or delete one.")
            if shutil.disk_usage(self._files.folder).free < size + missing:
                raise DiskFull(f"The service's disk has no room for {size:,} more bytes.")
            id = uuid.uuid4().hex
            upload = Upload(id, filename, name(id), size, 0, time.time())
            db.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?)", upload)
        return upload

    def append(self, id: str, offset: int, data: bytes) -> Upload:
        """Raises UploadNotFound, UploadOffsetWrong or UploadPartTooLong; then nothing was appended."""
        upload = self.get(id)
        if offset != upload.received:
            raise UploadOffsetWrong(f"The next part starts at byte {upload.received}, not at byte {offset}.")
        end = offset + len(data)
        if end > upload.bytes:
            raise UploadPartTooLong(f"The part ends at byte {end}, but the file has {upload.bytes} bytes.")
        now = time.time()
        with translating(state_error), self.file.transaction() as db:
            counted = db.execute(
                "UPDATE uploads SET received = ?, touched = ? WHERE id = ? AND received = ?",
                (end, now, id, offset),
            )
            if not counted.rowcount:  # another process was given the same part at the same time
                raise UploadOffsetWrong
            self._files.write_at(db, upload.name, offset, data)
        return upload._replace(received=end, touched=now)

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
            self._files.remove(upload.name)

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
