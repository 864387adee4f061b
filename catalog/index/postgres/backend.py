"""The store in PostgreSQL: several processes, and several machines, may share it."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from catalog.cache import Cache
from catalog.errors import translating
from catalog.index.backend import Amendment, Found, Hit, IndexModel, Order, Point, QueryVector, Terms
from catalog.index.filters import Filter
from catalog.index.postgres import ranked
from catalog.index.postgres.approximate import BUILD_FROM, ApproximateIndex
from catalog.index.postgres.codec import Dense, Sparse, dense, fields, labels, read, stored, term_numbers, terms_of
from catalog.index.postgres.conditions import condition
from catalog.index.postgres.connection import Connection, Database, server_error, vector_types
from catalog.index.postgres.schema import Manifest, prepare_schema
from catalog.index.records import KEYWORD_FIELDS, NUMBER_FIELDS, RECORD_FIELDS
from catalog.storage.address import parse_address

EMBEDDINGS = ("id", "embedding")
RECORDS = ("id", *RECORD_FIELDS)
PRODUCTS = ("id", *NUMBER_FIELDS, "labels", "terms", "weights", "fields")
ALL_FIELDS = (*KEYWORD_FIELDS, *NUMBER_FIELDS, *RECORD_FIELDS)

Result = TypeVar("Result")


class PostgresBackend:
    """A `catalog.index.backend.IndexBackend`."""

    def __init__(self, database: Database, manifest: Manifest, build_from: int = BUILD_FROM) -> None:
        """Takes the database over, and closes it with itself."""
        self.identity, self.width = manifest
        self.cache: Cache[Hashable, Any] = Cache(0)  # others may write, too
        self._database = database
        self._approximate = ApproximateIndex(database, self.width, build_from)

    @classmethod
    @translating(server_error)
    def open(cls, location: str, width: int | None, create: bool, build_from: int = BUILD_FROM) -> "PostgresBackend":
        """Raises IndexNotFound, IndexMismatch, IndexDamaged or IndexUnavailable."""
        address = parse_address(location)
        with psycopg.connect(address.conninfo, autocommit=True) as connection:
            manifest = prepare_schema(connection, address.schema, width, create)
            types = vector_types(connection)
        return cls(Database(address, types), manifest, build_from)

    @property
    def model(self) -> IndexModel | None:
        """Read each time: another process may have named it."""
        [(named,)] = self._read("SELECT model FROM shelflens_index", [])
        return IndexModel.from_json(named or {})

    def name_model(self, model: IndexModel) -> None:
        self._run(lambda db: db.execute("UPDATE shelflens_index SET model = %s", [Jsonb(model.to_json())]))

    def put(self, points: Sequence[Point]) -> None:
        points = sorted(points, key=lambda point: point.id)
        rows = [(point.id, Dense(point.embedding)) for point in points]

        def write(db: Connection) -> None:
            # The embeddings first, which take longest: only from the products on do writers wait for each other.
            with db.pipeline(), db.transaction():
                _replace(db, "embeddings", EMBEDDINGS, rows)
                _replace_products(db, points)

        if points:
            self._run(write)

    def update_payload(self, amendments: Sequence[Amendment]) -> None:
        def write(db: Connection) -> None:
            with db.transaction():
                there = _held(db, [one.id for one in amendments])
                _replace_products(db, [one for one in amendments if one.id in there])

        self._run(write)

    def remove(self, ids: Sequence[UUID]) -> None:
        def write(db: Connection) -> None:
            with db.transaction():
                there = list(_held(db, ids))
                for table in ("embeddings", "records", "products"):
                    db.execute(f"DELETE FROM {table} WHERE id = ANY(%s)", [there])

        self._run(write)

    def purge(self) -> None:
        """Free the space of what was removed; the server overwrites it at its own pace."""

        def vacuum(db: Connection) -> None:
            db.execute("SET statement_timeout = 0")
            try:
                db.execute("VACUUM embeddings, records, products")
            finally:
                db.execute("SET statement_timeout = '30s'")

        self._run(vacuum)

    def fetch(
        self, ids: Sequence[UUID], fields: Sequence[str], embedding: bool = False, keywords: bool = False
    ) -> dict[UUID, Found]:
        if not ids:
            return {}
        return {found.id: found for found in self._found("p.id = ANY(%s)", [list(ids)], fields, embedding, keywords)}

    def search(
        self,
        queries: Sequence[QueryVector],
        limit: int,
        filter: Filter | None,
        fields: Sequence[str] = (),
        keywords: bool = False,
    ) -> list[list[Hit]]:
        passing = condition(filter)

        def search(db: Connection) -> list[list[Hit]]:
            indexed = self._approximate.holds(db)
            return [
                ranked.by_words(db, query, limit, passing)
                if isinstance(query, Terms)
                else ranked.nearest(db, query, limit, passing, indexed)
                for query in queries
            ]

        lists = self._run(search)
        if not (fields or keywords):
            return lists
        found = self.fetch(list({hit.id: None for hits in lists for hit in hits}), fields, keywords=keywords)
        return [[hit._replace(found=found[hit.id]) for hit in hits if hit.id in found] for hits in lists]

    def rarities(self, terms: Sequence[int]) -> dict[int, float]:
        return self._run(lambda db: ranked.rarities(db, terms))

    def count(self, filter: Filter | None) -> int:
        if filter is None:  # known, where counting reads them all
            [(count,)] = self._read("SELECT products FROM shelflens_index", [])
        else:
            where, values = condition(filter)
            [(count,)] = self._read(f"SELECT count(*) FROM products p WHERE {where}", values)
        return int(count)

    def facet(self, field: str, filter: Filter | None) -> dict[str, int]:
        assert field in KEYWORD_FIELDS
        where, values = condition(filter)
        text = (
            # Equal lists are counted before they are taken apart, which takes longer than all else.
            f"SELECT value, sum(counted)::bigint FROM (SELECT p.fields -> '{field}' AS list, count(*) AS counted"
            f" FROM products p WHERE {where} GROUP BY list) AS lists, jsonb_array_elements_text(list) AS value"
            " GROUP BY value"
        )
        return {read(value): count for value, count in self._read(text, values)}

    def in_order(self, order: Order | None, limit: int, filter: Filter | None) -> list[UUID]:
        where, values = condition(filter)
        by = "p.id"
        if order is not None:
            where += f" AND p.{order.field} IS NOT NULL"
            by = f"p.{order.field} {'DESC' if order.descending else 'ASC'}, p.id"
        text = f"SELECT p.id FROM products p WHERE {where} ORDER BY {by} LIMIT {int(limit)}"
        return [id for (id,) in self._read(text, values)]

    def page(self, after: UUID | None, limit: int, filter: Filter | None = None) -> tuple[list[Found], UUID | None]:
        where, values = condition(filter)
        if after is not None:
            where, values = f"p.id >= %s AND {where}", [after, *values]
        found = self._found(f"{where} ORDER BY p.id LIMIT {int(limit) + 1}", values, ALL_FIELDS, embedding=True)
        return found[:limit], found[limit].id if len(found) > limit else None

    def sorted_page(
        self, field: str, descending: bool, after: tuple[float, UUID] | None, limit: int, filter: Filter | None
    ) -> list[tuple[float, Found]]:
        assert field in NUMBER_FIELDS
        where, values = condition(filter)
        where += f" AND p.{field} IS NOT NULL"
        if after is not None:
            where += f" AND (p.{field}, p.id) {'<' if descending else '>'} (%s, %s)"
            values = [*values, *after]
        way = "DESC" if descending else "ASC"
        where += f" ORDER BY p.{field} {way}, p.id {way} LIMIT {int(limit)}"
        return [(one.payload[field], one) for one in self._found(where, values, ALL_FIELDS, embedding=True)]

    def flush(self) -> None:
        """Nothing to do: a server answers a write once it is on its disk."""

    def indexed(self) -> float:
        state = self._run(self._approximate.state)
        return 1.0 if state.built or not state.products else 0.0

    @translating(server_error)
    def wait_until_indexed(self, timeout: float) -> bool:
        return self._approximate.wait(timeout)

    @translating(server_error)
    def close(self) -> None:
        self._approximate.close()
        self._database.close()

    @translating(server_error)
    def _run(self, work: Callable[[Connection], Result]) -> Result:
        return self._database.run(work)

    def _read(self, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._run(lambda db: db.execute(text, values, binary=True).fetchall())

    def _found(
        self, where: str, values: Sequence[Any], wanted: Sequence[str], embedding: bool = False, keywords: bool = False
    ) -> list[Found]:
        """where: a condition of `products p`, and what may follow one."""
        columns = {"id": "p.id"} | {name: f"p.{name}" for name in NUMBER_FIELDS if name in wanted}
        tables = ["products p"]
        if any(name in wanted for name in KEYWORD_FIELDS):
            columns["fields"] = "p.fields"
        if keywords:
            columns |= {"terms": "p.terms", "weights": "p.weights"}
        if embedding:
            columns["embedding"] = "e.embedding"
            tables.append("LEFT JOIN embeddings e ON e.id = p.id")
        if any(name in wanted for name in RECORD_FIELDS):
            columns |= {name: f"r.{name}" for name in RECORD_FIELDS if name in wanted}
            tables.append("LEFT JOIN records r ON r.id = p.id")
        text = f"SELECT {', '.join(columns.values())} FROM {' '.join(tables)} WHERE {where}"
        rows = self._read(text, values)
        return [_found(dict(zip(columns, row, strict=True)), wanted) for row in rows]


def _found(row: Mapping[str, Any], wanted: Sequence[str]) -> Found:
    said = row.get("fields", {})
    payload = {name: [read(value) for value in said[name]] for name in wanted if name in said}
    plain = {name: row[name] for name in (*NUMBER_FIELDS, *RECORD_FIELDS) if row.get(name) is not None}
    embedding = dense(row["embedding"]) if row.get("embedding") else None
    keywords = terms_of(row["terms"], row["weights"]) if "terms" in row else None
    return Found(row["id"], payload | plain, embedding, keywords)


def _held(db: Connection, ids: Iterable[UUID]) -> set[UUID]:
    """Those of the points that exist, which nobody else changes until the transaction ends."""
    locked = "SELECT id FROM embeddings WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
    return {id for (id,) in db.execute(locked, [list(ids)])}


def _replace_products(db: Connection, points: Sequence[Point | Amendment]) -> None:
    """All but the embeddings."""
    records = [(one.id, *(stored(one.payload.get(name, "")) for name in RECORD_FIELDS)) for one in points]
    products = [
        (
            one.id,
            *(one.payload.get(name) for name in NUMBER_FIELDS),
            labels(one.payload),
            term_numbers(one.keywords.indices),
            Sparse(one.keywords),
            Jsonb(fields(one.payload)),
        )
        for one in points
    ]
    _replace(db, "records", RECORDS, records)
    _replace(db, "products", PRODUCTS, products)


def _replace(db: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert them, or replace those that are there. One statement, so that the words are counted once."""
    if not rows:
        return
    row = f"({', '.join(['%s'] * len(columns))})"
    changed = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "id")
    text = (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * len(rows))}"
        f" ON CONFLICT (id) DO UPDATE SET {changed}"
    )
    db.execute(text, [value for row in rows for value in row], prepare=False)
