"""The product index, the same tests over every engine.

"edge" is the embedded engine; "postgres" a real PostgreSQL with pgvector; "qdrant" the client's own in-memory imitation
of a server; "server" a real one, when SHELFLENS_TEST_QDRANT_URL names it, such as qdrant://localhost:6333.
"""

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qdrant_client import QdrantClient

from catalog.errors import (
    IndexMismatch,
    IndexNotFound,
    IndexUnavailable,
    ProductInvalid,
    ProductNotFound,
    SearchEmpty,
    SearchInvalid,
)
from catalog.index.backend import Hit, Terms
from catalog.index.filters import CategoryUnder, Filter, Not, OneOf, Or, Price
from catalog.index.keywords import document_terms, query_terms, wordings
from catalog.index.listing import Sort
from catalog.index.product_index import ProductIndex, open_index
from catalog.index.qdrant.backend import QdrantBackend
from catalog.index.query import NEAR_DUPLICATE_COSINE, IndexQuery
from catalog.index.ranking import fuse
from catalog.index.records import keyword_text, point_id
from catalog.index.relevance import Floor, Relevant
from catalog.product import Match, Offer, Product, StoredProduct, StoredVersion
from tests.support import postgres
from tests.support.stored import (
    WIDTH,
    embedding,
    passes,
    quick_folder,
    random_filter,
    random_products,
    same,
    stored_product,
    unit,
)

SERVER = os.environ.get("SHELFLENS_TEST_QDRANT_URL")
ENGINES = ["edge", "postgres", "qdrant", *(["server"] if SERVER else [])]

# The imitation says once of each that it has neither payload indexes nor an approximate index.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant:UserWarning"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact:UserWarning"),
]


def make_index(engine: str, folder: Path, width: int = WIDTH) -> ProductIndex:
    if engine == "edge":
        return open_index(folder / "index", width)
    if engine == "qdrant":
        return ProductIndex(QdrantBackend.open(QdrantClient(":memory:"), "products", width, create=True))
    if engine == "postgres":
        return open_index(postgres.location(), width)
    return open_index(f"{SERVER}/test-{uuid.uuid4().hex}", width)


@pytest.fixture(params=ENGINES)
def index(request: pytest.FixtureRequest) -> Iterator[ProductIndex]:
    with quick_folder() as folder, make_index(request.param, folder) as made:
        yield made


CATALOGUE = random_products(300, seed=1)
EMBEDDINGS = {one.id: one.understanding.embedding for one in CATALOGUE}


@pytest.fixture(scope="module", params=ENGINES)
def full(request: pytest.FixtureRequest) -> Iterator[ProductIndex]:
    """An index of CATALOGUE that no test changes."""
    with quick_folder() as folder, make_index(request.param, folder) as made:
        made.upsert(CATALOGUE)
        yield made


def ids(matches: list[Match]) -> list[str]:
    return [match.stored.id for match in matches]


def by_cosine(vector: Any, products: list[StoredProduct]) -> list[str]:
    ranked = sorted(products, key=lambda one: (-float(one.understanding.embedding @ vector), point_id(one.id)))
    return [one.id for one in ranked]


def test_a_product_comes_back_as_it_was_stored(index: ProductIndex) -> None:
    stored = stored_product(
        id="鞋/1 \U0001f45f\0",
        title='Red "shoe"\n红色跑鞋',
        tags=("plain", "striped"),
        found={"colour": "red", "si=ze\\": "4=2"},
        description="Größe 42",
        brand="安踏",
        price=19.99,
        currency="CNY",
        link="https://example.com/?a=b",
        attributes={"colour": "Crimson", "": ""},
    )
    plain = stored_product(id="2", title="", tags=(), price=None)
    index.upsert([stored, plain])
    [first, second, third] = index.get([stored.id, "2", "3"])
    assert same(first, stored)
    assert same(second, plain)
    assert third is None
    assert index.hashes(["3", "2"]) == [None, StoredVersion("2", plain.hashes, "model-1")]
    assert index.count() == 2


def test_of_two_products_with_one_id_the_last_counts(index: ProductIndex) -> None:
    index.upsert([stored_product(id="1", title="old"), stored_product(id="1", title="new")])
    assert index.count() == 1
    newer = stored_product(id="1", title="newest", vector=embedding(7))
    index.upsert([newer])
    assert same(index.get(["1"])[0], newer)
    assert ids(index.search(IndexQuery(keywords="old new"))) == []
    assert index.search(IndexQuery(embedding=embedding(7)))[0].score == pytest.approx(1)


def test_an_empty_index_answers(index: ProductIndex) -> None:
    assert index.search(IndexQuery(embedding=embedding(1), keywords="shoe")) == []
    assert index.search(IndexQuery(keywords="shoe")) == []
    assert (index.count(), index.facets(["brand", "colour"])) == (0, {"brand": [], "colour": []})
    assert (index.delete(["1"]), index.delete([]), index.get([]), index.hashes([])) == (0, 0, [], [])
    assert (list(index.scan()), index.indexed, index.update_offers([])) == ([], 1.0, 0)
    index.upsert([])
    index.flush()


def test_text_that_utf8_cannot_carry_is_stored_all_the_same(index: ProductIndex) -> None:
    index.upsert([stored_product(id="1\ud800", title="lone \ud800", brand="\udfff", found={"a\ud800": "b\ud800"})])
    [stored] = index.get(["1\ud800"])
    assert stored is not None
    assert (stored.product.title, stored.product.brand) == ("lone ?", "?")
    assert ids(index.search(IndexQuery(keywords="lone\ud800"))) == ["1?"]


@pytest.mark.parametrize("seed", range(2))
def test_filters_mean_the_same_as_in_plain_python(full: ProductIndex, seed: int) -> None:
    random = np.random.default_rng(seed)
    for _ in range(25):
        tree = random_filter(random)
        expected = {one.id for one in CATALOGUE if passes(tree, one)}
        assert full.count(tree) == len(expected), tree
        found = full.search(IndexQuery(embedding=embedding(seed), filter=tree, limit=100))
        assert set(ids(found)) <= expected
        assert len(found) == min(len(expected), 100), tree


def test_facets_count_exactly(full: ProductIndex) -> None:
    tree = Or((CategoryUnder(("clothes.shoe",)), Not(Price(gte=5))))
    counts = full.facets(["category", "brand", "tags", "decision", "currency", "colour", "si=ze", "none"], tree, 100)
    within = [one for one in CATALOGUE if passes(tree, one)]

    def expected(values: Callable[[StoredProduct], list[str]]) -> list[tuple[str, int]]:
        listed = [value for one in within for value in values(one) if value]
        return sorted(((value, listed.count(value)) for value in set(listed)), key=lambda item: (-item[1], item[0]))

    assert counts["category"] == expected(lambda one: list(one.understanding.category.path_ids))
    assert counts["brand"] == expected(lambda one: [one.product.brand])
    assert counts["tags"] == expected(lambda one: [tag.name for tag in one.understanding.tags])
    assert counts["decision"] == expected(lambda one: [one.understanding.decision])
    assert counts["currency"] == expected(lambda one: [one.product.currency])
    for name in ("colour", "si=ze"):
        assert counts[name] == expected(
            lambda one, name=name: [one.attributes[name].name] if name in one.attributes else []
        )
    assert counts["none"] == []
    assert full.facets(["brand"], tree, limit=2)["brand"] == counts["brand"][:2]
    with pytest.raises(SearchInvalid, match="limit must be 1 or more"):
        full.facets(["brand"], limit=0)


def values(products: Sequence[StoredProduct], name: str) -> list[tuple[str, int]]:
    """The values of a brand or a decision with their counts, as facets give them."""
    listed = [one.product.brand if name == "brand" else one.understanding.decision for one in products]
    counted = ((value, listed.count(value)) for value in set(listed) if value)
    return sorted(counted, key=lambda item: (-item[1], item[0]))


@pytest.mark.parametrize("tree", [None, CategoryUnder(("clothes",)), Not(Price(gte=-1))])
@pytest.mark.parametrize("sort", ["price_asc", "price_desc"])
def test_products_are_browsed_by_price_and_those_without_come_last(
    full: ProductIndex, sort: Sort, tree: Filter | None
) -> None:
    within = [one for one in CATALOGUE if passes(tree, one)]
    sign = 1 if sort == "price_asc" else -1
    key = {one.id: (one.product.price is None, sign * (one.product.price or 0), point_id(one.id)) for one in within}
    expected = sorted(key, key=lambda id: key[id])
    found = full.browse(tree, sort, 100)
    assert [one.id for one in found] == expected[:100]
    assert not found[0].understanding.embedding.size
    pages = [full.browse(tree, sort, 17, offset) for offset in range(0, len(within) + 17, 17)]
    assert [one.id for page in pages for one in page] == expected


def test_the_newest_come_first_and_stay_as_old_as_they_are(index: ProductIndex) -> None:
    for id in "abc":
        index.upsert([stored_product(id)])
    assert [one.id for one in index.browse()] == ["c", "b", "a"]
    (before,) = index.get(["a"])
    assert before
    assert before.added_at
    index.upsert([stored_product("a", "Blue shoe")])
    index.update_offers([Offer(Product(id="b", price=5.0), before.hashes)])
    assert [one.id for one in index.browse()] == ["c", "b", "a"]
    index.delete(["a"])
    index.upsert([stored_product("a")])
    assert [one.id for one in index.browse()] == ["a", "c", "b"]


def test_a_page_of_products_has_limits(full: ProductIndex) -> None:
    with pytest.raises(SearchInvalid, match="limit must be from 1 to 100"):
        full.browse(limit=101)
    with pytest.raises(SearchInvalid, match="offset must be from 0 to 10,000"):
        full.browse(offset=10_001)


def test_facets_of_a_query_count_what_it_finds(full: ProductIndex) -> None:
    query_text = IndexQuery(keywords="boot", filter=CategoryUnder(("clothes.shirt",)), limit=3)
    found = [match.stored for match in full.search(replace(query_text, limit=100))]
    assert 3 < len(found) < 100
    counts = full.find(query_text, ["brand", "decision", "colour", "none"]).facets
    assert counts["brand"] == values(found, "brand")
    assert counts["decision"] == values(found, "decision")
    assert sum(count for _, count in counts["colour"]) == sum("colour" in one.attributes for one in found)
    assert counts["none"] == []


def test_what_a_query_finds_can_be_put_in_order_of_price(full: ProductIndex) -> None:
    best = IndexQuery(keywords="boot", filter=CategoryUnder(("clothes.shirt",)), limit=100)
    prices = {match.stored.id: match.stored.product.price for match in full.search(best)}
    cheapest = sorted(prices, key=lambda id: (prices[id] is None, prices[id] or 0))
    ordered = full.search(replace(best, sort="price_asc"))
    assert [prices[match.stored.id] for match in ordered] == [prices[id] for id in cheapest]
    assert {match.stored.id: match.score for match in ordered} == {m.stored.id: m.score for m in full.search(best)}
    pages = [full.search(replace(best, sort="price_asc", limit=7, offset=at)) for at in range(0, 100, 7)]
    assert [match.stored.id for page in pages for match in page] == ids(ordered)


def test_a_search_by_embedding_is_ordered_by_cosine(full: ProductIndex) -> None:
    for seed in range(5):
        query = embedding(seed + 1000)
        found = full.search(IndexQuery(embedding=query * 3, limit=50))
        assert ids(found) == by_cosine(query, CATALOGUE)[:50]
        for match in found:
            cosine = float(EMBEDDINGS[match.stored.id] @ query)
            assert match.score == pytest.approx(max(cosine, 0), abs=1e-5)
            assert 0 <= match.score <= 1


def test_an_opposite_product_scores_zero(index: ProductIndex) -> None:
    index.upsert([stored_product(id="1", vector=embedding(1))])
    assert index.search(IndexQuery(embedding=-embedding(1)))[0].score == 0
    assert index.search(IndexQuery(embedding=-embedding(1), keywords="shoe"))[0].score == 0


def bm25(text: str) -> tuple[dict[str, float], float]:
    """The catalogue's BM25 scores for a text, and the sum of its words' rarities."""
    terms = {one.id: dict(zip(*document_terms(keyword_text(one)), strict=True)) for one in CATALOGUE}
    wanted = query_terms(text).indices
    having = {term: sum(term in of for of in terms.values()) for term in wanted}
    rarity = {term: np.log(1 + (len(CATALOGUE) - n + 0.5) / (n + 0.5)) for term, n in having.items()}
    scores = {one: float(sum(rarity[term] * of.get(term, 0) for term in wanted)) for one, of in terms.items()}
    return scores, float(sum(rarity.values()))


def test_a_search_by_text_is_ordered_by_bm25(full: ProductIndex) -> None:
    scores, _ = bm25("new running shoes")
    found = ids(full.search(IndexQuery(keywords="new running shoes", limit=100)))
    assert len(found) == 100
    # Products of the same words have the same score but for rounding, so it is the scores that are compared.
    expected = sorted(scores.values(), reverse=True)[:100]
    assert [scores[one] for one in found] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("tree", [None, CategoryUnder(("clothes",))])
def test_text_and_embedding_are_fused_by_their_scores(full: ProductIndex, tree: CategoryUnder | None) -> None:
    query = IndexQuery(embedding=embedding(5), keywords="new running shoes", filter=tree, limit=100)
    scores, rarity = bm25("new running shoes")
    cosines = {one: float(vector @ embedding(5)) for one, vector in EMBEDDINGS.items()}
    nearest = ids(full.search(replace(query, keywords="")))
    least = {"words": min(scores[one] for one in ids(full.search(replace(query, embedding=None)))) / rarity}
    least["cosine"] = min(cosines[one] for one in nearest)
    found = full.search(query)
    # What one of the lists of 100 lacks counts there as much as its last one.
    sums = [max(cosines[one], least["cosine"]) + max(scores[one] / rarity, least["words"]) for one in ids(found)]
    assert sums == pytest.approx(sorted(sums, reverse=True), rel=1e-4)
    assert set(nearest[:3]) <= set(ids(found))
    for match in found:
        assert match.score == pytest.approx(max(cosines[match.stored.id], 0), abs=1e-5)


def test_a_list_counts_by_how_well_it_matches() -> None:
    points = [uuid.UUID(int=number) for number in range(8)]
    one = [Hit(points[3], 0.9), Hit(points[1], 0.8), Hit(points[2], 0.8), Hit(points[5], 0.5)]
    two = [Hit(points[7], 9.0), Hit(points[1], 6.0), Hit(points[5], 3.0)]
    # The first list is full, so what it lacks has its last score; the second holds all that it finds.
    sums = {3: 0.9, 1: 0.8 + 0.6, 2: 0.8, 5: 0.5 + 0.3, 7: 0.5 + 0.9}
    expected = sorted(sums, key=lambda number: (-sums[number], number))
    assert [point.int for point in fuse([one, two], (1.0, 10.0), 4)] == expected == [1, 7, 3, 2, 5]
    assert fuse([list(reversed(one)), two], (1.0, 10.0), 4) == fuse([one, two], (1.0, 10.0), 4)
    # Words that hardly match leave the order to the embeddings.
    assert [point.int for point in fuse([one, two], (1.0, 1000.0), 4)] == [3, 1, 2, 7, 5]
    assert fuse([[], []], (1.0, 1.0), 4) == fuse([], (), 4) == []


def test_what_was_worked_out_for_a_search_goes_with_the_next_write(index: ProductIndex) -> None:
    """A common word becomes a rare one, a price rises, a product goes out of stock, and another is gone."""
    axis = np.eye(WIDTH, dtype=np.float32)[0]
    floor = Floor(cosine=0.5, ratio=0, share=0.7, wordings=("red shoe",))
    query = IndexQuery(embedding=axis, keywords="red shoe", floor=floor, for_sale=True, reasons=True)
    cheap = replace(query, filter=Price(lte=10))

    def weight() -> float:
        [one, *_] = index.find(query).matches
        assert one.reasons
        assert one.reasons.words
        return one.reasons.words.score

    products = [stored_product(id=str(n), title="Red shoe", vector=axis, price=5.0) for n in range(3)]
    index.upsert(products)
    assert [index.find(one).total for one in (query, query, cheap, cheap)] == [3] * 4
    before = weight()
    index.upsert([stored_product(id=f"other {n}", title="Pear", vector=-axis, node="food.pear") for n in range(9)])
    assert weight() > before
    index.update_offers([Offer(replace(products[0].product, price=20.0), products[0].hashes)])
    assert [index.find(one).total for one in (query, cheap)] == [3, 2]
    index.update_offers([Offer(replace(products[1].product, availability="out_of_stock"), products[1].hashes)])
    assert [index.find(one).total for one in (query, cheap)] == [2, 1]
    index.delete(["2"])
    assert [match.stored.id for match in index.find(query).matches] == ["0"]


def test_what_no_list_reached_comes_last(full: ProductIndex) -> None:
    store, point = full._store, point_id(CATALOGUE[0].id)
    near = Relevant(
        store, Floor(cosine=-1, ratio=-9, share=1), None, (), CATALOGUE[0].understanding.embedding, Terms((), ())
    )
    last = point_id(CATALOGUE[7].id)
    found = list(near.among(iter([last, last])))
    assert found[:2] == [last, point]
    assert len(found) == len(set(found)) == near.total == len(CATALOGUE)


def test_a_result_found_by_text_alone_has_its_cosine_too(index: ProductIndex) -> None:
    axes = np.eye(WIDTH, dtype=np.float32)
    near = [stored_product(id=str(n), title="apple", vector=unit(axes[0] + 0.01 * embedding(n))) for n in range(120)]
    far = stored_product(id="far", title="unicorn", vector=unit(axes[1] + 0.5 * axes[0]))
    index.upsert([*near, far])
    matches = index.search(IndexQuery(embedding=axes[0], keywords="unicorn", limit=100))
    [match] = [match for match in matches if match.stored.id == "far"]
    assert match.score == pytest.approx(float(far.understanding.embedding[0]))


TITLES = {
    "Running shoes": ["SHOE", "shoes running"],
    "Crème brûlée": ["creme brulee", "BRÛLÉE"],
    "Strasse": ["Straße"],
    "新款红色跑鞋男士": ["跑鞋", "红色"],
    "iPhone 13 case": ["13", "iphone-13"],
    "第8代 mixer": ["8"],
    "Sneaker size 42.5": ["42.5"],
    "Cable 9GB": ["9gb"],
    "The Who, live": ["who"],
    "AB-1234/x": ["1234"],
}


def test_text_finds(index: ProductIndex) -> None:
    index.upsert([stored_product(id=title, title=title, node="food.pear", tags=()) for title in TITLES])
    for title, queries in TITLES.items():
        for query in queries:
            found = index.search(IndexQuery(keywords=query))
            assert ids(found) == [title], query
            assert 0 < found[0].score < 1  # the product has its category's words, too


def test_every_kind_of_word_is_searched(index: ProductIndex) -> None:
    offer = {"description": "A description of 2024", "brand": "Acme"}
    boot = stored_product("1", "x", node="clothes.shoe.boot", found={"colour": "Crimson"}, tags=("striped",), **offer)
    index.upsert([boot, stored_product(id="2", title="y", node="food.apple")])
    for word in ("description", "Acme", "Boot", "crimson", "striped", "2024"):
        assert ids(index.search(IndexQuery(keywords=word))) == ["1"], word


# A title, words that find it, and words that do not. Of none of them does the model's text encoder know much.
UNSPACED = {
    "抹茶クッキー 12枚入り": (["抹茶", "クッキー", "ｸｯｷｰ", "茶"], ["紅茶", "キーホルダー"]),
    "京都屋 ティーカップ": (["京都", "カップ", "ティー", "ﾃｨｰｶｯﾌﾟ"], ["東京", "スープ"]),
    "宇治抹茶味のお菓子": (["お菓子", "菓子", "宇治", "抹茶味"], ["おもちゃ"]),
    "ขนมไทยรวมรส": (["ขนม", "ไทย", "ขนมไทย"], ["กระเป๋า", "ขนาด"]),
    "กระเป๋าหนังผู้หญิง": (["กระเป๋า", "หนัง"], ["รองเท้า"]),
    "소가죽가방": (["가방", "가죽", "가죽 가방"], ["신발"]),
    "حقيبة جلدية": (["حقيبة", "جلدية"], ["فستان"]),
    "Кожаная сумка": (["сумка"], ["платье"]),
    "🍎 juice": (["🍎", "juice"], ["🍏"]),
    "①号 \uff26\uff35\uff2a\uff29": (["fuji", "1", "\uff26\uff35\uff2a\uff29", "①"], ["②"]),
}


def test_words_that_no_space_parts_are_found(index: ProductIndex) -> None:
    index.upsert([stored_product(id=title, title=title, node="food.pear", tags=()) for title in UNSPACED])
    floor = Floor(cosine=2, ratio=0, share=0.7)
    for title, (queries, others) in UNSPACED.items():
        for query in queries:
            best = ids(index.search(IndexQuery(keywords=query)))[0]
            above = ids(index.find(IndexQuery(keywords=query, floor=replace(floor, wordings=(query,)))).matches)
            assert best == title or {best, title} <= set(above), query
            assert title in above, query
        for query in others:
            found = index.find(IndexQuery(keywords=query, floor=replace(floor, wordings=(query,))))
            assert title not in ids(found.matches), query


def test_a_query_is_also_asked_by_its_words_alone() -> None:
    """So that n-grams, which an index of an earlier release lacks, take nothing from a product that has the words."""
    words, grams = wordings("クッキー")
    assert not set(words.indices) & set(grams.indices)
    assert set(words.indices) | set(grams.indices) <= set(document_terms("抹茶クッキー").indices)
    assert set(query_terms("クッキー").indices) == set(words.indices) | set(grams.indices)
    assert [len(wordings(text)) for text in ("red shoe", "红色 女鞋", "красная обувь")] == [1, 1, 1]


def test_a_search_by_words_scores_1_only_where_a_product_has_no_others(index: ProductIndex) -> None:
    common = [stored_product(id=f"c{n}", title="apple", node="food.apple", tags=()) for n in range(8)]
    both = stored_product(id="both", title="apple unicorn", node="food.apple", tags=())
    index.upsert([*common, both, stored_product(id="rare", title="unicorn", node="food.apple", tags=())])

    def rarity(having: int) -> float:
        return float(np.log(1 + (10 - having + 0.5) / (having + 0.5)))

    scores = {m.stored.id: m.score for m in index.search(IndexQuery(keywords="apple unicorn zeppelin"))}
    whole = rarity(10) + rarity(2) + rarity(0)
    # Each has "food" and "apple" of its category.
    assert scores["both"] == pytest.approx(((rarity(10) + rarity(2)) / whole * 2 / 3) ** 0.5, rel=1e-3)
    assert scores["c0"] == pytest.approx((rarity(10) / whole / 2) ** 0.5, rel=1e-3)
    exact = {m.stored.id: m.score for m in index.search(IndexQuery(keywords="food apple unicorn"))}
    assert exact["both"] == pytest.approx(1)
    assert exact["c0"] < 1


@pytest.mark.parametrize("query_text", ["!?", "🙂", "zeppelin"])
def test_text_that_finds_nothing(full: ProductIndex, query_text: str) -> None:
    assert full.search(IndexQuery(keywords=query_text)) == []
    assert (
        ids(full.search(IndexQuery(keywords=query_text, embedding=embedding(1))))
        == by_cosine(embedding(1), CATALOGUE)[:10]
    )


@pytest.mark.parametrize("collapse", [False, True])
@pytest.mark.parametrize("query_text", ["", "new shoe"])
def test_pages_continue_each_other(full: ProductIndex, query_text: str, collapse: bool) -> None:
    query = IndexQuery(embedding=embedding(3), keywords=query_text, collapse=collapse, limit=100)
    pages = [ids(full.search(replace(query, offset=offset))) for offset in (0, 100, 200, 300, 400)]
    whole = [one for page in pages for one in page]
    assert len(whole) == len(set(whole)) == len(CATALOGUE)
    assert pages[3:] == [[], []]
    small = [ids(full.search(replace(query, offset=offset, limit=34))) for offset in range(0, 136, 34)]
    assert [one for page in small for one in page] == whole[:136]


def test_near_equal_products_are_folded_into_the_best(index: ProductIndex) -> None:
    far = [stored_product(id=f"far{n}", vector=embedding(n + 50)) for n in range(10)]
    base = embedding(1)
    twins = [stored_product(id=f"twin{n}", vector=unit(base + 0.01 * embedding(n + 9))) for n in range(5)]
    assert all(float(one.understanding.embedding @ base) > NEAR_DUPLICATE_COSINE for one in twins)
    copy = stored_product(id="copy", vector=embedding(99))
    copy = replace(copy, hashes=far[0].hashes._replace(offer="another"))
    index.upsert([*far, *twins, copy])
    plain = ids(index.search(IndexQuery(embedding=base, limit=20)))
    folded = index.search(IndexQuery(embedding=base, limit=20, collapse=True))
    assert plain[:5] == [folded[0].stored.id, *folded[0].duplicates]
    assert len(folded) == 11
    [double] = [match for match in folded if match.stored.id in ("far0", "copy")]
    assert {double.stored.id, *double.duplicates} == {"far0", "copy"}
    assert ids(index.search(IndexQuery(embedding=base, limit=3, offset=2, collapse=True))) == ids(folded)[2:5]


def test_equal_embeddings_go_by_id_and_page_without_repetition(index: ProductIndex) -> None:
    index.upsert([stored_product(id=f"s{n}", vector=embedding(1)) for n in range(15)])
    expected = [f"s{n}" for n in sorted(range(15), key=lambda n: point_id(f"s{n}"))]
    assert ids(index.search(IndexQuery(embedding=embedding(1), limit=15))) == expected
    index.upsert([stored_product(id=f"s{n}", vector=embedding(1)) for n in range(15, 130)])
    pages = [ids(index.search(IndexQuery(embedding=embedding(1), offset=offset))) for offset in range(0, 140, 10)]
    assert sorted(one for page in pages for one in page) == sorted(f"s{n}" for n in range(130))


def test_excluded_products_are_left_out(full: ProductIndex) -> None:
    order = by_cosine(embedding(2), CATALOGUE)
    query = IndexQuery(embedding=embedding(2), exclude=frozenset([order[0], order[3], "unknown"]))
    assert ids(full.search(query)) == [order[1], order[2], *order[4:12]]


def test_similar_products(full: ProductIndex) -> None:
    source = CATALOGUE[17]
    order = by_cosine(source.understanding.embedding, CATALOGUE)
    assert order[0] == source.id
    assert ids(full.similar(source.id, limit=5)) == order[1:6]
    assert ids(full.similar(source.id, limit=5, offset=5)) == order[6:11]
    tree = OneOf("decision", ("review",))
    allowed = [one for one in CATALOGUE if passes(tree, one) and one.id != source.id]
    assert ids(full.similar(source.id, 10, tree)) == by_cosine(source.understanding.embedding, allowed)[:10]
    with pytest.raises(ProductNotFound, match="No product with this id"):
        full.similar("unknown")


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        ({}, SearchEmpty, "no text"),
        ({"keywords": "  "}, SearchEmpty, "no text"),
        ({"keywords": "a", "limit": 0}, SearchInvalid, "limit must be from 1 to 100"),
        ({"keywords": "a", "limit": 101}, SearchInvalid, "limit must be from 1 to 100"),
        ({"keywords": "a", "offset": -1}, SearchInvalid, "offset must be from 0 to 10,000"),
        ({"keywords": "a", "offset": 10_001}, SearchInvalid, "offset must be from 0 to 10,000"),
        ({"keywords": "a", "exclude": frozenset(map(str, range(1001)))}, SearchInvalid, "At most 1,000"),
        ({"embedding": np.ones(7, np.float32)}, IndexMismatch, r"holds embeddings of 16 .* has the shape \(7,\)"),
        ({"embedding": np.ones((1, 16), np.float32)}, IndexMismatch, r"has the shape \(1, 16\)"),
        ({"embedding": np.zeros(16, np.float32)}, SearchInvalid, "finite and not zero"),
        ({"embedding": np.full(16, np.nan, np.float32)}, SearchInvalid, "finite and not zero"),
        ({"embedding": np.full(16, np.inf, np.float32)}, SearchInvalid, "finite and not zero"),
    ],
)
def test_a_wrong_query_is_refused(full: ProductIndex, query: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        full.search(IndexQuery(**query))


def test_the_limits_themselves_are_allowed(full: ProductIndex) -> None:
    assert full.search(IndexQuery(embedding=embedding(1), limit=100, offset=10_000)) == []
    assert len(full.search(IndexQuery(embedding=np.full(16, 1e38, np.float32), limit=100))) == 100
    assert len(full.search(IndexQuery(keywords="shoe " * 2000 + "apple", limit=1))) == 1


def test_a_wrong_product_stores_nothing(index: ProductIndex) -> None:
    for wrong, error, message in (
        (stored_product(id=""), ProductInvalid, "needs an id"),
        (stored_product(vector=np.ones(7, np.float32)), IndexMismatch, r"has the shape \(7,\)"),
        (stored_product(vector=np.full(16, np.nan, np.float32)), ProductInvalid, "not of unit length"),
        (stored_product(vector=np.zeros(16, np.float32)), ProductInvalid, "not of unit length"),
    ):
        with pytest.raises(error, match=message):
            index.upsert([stored_product(id="good"), wrong])
    assert index.count() == 0


def test_a_new_offer_keeps_the_embedding_and_is_found_by_its_text(index: ProductIndex) -> None:
    before = stored_product(id="1", brand="Nike", price=10.0, attributes={"colour": "red"}, found={"size": "42"})
    index.upsert([before, stored_product(id="2", brand="Nike")])
    product = Product(id="1", title="ignored", brand="Adidas", price=8.5, currency="EUR", attributes={"colour": "lime"})
    hashes = before.hashes._replace(offer="new")
    assert index.update_offers([Offer(product, hashes, ("new.jpg",)), Offer(Product(id="9"), hashes)]) == 1
    expected = replace(
        before, product=replace(product, title=before.product.title), hashes=hashes, image_refs=("new.jpg",)
    )
    assert same(index.get(["1"])[0], expected)
    assert index.hashes(["1"]) == [StoredVersion("1", hashes, "model-1")]
    assert ids(index.search(IndexQuery(keywords="lime adidas"))) == ["1"]
    assert ids(index.search(IndexQuery(keywords="Nike"))) == ["2"]
    assert index.count(Price(lt=9)) == index.count(OneOf("brand", ("Adidas",))) == 1
    best = index.search(IndexQuery(embedding=before.understanding.embedding))[0]
    assert (best.stored.id, best.score) == ("1", pytest.approx(1))
    assert index.count() == 2


def test_deleted_products_are_gone(index: ProductIndex) -> None:
    index.upsert(random_products(20))
    assert index.delete(["p1", "p1", "p3", "unknown"]) == 2
    assert index.count() == 18
    assert index.get(["p1", "p2"])[0] is None
    assert not {"p1", "p3"} & set(
        ids(index.search(IndexQuery(embedding=embedding(1), keywords="shoe apple", limit=20)))
    )
    assert index.erase(["p2", "p3"]) == 1
    assert index.count() == 17
    index.upsert(random_products(20))
    assert index.count() == 20


def test_a_scan_gives_every_product_once(full: ProductIndex) -> None:
    batches = list(full.scan(batch_size=64))
    assert [len(batch) for batch in batches] == [64, 64, 64, 64, 44]
    found = {stored.id: stored for batch in batches for stored in batch}
    assert all(same(found[one.id], one) for one in CATALOGUE)


def test_a_copy_answers_alike(full: ProductIndex) -> None:
    with quick_folder() as folder, make_index("edge", folder) as copy:
        for batch in full.scan():
            copy.upsert(batch)
        assert copy.identity != full.identity
        query = IndexQuery(embedding=embedding(4), limit=50)
        assert ids(copy.search(query)) == ids(full.search(query))
        # Products of the same words have the same score but for rounding, so it is the scores that are compared.
        query_text = replace(query, embedding=None, keywords="new shoe")
        scores = [[match.score for match in one.search(query_text)] for one in (copy, full)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-5)
        assert copy.facets(["colour", "category"]) == full.facets(["colour", "category"])


@pytest.mark.parametrize("engine", [one for one in ENGINES if one != "qdrant"])  # the imitation is not made for threads
def test_several_threads_may_write_and_search(engine: str) -> None:
    with quick_folder() as folder, make_index(engine, folder) as index:
        write_and_search(index)


def write_and_search(index: ProductIndex) -> None:
    products = random_products(200)

    def write(part: int) -> None:
        for one in products[part::4]:
            index.upsert([one])
            index.update_offers([Offer(replace(one.product, price=1.0), one.hashes)])

    def search(seed: int) -> None:
        for number in range(30):
            for match in index.search(IndexQuery(embedding=embedding(100 * seed + number), keywords="shoe")):
                assert match.stored.id.startswith("p")

    with ThreadPoolExecutor(6) as pool:
        work = [pool.submit(write, part) for part in range(4)] + [pool.submit(search, seed) for seed in range(2)]
    for done in work:
        done.result()
    assert index.count() == index.count(Price(gte=1, lte=1)) == 200


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(IndexUnavailable, match="does not respond"):
        open_index("qdrant://127.0.0.1:9/products", WIDTH)


@pytest.mark.parametrize(
    "address", ["qdrant://", "qdrant://host", "qdrant://host:x/a", "qdrant://u:p@host/a", "qdrant://h/a/b"]
)
def test_an_address_that_names_no_collection(address: str) -> None:
    with pytest.raises(IndexNotFound, match="must read qdrant://host:port/collection"):
        open_index(address, WIDTH)


def test_a_collection_is_checked_when_it_is_opened() -> None:
    client = QdrantClient(":memory:")
    with pytest.raises(IndexNotFound, match="no index"):
        QdrantBackend.open(client, "products", WIDTH, create=False)
    first = QdrantBackend.open(client, "products", WIDTH, create=True)
    second = QdrantBackend.open(client, "products", None, create=False)
    assert (second.identity, second.width) == (first.identity, WIDTH)
    with pytest.raises(IndexMismatch, match="of 16 numbers, not 8"):
        QdrantBackend.open(client, "products", 8, create=True)
