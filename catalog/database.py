"""SQLite files that hold what must not be lost: how they are opened, and what their failures are called."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.errors import CatalogError, DiskFull


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """Every statement is a transaction of its own unless `transaction` joins several. A finished one survives a loss of
    power. The connection may go from thread to thread, but serves one at a time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.executescript(schema)
    return db


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


@contextmanager
def in_our_words(damaged: type[CatalogError]) -> Iterator[None]:
    """Raises DiskFull, or `damaged` for whatever else SQLite or the disk have to say."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        full = getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(error, "errno", 0) == errno.ENOSPC
        raise (DiskFull if full else damaged) from None
