"""What holds the state of a service: a file of SQLite for one process, or a database of PostgreSQL for many.

Both take the same statements, with `?` for a value. Of what differs between the two dialects nothing is used, but for
the types of columns, which `catalog.storage.postgres` has names of its own for.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

from catalog.errors import CatalogError, ConfigInvalid, StateDamaged, installing
from catalog.storage.sqlite import Column, Renamed, StateFile

IDS_AT_ONCE = 500  # in one statement, below what SQLite takes


class Statements(Protocol):
    """A connection. What is executed tells `rowcount`, `fetchone()` and `fetchall()`, and can be iterated over."""

    def execute(self, statement: str, values: Sequence[Any] = ..., /) -> Any: ...
    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Any: ...


class StateStore(Protocol):
    """Some tables, which threads may share. One that is damaged does not keep the rest from being served: whoever uses
    it is told, and so are the log and `damage` ("" while none is known).

    Every statement is a transaction of its own unless `transaction` joins several. A finished one survives a crash.
    """

    @property
    def damage(self) -> str: ...

    def use(self) -> AbstractContextManager[Statements]:
        """Raises DiskFull, StateUnavailable, or what the store was told to raise for whatever else goes wrong."""

    def transaction(self) -> AbstractContextManager[Statements]:
        """All statements of the block, or none; nobody else writes to these tables meanwhile."""

    def now(self) -> float:
        """Seconds since 1970, by the same clock for all who share the tables."""

    def scrub(self) -> bool:
        """Leave nothing on disk of what was deleted or replaced. False while another connection is using the file."""

    def close(self) -> None: ...


class SharedDatabase(Protocol):
    """A database with the tables of several stores, for threads, processes and nodes."""

    def store(
        self, schema: str, holds: str, damaged: type[CatalogError] = ..., added: Sequence[Column | Renamed] = ...
    ) -> StateStore:
        """As of `StateFile`. Raises StateUnavailable."""

    def alone(self, name: str) -> AbstractContextManager[object]:
        """What one thread of all processes at a time is in, as with a `threading.RLock`. Raises StateUnavailable."""

    def close(self) -> None: ...


StorePlace: TypeAlias = Path | SharedDatabase


class State(NamedTuple):
    """Where what belongs to an index, but is not in it, is kept: in files of a folder, or in a database, of which the
    folder then has copies alone.
    """

    folder: Path
    database: SharedDatabase | None = None

    def place(self, name: str) -> StorePlace:
        """name: of a file in the folder."""
        return self.database or self.folder / name

    def has(self, name: str) -> bool:
        """Whether it may hold something. Nothing need be made to find out that nothing is there."""
        return bool(self.database) or (self.folder / name).exists()


def open_store(
    place: StorePlace,
    schema: str,
    holds: str,
    damaged: type[CatalogError] = StateDamaged,
    added: Sequence[Column | Renamed] = (),
) -> StateStore:
    """Raises DiskFull, or StateUnavailable for a database that does not respond."""
    if isinstance(place, Path):
        return StateFile(place, schema, holds, damaged, added)
    return place.store(schema, holds, damaged, added)


def open_database(location: str | None) -> SharedDatabase | None:
    """location: postgresql://…, or None for none. Raises ConfigInvalid."""
    if location is None:
        return None
    try:
        from catalog.storage.postgres import StateDatabase
    except ModuleNotFoundError as error:
        raise ConfigInvalid(f"{error.name} is not installed. {installing('postgres')}") from None
    return StateDatabase(location)


def marks(values: Sequence[object]) -> str:
    """For `IN (…)`."""
    return ", ".join("?" * len(values))


def inserted_id(found: Any) -> int:
    """Of a statement that ends with RETURNING id."""
    ((id,),) = found.fetchall()
    return int(id)
