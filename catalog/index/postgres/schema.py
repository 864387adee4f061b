"""The tables of an index: made, and brought up to date, by numbered files of SQL in `migrations/`."""

import uuid
from importlib.resources import files
from typing import Any, NamedTuple

from psycopg import errors, sql

from catalog.errors import IndexDamaged, IndexMismatch, IndexNotFound
from catalog.index.postgres.connection import Connection, prepare_vectors, use_schema

MIGRATIONS = "migrations"
FOREIGN = (
    "The schema of this database was not made by Shelflens, or is incomplete. Name one of its own, such as"
    " ?schema=catalog."
)


class Manifest(NamedTuple):
    identity: str
    width: int


def prepare_schema(connection: Connection, schema: str, width: int | None, create: bool) -> Manifest:
    """Make the tables, or those that a release before lacked. width, create: as of `open_index`.

    Raises IndexNotFound, IndexMismatch, IndexDamaged or IndexUnavailable.
    """
    there = _applied(connection, schema)
    if there is None and (width is None or not create):
        raise IndexNotFound
    prepare_vectors(connection, create=there is None)
    known = _migrations()
    if there is not None and max(there, default=0) > max(known):
        raise IndexMismatch(
            f"This version of Shelflens knows the tables up to version {max(known)}; those of the index are of version"
            f" {max(there)}."
        )
    if there is None or not known.keys() <= there:
        _migrate(connection, schema, width)
    use_schema(connection, schema)
    row = connection.execute("SELECT identity, width FROM shelflens_index").fetchone()
    if row is None:
        raise IndexDamaged(FOREIGN)
    found = Manifest(*row)
    if width is not None and width != found.width:
        raise IndexMismatch(f"The index holds embeddings of {found.width} numbers, not {width}.")
    return found


def _migrate(connection: Connection, schema: str, width: int | None) -> None:
    """One at a time, also of several processes that begin together; a step is whole or not done."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('shelflens migrations'), hashtext(%s))", [schema])
        there = _applied(connection, schema)
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        use_schema(connection, schema)
        if there is None:
            connection.execute("CREATE TABLE migrations (version integer PRIMARY KEY, applied timestamptz NOT NULL)")
        for version, statements in _migrations().items():
            if version not in (there or ()):
                connection.execute(statements)
                connection.execute("INSERT INTO migrations VALUES (%s, now())", [version])
        if there is None:
            made = "INSERT INTO shelflens_index (identity, width) VALUES (%s, %s)"
            connection.execute(made, [uuid.uuid4().hex, width])


def _applied(connection: Connection, schema: str) -> set[int] | None:
    """The steps that were done; None of a schema that is not there, or empty. Raises IndexDamaged for another's."""
    tables = {
        name
        for (name,) in connection.execute(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname = %s AND relkind IN ('r', 'p', 'v', 'm', 'f')",
            [schema],
        )
    }
    if not tables:
        return None
    if not {"migrations", "shelflens_index"} <= tables:
        raise IndexDamaged(FOREIGN)
    steps = sql.SQL("SELECT version FROM {}").format(sql.Identifier(schema, "migrations"))
    try:
        return {version for (version,) in connection.execute(steps)}
    except errors.UndefinedColumn:
        raise IndexDamaged(FOREIGN) from None


def _migrations() -> dict[int, Any]:
    """By their numbers, in order."""
    folder = files(__package__) / MIGRATIONS
    found = {int(file.name.partition("_")[0]): file.read_text() for file in folder.iterdir() if file.name[0].isdigit()}
    return {number: sql.SQL(found[number]) for number in sorted(found)}
