"""What the index does with an offer: numbers, spellings, several values, what is not for sale, over every engine."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient

from catalog.index.edge.backend import EdgeBackend
from catalog.index.filters import parse_filter
from catalog.index.keys import sought_numbers
from catalog.index.product_index import LOOK_AGAIN, ProductIndex
from catalog.index.qdrant.backend import QdrantBackend
from catalog.index.query import IndexQuery
from catalog.index.relevance import Floor
from catalog.product import Offer, StoredProduct, Variant
from tests.catalog.index.test_index import ENGINES, make_index
from tests.support import postgres
from tests.support.stored import WIDTH, embedding, quick_folder, random_products, stored_product

# The imitation says once of each that it has neither payload indexes nor an approximate index.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant:UserWarning"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact:UserWarning"),
]

SHOES = Variant({"Size": "41"}, sku="RUN-R41", gtin="4006381333931")
PRODUCTS = (
    stored_product("acme-1", brand="Acme", attributes={"Colour": ("Red", "White"), "Size": ("41", "42")}),
    stored_product("acme-2", brand="ACME", attributes={"color": "red", "size": "42"}, product_type="Home > Kitchen"),
    stored_product("acme-3", brand="acme®", attributes={"颜色": "RED"}, product_type="home>kitchen > Mugs"),
    stored_product("acme-4", brand="Acme", found={"colour": "blue"}, product_type="Home Office"),
    stored_product("upc", gtin="012345678905", sku="TS 1", mpn="AB/12-c", google_product_category="2271"),
    stored_product("runner", variants=(SHOES, Variant(sku="RUN-W42", mpn="W42-2024"))),
    stored_product("sold-out", availability="out_of_stock", sku="GONE-1", brand="Other"),
    stored_product("draft", status="draft", sku="SOON-1", brand="Other"),
    stored_product("live", availability="in_stock", status="active", brand="Other"),
)


@pytest.fixture(scope="module", params=ENGINES)
def shop(request: pytest.FixtureRequest) -> Iterator[ProductIndex]:
    """An index of PRODUCTS that no test changes."""
    with quick_folder() as folder, make_index(request.param, folder) as made:
        made.upsert(PRODUCTS)
        yield made


def passing(index: ProductIndex, document: dict[str, Any]) -> set[str]:
    return {stored.id for stored in index.browse(parse_filter(document), limit=100)}


def found(index: ProductIndex, **query: Any) -> list[str]:
    asked = IndexQuery(**{"embedding": embedding(7), "limit": 100, **query})
    return [match.stored.id for match in index.find(asked).matches]


def by_number(index: ProductIndex, text: str, **query: Any) -> list[str]:
    return found(index, keywords=text, numbers=sought_numbers(text), **query)


@pytest.mark.parametrize("spelling", ["Acme", "ACME", "acme", "\uff21\uff23\uff2d\uff25", " acme "])
def test_a_brand_is_one_however_it_is_written(shop: ProductIndex, spelling: str) -> None:
    assert passing(shop, {"brand": spelling}) == {"acme-1", "acme-2", "acme-3", "acme-4"}


@pytest.mark.parametrize("name", ["colour", "color", "Colour", "Colors", "g:color", "pa_color", "颜色"])
@pytest.mark.parametrize("value", ["red", "Red"])
def test_an_attribute_is_one_whatever_the_shop_calls_it(shop: ProductIndex, name: str, value: str) -> None:
    assert passing(shop, {"attributes": {name: value}}) == {"acme-1", "acme-2", "acme-3"}
    assert "acme-4" in passing(shop, {"not": {"attributes": {name: value}}})


def test_each_of_several_values_matches_and_counts(shop: ProductIndex) -> None:
    assert passing(shop, {"attributes": {"colour": "white"}}) == {"acme-1"}
    assert passing(shop, {"attributes": {"SIZE": "42"}}) == {"acme-1", "acme-2"}
    facets = shop.facets(["colour", "Size", "brand"])
    assert facets["colour"] == [("RED", 3), ("White", 1), ("blue", 1)]
    assert facets["Size"] == [("42", 2), ("41", 1)]
    assert facets["brand"] == [("Acme", 4), ("Other", 3)]
    counted = shop.find(IndexQuery(embedding=embedding(7)), ["color", "size", "brand"]).facets
    assert (counted["color"], counted["size"], counted["brand"]) == tuple(facets.values())


def test_a_product_that_says_the_same_twice_counts_once(shop: ProductIndex) -> None:
    with quick_folder() as folder, make_index("edge", folder) as index:
        index.upsert([stored_product(attributes={"Colour": ("Red", "red"), "color": "RED"})])
        assert index.facets(["colour"]) == {"colour": [("Red", 1)]}


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("Home", {"acme-2", "acme-3"}),
        ("Home > Kitchen", {"acme-2", "acme-3"}),
        ("HOME>kitchen", {"acme-2", "acme-3"}),
        ("Home > Kitchen > Mugs", {"acme-3"}),
        ("Kitchen", set()),
        ("Home Office", {"acme-4"}),
    ],
)
def test_a_merchants_category_is_found_by_each_beginning(shop: ProductIndex, path: str, ids: set[str]) -> None:
    assert passing(shop, {"product_type": path}) == ids


@pytest.mark.parametrize(
    ("document", "ids"),
    [
        ({"gtin": "0012345678905"}, {"upc"}),
        ({"gtin": "4006381333931"}, {"runner"}),
        ({"sku": "run-r41"}, {"runner"}),
        ({"sku": ["ts1", "SOON-1"]}, {"upc", "draft"}),
        ({"mpn": "ab/12c"}, {"upc"}),
        ({"gtin": "RUN-R41"}, set()),
        ({"google_product_category": "2271"}, {"upc"}),
        ({"availability": "Out of stock"}, {"sold-out"}),
        ({"status": ["draft", "archived"]}, {"draft"}),
    ],
)
def test_an_offer_is_filtered_by(shop: ProductIndex, document: dict[str, Any], ids: set[str]) -> None:
    assert passing(shop, document) == ids


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("RUN-R41", "runner"),
        ("run r41", "runner"),
        ("red shoe RUN-R41", "runner"),
        ("SKU:RUN-W42", "runner"),
        ("型号RUN-W42跑鞋", "runner"),
        ("(W42-2024)", "runner"),
        ("4006381333931", "runner"),
        ("400 6381 333931", "runner"),
        ("4006381333931".translate({48 + n: 0xFF10 + n for n in range(10)}), "runner"),
        ("TS 1", "upc"),
        ("ts-1", "upc"),
        ("012345678905", "upc"),
        ("0012345678905", "upc"),
        ("12345678905", "upc"),
        ("acme-3", "acme-3"),
        ("Acme AB/12-C please", "upc"),
    ],
)
def test_a_number_finds_its_product_before_everything(shop: ProductIndex, text: str, id: str) -> None:
    for query in ({}, {"embedding": None}, {"collapse": True}, {"limit": 1}, {"for_sale": True}):
        assert by_number(shop, text, **query)[0] == id
    everything = by_number(shop, text)
    assert sorted(everything) == sorted(stored.id for stored in PRODUCTS)
    pages = [by_number(shop, text, limit=4, offset=offset) for offset in (0, 4, 8)]
    assert [one for page in pages for one in page] == everything


@pytest.mark.parametrize("text", ["red shoe", "summer dress", "On", "runner", "shoe size 42", "抹茶", "- -", ""])
def test_an_ordinary_query_looks_for_no_number_of_its_words(text: str) -> None:
    assert [number for number in sought_numbers(text) if number in text.split()] == []
    assert len(sought_numbers(text)) <= 1


def test_a_thousand_numbers_find_their_products() -> None:
    products = random_products(1000, seed=5)
    numbered = [with_numbers(stored, at) for at, stored in enumerate(products)]
    with quick_folder() as folder, make_index("edge", folder) as index:
        index.upsert(numbered)
        for stored in numbered:
            number = stored.product.identifiers[hash(stored.id) % 4]
            [first] = index.find(IndexQuery(keywords=number, numbers=sought_numbers(number), limit=1)).matches
            assert first.stored.id == stored.id


def with_numbers(stored: StoredProduct, at: int) -> StoredProduct:
    return stored_product(
        stored.id, stored.product.title, sku=f"SKU-{at:04}", gtin=f"{4006381000000 + at}", mpn=f"M{at}/x"
    )


def test_what_is_not_for_sale_is_left_out_only_where_that_is_asked_for(shop: ProductIndex) -> None:
    everything = {stored.id for stored in PRODUCTS}
    assert set(found(shop)) == everything
    assert set(found(shop, for_sale=True)) == everything - {"sold-out", "draft"}
    only = parse_filter({"brand": "other"})
    assert found(shop, for_sale=True, filter=only) == ["live"]
    assert shop.find(IndexQuery(embedding=embedding(7), for_sale=True, filter=only)).total == 1
    answer = shop.find(IndexQuery(embedding=embedding(7), for_sale=True), ["brand", "status"])
    assert answer.total == len(everything) - 2
    assert answer.facets == {"brand": [("Acme", 4), ("Other", 1)], "status": [("active", 1)]}


def test_of_given_products_those_for_sale_are_told_without_reading_them(shop: ProductIndex) -> None:
    ids = ["live", "draft", "acme-2", "sold-out", "acme-1"]
    for _ in range(2):  # before and after the engine knows what is not for sale
        assert shop.for_sale(ids) == ["live", "acme-2", "acme-1"]
        assert shop.for_sale(ids, parse_filter({"brand": "acme"})) == ["acme-2", "acme-1"]
        assert shop.nearest(embedding(7), 3)
    assert shop.for_sale([]) == []
    assert shop.for_sale(["unknown"], parse_filter({"brand": "acme"})) == []
    vectors = shop.vectors(ids)
    whole, known = shop.readable(ids), shop.readable(ids, vectors)
    assert whole.keys() == known.keys() == set(ids)
    for id in ids:
        assert known[id].product == whole[id].product
        assert known[id].understanding.embedding.tobytes() == whole[id].understanding.embedding.tobytes()
    assert shop.titles([*ids, "unknown"]) == {id: whole[id].product.title for id in ids}


def test_what_cannot_be_had_is_found_by_its_number_and_a_draft_is_not(shop: ProductIndex) -> None:
    assert by_number(shop, "GONE-1", for_sale=True)[0] == "sold-out"
    assert "draft" not in by_number(shop, "SOON-1", for_sale=True)
    assert by_number(shop, "SOON-1")[0] == "draft"


def test_a_number_passes_no_filter_and_no_exclusion(shop: ProductIndex) -> None:
    acme = parse_filter({"brand": "Acme"})
    assert "runner" not in by_number(shop, "RUN-R41", filter=acme)
    assert "runner" not in by_number(shop, "RUN-R41", exclude=frozenset({"runner"}))


def test_the_same_number_of_two_products_goes_by_whose_own_it_is() -> None:
    products = [stored_product("9001"), stored_product("b", variants=(Variant(sku="9001"),))]
    with quick_folder() as folder, make_index("edge", folder) as index:
        index.upsert(products)
        assert by_number(index, "9001") == ["9001", "b"]


@pytest.mark.parametrize("unsold", [0, 3, 60, 197])
def test_pages_of_what_is_for_sale_follow_each_other_however_much_is_not(unsold: int) -> None:
    products = random_products(200, seed=8)
    for at in range(unsold):
        products[at] = replace(products[at], product=replace(products[at].product, availability="discontinued"))
    for_sale = {stored.id for stored in products[unsold:]}
    with quick_folder() as folder, make_index("edge", folder) as index:
        index.upsert(products)
        for keywords in ("", "red shoe"):
            asked = {"keywords": keywords, "for_sale": True}
            everything = found(index, **asked) + found(index, **asked, offset=100)
            assert set(everything) == for_sale
            assert len(everything) == len(for_sale)
            kept = [one for one in found(index, keywords=keywords, limit=100) if one in for_sale]
            assert everything[: len(kept)] == kept or keywords
            pages = [found(index, **asked, limit=7, offset=offset) for offset in range(0, 203, 7)]
            assert [one for page in pages for one in page] == everything


def test_a_number_is_found_below_the_floor(shop: ProductIndex) -> None:
    floor = Floor(cosine=2.0, ratio=1.0, share=1.0, wordings=("nothing of the kind",))
    answer = shop.find(
        IndexQuery(embedding=embedding(7), keywords="RUN-R41", numbers=sought_numbers("RUN-R41"), floor=floor)
    )
    assert [match.stored.id for match in answer.matches] == ["runner"]
    assert answer.total == 1
    nothing = shop.find(IndexQuery(embedding=embedding(7), floor=floor, for_sale=True))
    assert nothing.matches == []
    assert not {"sold-out", "draft"} & {match.stored.id for match in nothing.nearest}
    low = replace(floor, cosine=-2.0, ratio=0.0)
    for vector in map(embedding, range(8)):
        near, every = (set(found(shop, embedding=vector, floor=low, for_sale=for_sale)) for for_sale in (True, False))
        assert near == every - {"sold-out", "draft"}


class Clock:
    """A time that a test sets."""

    def __init__(self, text: str) -> None:
        self.set(text)

    def set(self, text: str) -> None:
        self.now = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["edge", "postgres", "qdrant"])
def calendar(request: pytest.FixtureRequest) -> Iterator[tuple[ProductIndex, Clock, Path]]:
    clock = Clock("2026-11-20")
    with quick_folder() as folder:
        if request.param == "edge":
            store: Any = EdgeBackend.open(folder / "index", WIDTH, create=True)
        elif request.param == "postgres":
            store = postgres.opened(WIDTH)
        else:
            store = QdrantBackend.open(QdrantClient(":memory:"), "products", WIDTH, create=True)
        with ProductIndex(store, clock) as index:
            yield index, clock, folder


ON_SALE = {"price": 47.0, "sale_price": 24.95, "sale_dates": "2026-11-27T08:00/2026-11-30"}


def priced(index: ProductIndex) -> list[tuple[str, float | None, float | None]]:
    return [(one.id, one.product.price, one.product.list_price) for one in index.browse(sort="price_asc")]


def test_what_was_stored_together_stays_equally_old(calendar: tuple[ProductIndex, Clock, Path]) -> None:
    index, clock, _ = calendar
    for n in range(20):
        clock.now = 1796069568.4000525 + n * 0.0123457
        index.upsert([stored_product(f"a{n}"), stored_product(f"b{n}")])
        for _ in range(3):
            index.upsert([stored_product(f"b{n}", "Blue shoe")])
        one, other = index.get([f"a{n}", f"b{n}"])
        assert one
        assert other
        assert one.added_at == other.added_at


def test_a_sale_that_begins_and_ends_after_the_ingest_changes_the_price(
    calendar: tuple[ProductIndex, Clock, Path],
) -> None:
    index, clock, _ = calendar
    index.upsert([stored_product("shoe", **ON_SALE), stored_product("other", price=30.0)])
    assert priced(index) == [("other", 30.0, None), ("shoe", 47.0, None)]
    clock.set("2026-11-27T08:00")
    assert passing(index, {"price": {"lt": 25}}) == {"shoe"}
    assert priced(index) == [("shoe", 24.95, 47.0), ("other", 30.0, None)]
    [found] = [match.stored.product for match in index.search(IndexQuery(embedding=embedding(7), limit=1))]
    assert found.price in (24.95, 30.0)
    clock.set("2026-12-01")
    assert passing(index, {"price": {"lt": 25}}) == set()
    assert index.count(parse_filter({"price": {"gte": 47}})) == 1
    assert [stored and stored.product.price for stored in index.get(["shoe"])] == [47.0]


def test_many_sales_begin_at_once_and_what_is_stored_later_counts(calendar: tuple[ProductIndex, Clock, Path]) -> None:
    index, clock, _ = calendar
    index.upsert([stored_product(f"shoe-{number}", **ON_SALE) for number in range(300)])
    clock.set("2026-11-28")
    assert index.count(parse_filter({"price": {"lt": 25}})) == 300
    [late] = index.upsert([stored_product("late", **ON_SALE)])
    assert (late.product.price, late.product.list_price) == (24.95, 47.0)
    clock.now += LOOK_AGAIN
    assert index.count(parse_filter({"price": {"lt": 25}})) == 301
    clock.set("2026-12-01")
    assert index.count(parse_filter({"price": {"lt": 25}})) == 0


def test_a_new_offer_with_another_sale_is_followed(calendar: tuple[ProductIndex, Clock, Path]) -> None:
    index, clock, _ = calendar
    [stored] = index.upsert([stored_product("shoe", price=47.0)])
    assert priced(index) == [("shoe", 47.0, None)]
    index.update_offers([Offer(replace(stored.product, **ON_SALE), stored.hashes)])
    clock.set("2026-11-29")
    assert priced(index) == [("shoe", 24.95, 47.0)]
    before = index.get(["shoe"])[0]
    assert before
    assert before.understanding.embedding.shape == (WIDTH,)
