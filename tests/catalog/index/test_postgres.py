"""What only the index in PostgreSQL can do: be shared, be cut off from its server, build on the server, refuse."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote

import numpy as np
import pytest

from catalog.errors import (
    CatalogError,
    IndexDamaged,
    IndexMismatch,
    IndexNotFound,
    IndexOfOtherModel,
    IndexUnavailable,
)
from catalog.index.backend import IndexModel
from catalog.index.filters import AttributeIs, CategoryUnder, Filter, Not, OneOf, Price
from catalog.index.product_index import ProductIndex, open_index
from catalog.index.query import IndexQuery
from catalog.ingest.ledger import ledger_path
from catalog.product import Offer
from tests.support import postgres
from tests.support.stored import WIDTH, embedding, passes, random_products, same, stored_product

PRODUCTS = random_products(600, seed=3)
CONNECTED = "FROM pg_stat_activity WHERE application_name = 'shelflens'"
# What the counts by which rarity is weighed must be, and are not.
MISCOUNTED = """
    SELECT term, coalesce(kept.products, 0), coalesce(real.products, 0) FROM {schema}.term_counts kept
    FULL JOIN (SELECT term, count(*) AS products FROM {schema}.products, unnest(terms) AS term GROUP BY term) real
    USING (term) WHERE coalesce(kept.products, 0) <> coalesce(real.products, 0)
"""


@pytest.fixture
def location() -> str:
    return postgres.location()


@pytest.fixture
def index(location: str) -> Iterator[ProductIndex]:
    with open_index(location, WIDTH) as index:
        yield index


@pytest.fixture(scope="module")
def built() -> Iterator[ProductIndex]:
    """An index of 600 products with an approximate index, written before, during and after its build."""
    with ProductIndex(postgres.opened(WIDTH, build_from=200)) as index:
        index.upsert(PRODUCTS[:400])
        assert index.indexed == 0
        later = threading.Thread(target=lambda: [index.upsert([one]) for one in PRODUCTS[400:430]])
        later.start()
        assert index.wait_until_indexed(30)
        later.join()
        index.upsert(PRODUCTS[430:])
        assert index.indexed == 1
        yield index


def nearest(vector: np.ndarray, tree: Filter | None, limit: int) -> list[str]:
    within = [one for one in PRODUCTS if passes(tree, one)]
    return [one.id for one in sorted(within, key=lambda one: -float(one.understanding.embedding @ vector))[:limit]]


@pytest.mark.parametrize(
    "tree",
    [None, OneOf("brand", ("Nike",)), CategoryUnder(("clothes",)), Not(Price(gte=19)), AttributeIs("colour", ("red",))],
)
def test_the_approximate_index_finds_the_nearest_that_pass(built: ProductIndex, tree: Filter | None) -> None:
    found = []
    for seed in range(10):
        matches = built.search(IndexQuery(embedding=embedding(seed + 900), filter=tree, limit=10))
        expected = nearest(embedding(seed + 900), tree, 10)
        assert [match.score for match in matches] == sorted((match.score for match in matches), reverse=True)
        found.append(len({match.stored.id for match in matches} & set(expected)) / len(expected))
    assert np.mean(found) >= 0.98


def test_a_page_that_lies_deep_is_found_all_the_same(built: ProductIndex) -> None:
    query = IndexQuery(embedding=embedding(7), limit=100)
    pages = [built.search(replace(query, offset=offset)) for offset in range(0, 700, 100)]
    assert [match.stored.id for page in pages for match in page] == nearest(embedding(7), None, 600)


def test_an_approximate_index_that_was_cut_short_is_not_used_and_is_built_anew(location: str) -> None:
    from catalog.index.postgres.backend import PostgresBackend

    schema = postgres.schema_of(location)
    state = f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{schema}.embeddings_nearest'::regclass"
    with ProductIndex(PostgresBackend.open(location, WIDTH, create=True, build_from=20)) as index:
        index.upsert(PRODUCTS[:50])
        assert index.wait_until_indexed(30)
    postgres.administer(state.replace("SELECT indisvalid FROM pg_index", "UPDATE pg_index SET indisvalid = false"))
    with ProductIndex(PostgresBackend.open(location, WIDTH, create=True, build_from=20)) as index:
        assert index.indexed == 0
        assert index.wait_until_indexed(30)
    assert postgres.administer(state) == [(True,)]


def test_sixteen_threads_write_and_search_while_connections_are_killed(location: str, index: ProductIndex) -> None:
    products = random_products(60, seed=5)
    ended, acknowledged = threading.Event(), set[str]()

    def kill() -> None:
        while not ended.wait(0.05):
            postgres.administer(f"SELECT pg_terminate_backend(pid) {CONNECTED} ORDER BY random() LIMIT 1")

    def persistently(work: object, *arguments: object) -> None:
        """A connection may be killed again while the same is tried again."""
        for _ in range(20):
            try:
                work(*arguments)  # type: ignore[operator]
                return
            except IndexUnavailable:
                continue
        raise AssertionError

    def write(part: int) -> None:
        for one in products[part::10]:
            persistently(index.upsert, [one])
            persistently(index.update_offers, [Offer(replace(one.product, price=1.0), one.hashes)])
            acknowledged.add(one.id)

    def search(seed: int) -> None:
        for number in range(6):
            query = IndexQuery(embedding=embedding(100 * seed + number), keywords="shoe")
            persistently(index.search, query)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with ThreadPoolExecutor(16) as pool:
            done = [*pool.map(write, range(10)), *pool.map(search, range(6))]
    finally:
        ended.set()
        killer.join()
    assert len(done) == 16
    assert acknowledged == {one.id for one in products}
    assert index.count() == index.count(Price(gte=1, lte=1)) == 60
    assert postgres.administer(MISCOUNTED.format(schema=postgres.schema_of(location))) == []


def test_several_processes_count_words_together(location: str, index: ProductIndex) -> None:
    """Two of them stand for processes: each has connections of its own, and no lock in common."""
    with open_index(location, WIDTH) as other:

        def work(number: int) -> None:
            store = (index, other)[number % 2]
            for turn in range(2):
                store.upsert([stored_product(f"p{n}", f"shoe {number} {turn}") for n in range(number % 3, 12, 2)])
            store.delete([f"p{number}"])

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert index.count() == other.count() == sum(one is not None for one in index.get([f"p{n}" for n in range(12)]))
    assert postgres.administer(MISCOUNTED.format(schema=postgres.schema_of(location))) == []


def test_a_restarted_server_is_found_again(index: ProductIndex) -> None:
    index.upsert(PRODUCTS[:20])
    with ThreadPoolExecutor(4) as pool:  # several connections are open, all of which are lost
        list(pool.map(lambda _: index.count(Price(gte=0)), range(20)))
        postgres.restart()
        assert list(pool.map(lambda _: index.count(), range(20))) == [20] * 20
    index.upsert(PRODUCTS[20:30])
    assert index.count() == 30


def test_an_index_is_opened_again_by_several_at_once(location: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: open_index(location, WIDTH), range(6)))
    assert len({index.identity for index in opened}) == 1
    opened[0].upsert(PRODUCTS[:2])
    assert same(opened[1].get([PRODUCTS[1].id])[0], PRODUCTS[1])
    for index in opened:
        index.close()
        index.close()
    with pytest.raises(IndexMismatch, match="of 16 numbers, not 8"):
        open_index(location, 8)


def test_another_process_is_told_of_the_model(location: str, index: ProductIndex) -> None:
    with open_index(location) as other:
        assert other.model is None
        index.claim(IndexModel("model-1", "/models/mine"))
        assert other.model == IndexModel("model-1", "/models/mine")
        index.upsert(PRODUCTS[:1])
        with pytest.raises(IndexOfOtherModel, match="of the model model-1, not of model-2"):
            other.upsert([replace(PRODUCTS[1], model="model-2")])


def test_values_of_any_length_and_sign_are_filtered_by_and_counted(index: ProductIndex) -> None:
    brands = ("x" * 8000, "a\0b", "'; DROP TABLE products; --", "%s", "\ufffd")
    index.upsert([stored_product(str(place), brand=brand) for place, brand in enumerate(brands)])
    assert index.facets(["brand"], limit=10)["brand"] == sorted((brand, 1) for brand in brands)
    for place, brand in enumerate(brands):
        [found] = index.browse(OneOf("brand", (brand,)))
        assert (found.id, found.product.brand) == (str(place), brand)


def test_a_user_who_may_only_read_searches(location: str, index: ProductIndex) -> None:
    index.upsert(PRODUCTS[:20])
    schema = postgres.schema_of(location)
    postgres.administer(
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN",
        f"GRANT USAGE ON SCHEMA {schema} TO reader",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader",
    )
    try:
        with open_index(postgres.location(schema, "reader")) as read:
            assert len(read.search(IndexQuery(embedding=embedding(1), keywords="shoe"))) == 10
            with pytest.raises(IndexUnavailable, match="may not do this"):
                read.upsert(PRODUCTS[:1])
    finally:
        postgres.administer("DROP OWNED BY reader", "DROP ROLE reader")


SECRET = "s3cr3t/@"


def refusal(location: str, **options: object) -> CatalogError:
    with pytest.raises(CatalogError) as caught:
        open_index(location, WIDTH, **options)  # type: ignore[arg-type]
    assert "s3cr3t" not in repr(caught.value)
    assert not caught.value.__cause__
    return caught.value


def test_what_cannot_be_opened_says_why_without_the_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    postgres.administer("DROP ROLE IF EXISTS guarded", f"CREATE ROLE guarded LOGIN PASSWORD '{SECRET}'")
    wrong = refusal(postgres.location(user=f"guarded:{quote('s3cr3t-too')}"))
    assert (type(wrong), wrong.message) == (IndexUnavailable, "The index server refuses the user or the password.")
    unknown = refusal(postgres.location(user="nobody:s3cr3t"))
    assert unknown.message == wrong.message
    away = refusal("postgresql://shop:s3cr3t@127.0.0.1:9/shop")
    assert (type(away), away.message) == (IndexUnavailable, "The index server does not respond.")
    missing = refusal(postgres.location(database="no_such_shop"))
    assert (type(missing), missing.message) == (IndexNotFound, "The server has no database of this name.")
    entitled = refusal(postgres.location(user=f"guarded:{quote(SECRET, safe='')}"))
    assert "may not do this" in entitled.message  # it is let in, but may not make a schema
    assert refusal(postgres.location(), create=False).message == "There is no index at this location."
    assert "s3cr3t" not in caplog.text


@pytest.mark.parametrize(
    "location",
    [
        "postgresql://",
        "postgresql://shop:s3cr3t@host",
        "postgresql://shop:s3cr3t@host:port/shop",
        "postgresql://shop:s3/cr3t@host/shop",
        "postgresql://host/shop?schema=Robert'); DROP TABLE products",
        "postgresql://host/shop?schema=",
        "postgresql://host/shop?colour=red&password=s3cr3t",
        "postgresql://[::1/shop",
    ],
)
def test_an_address_that_cannot_be_read(location: str) -> None:
    said = refusal(location)
    assert type(said) is IndexNotFound
    assert said.message.startswith("The address must read postgresql://user@host:port/database")


def test_a_database_without_pgvector() -> None:
    postgres.administer(
        "DROP DATABASE IF EXISTS bare",
        "DROP ROLE IF EXISTS owner",
        "CREATE ROLE owner LOGIN",
        "CREATE DATABASE bare OWNER owner",
    )
    said = refusal(postgres.location(user="owner", database="bare"))
    assert type(said) is IndexUnavailable
    assert "lacks the extension pgvector, 0.8 or later" in said.message
    assert "CREATE EXTENSION vector;" in said.message
    with open_index(postgres.location(database="bare"), WIDTH) as index:  # one who may, makes it
        assert index.count() == 0


def test_nodes_that_begin_together_make_the_extension_once() -> None:
    postgres.administer("DROP DATABASE IF EXISTS fresh", "CREATE DATABASE fresh")
    location = postgres.location(database="fresh")
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: open_index(location, WIDTH), range(6)))
    assert len({index.identity for index in opened}) == 1
    for index in opened:
        index.close()


def test_a_schema_that_is_not_ours_is_left_alone(location: str) -> None:
    schema = postgres.schema_of(location)
    postgres.administer(f"CREATE SCHEMA {schema}", f"CREATE TABLE {schema}.products (id int)")
    said = refusal(location)
    assert type(said) is IndexDamaged
    assert "was not made by Shelflens, or is incomplete" in said.message
    assert postgres.administer(f"SELECT * FROM {schema}.products") == []


def test_tables_of_a_later_release_are_not_touched(location: str, index: ProductIndex) -> None:
    index.close()
    postgres.administer(f"INSERT INTO {postgres.schema_of(location)}.migrations VALUES (99, now())")
    said = refusal(location)
    assert type(said) is IndexMismatch
    assert "those of the index are of version 99" in said.message


def test_a_table_that_is_lost(location: str, index: ProductIndex) -> None:
    index.upsert(PRODUCTS[:3])
    postgres.administer(f"DROP TABLE {postgres.schema_of(location)}.records")
    with pytest.raises(IndexDamaged, match="table of the index is missing"):
        index.get([PRODUCTS[0].id])


def test_another_password_is_no_other_ledger() -> None:
    ledgers = {ledger_path(f"postgresql://shop{secret}@db/shop?sslmode=require") for secret in ("", ":one", ":two")}
    assert len(ledgers) == 1
    assert ledgers != {ledger_path("postgresql://shop@db/other?sslmode=require")}


def test_price_changes_leave_the_approximate_index_as_it_is(location: str, index: ProductIndex) -> None:
    """Else each would lengthen it by an entry."""
    index.upsert(PRODUCTS[:5])
    rows = f"SELECT id, ctid::text FROM {postgres.schema_of(location)}.embeddings ORDER BY id"
    before = postgres.administer(rows)
    index.update_offers([Offer(replace(one.product, price=7.5), one.hashes) for one in PRODUCTS[:5]])
    assert index.count(Price(gte=7.5, lte=7.5)) == 5
    assert postgres.administer(rows) == before
