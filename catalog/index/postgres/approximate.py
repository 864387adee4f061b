"""pgvector's approximate index (HNSW) over the embeddings in half precision: when it is built, and whether it is there.

The server builds it while products are searched and written, and also when the process that asked for it has ended. One
that was cut short is not used, and is built anew.
"""

import logging
import threading
import time
from contextlib import suppress
from typing import NamedTuple

import psycopg
from psycopg import pq, sql

from catalog.errors import IndexFailed
from catalog.index.postgres.connection import Connection, Database

NAME = "embeddings_nearest"
# How many embeddings are worth it; fewer are compared one by one, in a few milliseconds.
BUILD_FROM = 10_000
# A build waits until nothing was written for so long: each product that comes later costs more than one of the build.
QUIET_SECONDS = 5
LOOK_AGAIN_SECONDS, TRY_AGAIN_SECONDS = 5, 600
# Bytes of a product in the graph besides its numbers of two bytes each: its links, and what the allocator adds.
LINKS = 500
LEAST_MEMORY_MB, MAX_MEMORY_MB = 64, 2048

logger = logging.getLogger(__name__)


class State(NamedTuple):
    """built: ready to be used; products: how many there are; quiet: seconds since the last of them was written."""

    built: bool
    products: int
    quiet: float


class ApproximateIndex:
    """Of one collection. Threads may share it."""

    def __init__(self, database: Database, width: int, build_from: int = BUILD_FROM) -> None:
        self._database = database
        self._width = width
        self._build_from = build_from
        self._lock = threading.Lock()
        self._built = False
        self._products = 0
        self._look_at = 0.0  # when to look again whether it is there, and whether to build it
        self._try_at = 0.0
        self._build: Connection | None = None  # the one that builds it

    def holds(self, connection: Connection) -> int:
        """How many products about, 0 while it is not there. A search that finds that it is not has it built."""
        if time.monotonic() >= self._look_at:
            self._look(self.state(connection))
        return self._products if self._built else 0

    def state(self, connection: Connection) -> State:
        row = connection.execute(
            "SELECT coalesce((SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)), false), products,"
            " extract(epoch FROM clock_timestamp() - written)::float8 FROM shelflens_index",
            [NAME],
        ).fetchone()
        assert row
        return State(*row)

    def wait(self, timeout: float) -> bool:
        """Have it built if it is worth it, without waiting for a quiet moment. False if time ran out."""
        end = time.monotonic() + timeout
        while True:
            state = self._database.run(self.state)
            self._look(state._replace(quiet=float("inf")))
            if state.built or state.products < self._build_from:
                return True
            if self._build is None and time.monotonic() < self._try_at:
                raise IndexFailed("The approximate index could not be built; searches compare every product.")
            if time.monotonic() >= end:
                return False
            time.sleep(0.1)

    def close(self) -> None:
        """Have the server go on alone with what is worth building."""
        with suppress(psycopg.Error):
            self._look(self._database.run(self.state)._replace(quiet=float("inf")))
        with self._lock:
            if self._build is not None:
                self._build.close()

    def _look(self, state: State) -> None:
        with self._lock:
            now = time.monotonic()
            self._built, self._products = state.built, state.products
            self._look_at = now + LOOK_AGAIN_SECONDS
            if self._build is not None and _ended(self._build):
                self._build.close()
                self._build = None
                if not state.built:
                    self._built = self._database.run(self.state).built
                    self._try_at = now if self._built else now + TRY_AGAIN_SECONDS
            wanted = not self._built and state.products >= self._build_from and state.quiet >= QUIET_SECONDS
            if wanted and self._build is None and now >= self._try_at:
                self._build = self._begin(state.products)

    def _begin(self, products: int) -> Connection | None:
        """Send the server the order to build, unless another process has; it carries it out even if we go."""
        connection = self._database.connect()
        try:
            schema = self._database.address.schema
            held = "SELECT pg_try_advisory_lock(hashtext('shelflens build'), hashtext(%s))"
            if connection.execute(held, [schema]).fetchone() != (True,) or self.state(connection).built:
                connection.close()
                return None
            connection.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(sql.Identifier(schema, NAME)))
            connection.execute("ANALYZE embeddings, products")
            needed = products * (2 * self._width + LINKS) // 2**20
            memory = f"SET maintenance_work_mem = '{min(max(needed, LEAST_MEMORY_MB), MAX_MEMORY_MB)}MB'"
            connection.execute(memory)
            connection.pgconn.send_query(
                f"CREATE INDEX CONCURRENTLY {NAME} ON embeddings USING hnsw"
                f" ((embedding::halfvec({self._width})) halfvec_ip_ops) WITH (m = 16, ef_construction = 100)".encode()
            )
            while connection.pgconn.flush():
                time.sleep(0.01)
        except BaseException:
            connection.close()
            raise
        return connection


def _ended(build: Connection) -> bool:
    """Whether the server has answered. The log says of a failure why, as the server does."""
    try:
        build.pgconn.consume_input()
        if build.pgconn.is_busy():
            return False
        result = build.pgconn.get_result()
        if result is not None and result.status == pq.ExecStatus.FATAL_ERROR:
            logger.error("the approximate index could not be built", extra={"fields": {"said": result.error_message}})
    except psycopg.Error:
        logger.warning("the server was lost while it built the approximate index")
    return True
