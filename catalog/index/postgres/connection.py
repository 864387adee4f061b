"""Connections to the database of an index, and what the server's errors mean."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg import errors, sql
from psycopg_pool import ConnectionPool, PoolTimeout

from catalog.errors import DiskFull, IndexDamaged, IndexFailed, IndexNotFound, IndexUnavailable
from catalog.index.postgres.codec import VectorTypes, register
from catalog.storage.address import Address

# More would not be faster: each search keeps a core of the server busy.
MAX_CONNECTIONS = 10
# How long a request waits for a connection. A lost one is sought for seconds, then again by the next request.
WAIT_SECONDS, RECONNECT_SECONDS = 8, 5
# Plans are made for the values of each query, because how many products pass decides; compiling them takes longer than
# a search. A search of the approximate index goes on until enough products pass its filter.
SETTINGS = {
    "statement_timeout": "30s",
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
    "random_page_cost": "1.1",
    "hnsw.ef_search": "64",
    "hnsw.iterative_scan": "relaxed_order",
    "hnsw.max_scan_tuples": "60000",
    "hnsw.scan_mem_multiplier": "4",
}
NEEDED = (0, 8)  # pgvector's version: the first that goes on searching
# What a server says to whom it does not let in; a failed connection has no error code.
REFUSALS = ("authentication failed", "no password supplied", "no pg_hba.conf entry", "role ")

LOST = (errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow)

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]
Result = TypeVar("Result")


def server_error(error: BaseException) -> IndexFailed | None:
    """What the errors mean, for `translating`: the client's repeat addresses, users and values."""
    match error:
        case errors.DiskFull():
            return DiskFull()
        case errors.InsufficientPrivilege():
            return IndexUnavailable("The user of the database may not do this. Grant it the rights on the schema.")
        case errors.ReadOnlySqlTransaction():
            return IndexUnavailable("The database takes no writes: it is a standby, or set to be read only.")
        case errors.QueryCanceled():
            return IndexUnavailable("The index server took too long to answer.")
        case errors.UndefinedTable() | errors.UndefinedColumn() | errors.DataCorrupted() | errors.IndexCorrupted():
            return IndexDamaged("A table of the index is missing or damaged.")
        case psycopg.OperationalError():
            return _refusal(str(error))
        case psycopg.InterfaceError() | OSError():
            return IndexUnavailable()
        case psycopg.Error():
            return IndexFailed()
    return None


def _refusal(said: str) -> IndexFailed:
    if any(words in said for words in REFUSALS):
        return IndexUnavailable("The index server refuses the user or the password.")
    if "database" in said and "does not exist" in said:
        return IndexNotFound("The server has no database of this name.")
    return IndexUnavailable()


class Database:
    """The schema of an index. Threads may share it."""

    def __init__(self, address: Address, types: VectorTypes) -> None:
        self.address = address
        self._types = types
        self._pool = ConnectionPool(
            address.conninfo,
            kwargs={"autocommit": True},
            configure=self._configure,
            min_size=1,
            max_size=MAX_CONNECTIONS,
            timeout=WAIT_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
            open=True,
        )

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` makes of a connection, in which every statement is a transaction of its own.

        It is begun again if the connection was lost, or if writers waited for each other: so it must do no harm twice.
        """
        try:
            return self._once(work)
        except (errors.DeadlockDetected, errors.SerializationFailure):
            return self._once(work)
        except psycopg.OperationalError as error:
            if isinstance(error, PoolTimeout) or (error.sqlstate and not isinstance(error, LOST)):
                raise
            self._pool.check()  # all of them are lost if the server was restarted
            return self._once(work)

    def _once(self, work: Callable[[Connection], Result]) -> Result:
        with self._pool.connection() as connection:
            return work(connection)

    def connect(self) -> Connection:
        """A connection that is the caller's to close, without a limit of time."""
        connection = psycopg.connect(self.address.conninfo, autocommit=True)
        self._configure(connection)
        connection.execute("SET statement_timeout = 0")
        return connection

    def close(self) -> None:
        self._pool.close()

    def _configure(self, connection: Connection) -> None:
        use_schema(connection, self.address.schema)
        connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in SETTINGS.items()))
        register(connection, self._types)


def use_schema(connection: Connection, schema: str) -> None:
    """Have names mean the tables of this schema, and the types of pgvector wherever they are."""
    found = connection.execute(
        "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'vector'"
    ).fetchone()
    names = [schema, *(found or ())]
    connection.execute(sql.SQL("SET search_path = {}").format(sql.SQL(", ").join(map(sql.Identifier, names))))


def prepare_vectors(connection: Connection, create: bool) -> None:
    """Raises IndexUnavailable where the database has no pgvector, or too old a one."""
    if create:
        # A unique violation: another process has made it at the same time.
        with suppress(
            errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.UndefinedFile, errors.UniqueViolation
        ):
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    found = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    version = tuple(int(part) for part in found[0].split(".")[:2]) if found else ()
    if version < NEEDED:
        raise IndexUnavailable(
            "The database lacks the extension pgvector, 0.8 or later. Install it on the server; then have an"
            " administrator enter, in this database: CREATE EXTENSION vector; (or ALTER EXTENSION vector UPDATE;)."
        )


def vector_types(connection: Connection) -> VectorTypes:
    row = connection.execute("SELECT 'vector'::regtype::oid, 'sparsevec'::regtype::oid").fetchone()
    assert row
    return VectorTypes(*row)
