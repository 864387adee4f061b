"""SQLite files that hold what must not be lost: how they are opened, and what their failures are called."""

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from catalog.errors import CatalogError, DiskFull, StateDamaged
from catalog.storage.files import is_full
from catalog.storage.seal import Unsealed

# Checked before the service answers; what is larger is checked while it answers. Also the most that is written anew.
CHECKED_AT_ONCE_BYTES = 64 * 2**20

# What a damaged database raises. SQLite itself does not look whether a text is UTF-8.
DAMAGE = (sqlite3.Error, UnicodeDecodeError)

logger = logging.getLogger(__name__)


class Column(NamedTuple):
    """kind: its type and default, as SQL has them."""

    table: str
    name: str
    kind: str


class Renamed(NamedTuple):
    """A table that releases before called otherwise."""

    table: str
    before: str


class StateFile:
    """A database that threads may share. One that is damaged does not keep the rest from being served: whoever uses it
    is told, and so are the log and `damage` ("" while none is known).

    Every statement is a transaction of its own unless `transaction` joins several. A finished one survives a loss of
    power. What is deleted is overwritten.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        holds: str,
        damaged: type[CatalogError] = StateDamaged,
        added: Sequence[Column | Renamed] = (),
    ) -> None:
        """holds: what is not served while the file is damaged; damaged: what is raised then; added: what is otherwise
        in a file of an earlier release. Raises DiskFull.
        """
        self.path = path
        self.damage = ""
        self._holds, self._damaged = holds, damaged
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        try:
            self._db = open_database(path, schema, added)
            self._check()
        except (*DAMAGE, OSError) as error:
            if is_full(error):
                raise DiskFull from None
            self._tell()

    @contextmanager
    def use(self) -> Iterator[sqlite3.Connection]:
        """The database, for one thread at a time. Raises DiskFull, or `damaged` for whatever else goes wrong."""
        with self._lock:
            if self._db is None:
                raise self._damaged(self.damage)
            try:
                yield self._db
            except (*DAMAGE, Unsealed, json.JSONDecodeError) as error:
                if is_full(error):
                    raise DiskFull from None
                if is_busy(error):
                    raise self._damaged(f"{self.path.name} is kept by another process. Try again.") from None
                self._tell()
                raise self._damaged(self.damage) from None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """As `use`, with all statements of the block done, or none."""
        with self.use() as db, transaction(db):
            yield db

    def now(self) -> float:
        return time.time()

    def scrub(self) -> bool:
        """Leave nothing on disk of what was deleted or replaced. False while another connection is using the file.

        SQLite overwrites what is deleted, but may have copies of it in pages that it has rearranged: a small file is
        written anew. What a large one holds (images) lies in pages of its own, which are overwritten.
        """
        with self.use() as db:
            db.execute("PRAGMA busy_timeout = 0")
            try:
                if not _log_emptied(db):  # or every try would add a copy of the file to the log
                    return False
                if self.path.stat().st_size <= CHECKED_AT_ONCE_BYTES:
                    db.execute("PRAGMA temp_store = MEMORY")
                    db.execute("VACUUM")
                return _log_emptied(db)
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    raise
                return False
            finally:
                db.execute("PRAGMA busy_timeout = 30000")

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                with suppress(sqlite3.Error):
                    self._db.close()
                self._db = None

    def _check(self) -> None:
        if self.path.stat().st_size <= CHECKED_AT_ONCE_BYTES:
            self._read_whole()
        else:
            threading.Thread(target=self._read_whole, name=f"check {self.path.name}", daemon=True).start()

    def _read_whole(self) -> None:
        """By a connection of its own, so that nobody waits for it."""
        try:
            with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as db:
                sound = db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        except DAMAGE:
            sound = False
        if not sound:
            self._tell()

    def _tell(self) -> None:
        if not self.damage:
            self.damage = (
                f"{self.path.name} is damaged or cannot be read or written: {self._holds} may be missing. To repair,"
                " stop the service and put the file back from a backup, or move it away, with its -wal and -shm, to"
                " begin anew."
            )
            logger.error("a file of the state is damaged", extra={"fields": {"file": self.path.name}})


def open_database(path: Path, schema: str, added: Sequence[Column | Renamed] = ()) -> sqlite3.Connection:
    """The connection may go from thread to thread, but serves one at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")
        for one in added:
            if isinstance(one, Renamed):
                rename_table(db, one)
        db.executescript(schema)
        for one in added:
            if isinstance(one, Column):
                add_column(db, one)
    except BaseException:
        db.close()
        raise
    return db


def rename_table(db: sqlite3.Connection, renamed: Renamed) -> None:
    with transaction(db):
        if db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (renamed.before,)).fetchone():
            db.execute(f"ALTER TABLE {renamed.before} RENAME TO {renamed.table}")


def add_column(db: sqlite3.Connection, column: Column) -> None:
    with transaction(db):
        there = {name for _, name, *_ in db.execute(f"PRAGMA table_info({column.table})")}
        if column.name not in there:
            db.execute(f"ALTER TABLE {column.table} ADD COLUMN {column.name} {column.kind}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All statements of the block, or none."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if db.in_transaction:  # a full disk ends it by itself
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def state_error(error: BaseException) -> CatalogError | None:
    """What the operating system's errors mean for files beside a database, for `translating`."""
    if not isinstance(error, OSError):
        return None
    return DiskFull() if is_full(error) else StateDamaged()


def _log_emptied(db: sqlite3.Connection) -> bool:
    (busy, _, _) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def is_busy(error: BaseException) -> bool:
    """Whether it means that another connection writes."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
