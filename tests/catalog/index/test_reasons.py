"""Why a search has found a product, over every engine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qdrant_client import QdrantClient

from catalog.index.edge.backend import EdgeBackend
from catalog.index.keywords import document_terms, matched
from catalog.index.product_index import ProductIndex
from catalog.index.qdrant.backend import QdrantBackend
from catalog.index.query import IndexQuery
from catalog.product import Listed, Match, MatchReasons
from tests.support import postgres
from tests.support.stored import WIDTH, random_products, stored_product, unit

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant:UserWarning"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact:UserWarning"),
]
AXES = np.eye(WIDTH, dtype=np.float32)


def engine(name: str, folder: Path) -> Any:
    if name == "edge":
        return EdgeBackend.open(folder / "index", WIDTH)
    if name == "postgres":
        return postgres.opened(WIDTH)
    return QdrantBackend.open(QdrantClient(":memory:"), "reasons", WIDTH, create=True)


@pytest.fixture(params=["edge", "postgres", "qdrant"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ProductIndex]:
    with ProductIndex(engine(request.param, tmp_path)) as index:
        index.upsert(
            [
                stored_product("shoe", "Red running shoe", AXES[0]),
                stored_product("boot", "Red boot", unit(AXES[0] + AXES[1]), node="clothes.shoe.boot", sku="AB-4711"),
                stored_product("pear", "Green pear", AXES[2], node="food.pear"),
            ]
        )
        yield index


def reasons(match: Match) -> MatchReasons:
    assert match.reasons
    return match.reasons


def place(listed: Listed | None) -> Listed:
    assert listed
    return listed


def test_a_product_has_its_rank_and_score_in_each_list(index: ProductIndex) -> None:
    query = IndexQuery(embedding=AXES[0], keywords="running shoe", reasons=True)
    found = index.search(query)
    assert [match.stored.id for match in found] == ["shoe", "boot", "pear"]
    shoe, boot, pear = map(reasons, found)
    vectors, words = (
        [place(one) for one in lists] for lists in zip(*(one[:2] for one in (shoe, boot, pear)), strict=True)
    )
    assert [one.rank for one in vectors] == [1, 2, 3]
    assert [one.score for one in vectors] == pytest.approx([1, 0.5**0.5, 0], abs=1e-4)
    assert words[0].rank == 1
    assert words[0].score > words[1].score > 0  # a boot is filed under shoes
    assert words[2] == (None, 0, 0)
    assert [one.matched for one in (shoe, boot, pear)] == [("running", "shoe"), ("shoe",), ()]


def test_what_the_lists_add_makes_the_order(index: ProductIndex) -> None:
    index.upsert(random_products(60))
    found = index.search(IndexQuery(embedding=AXES[0], keywords="red running shoe", limit=50, reasons=True))
    totals = [one.vectors.adds + one.words.adds for one in map(reasons, found) if one.vectors and one.words]
    assert len(totals) == len(found)
    assert totals == sorted(totals, reverse=True)


def test_without_a_vector_or_without_words_there_is_one_list(index: ProductIndex) -> None:
    [pear] = index.search(IndexQuery(keywords="pear", reasons=True))
    assert reasons(pear).vectors is None
    assert reasons(pear).words
    for match in index.search(IndexQuery(embedding=AXES[2], reasons=True)):
        assert reasons(match).words is None
        assert reasons(match).vectors


def test_a_number_comes_before_the_lists(index: ProductIndex) -> None:
    query = IndexQuery(embedding=AXES[2], keywords="AB-4711", numbers=("ab4711",), reasons=True)
    first, *others = index.find(query).matches
    assert first.stored.id == "boot"
    assert reasons(first).by_number
    assert not any(reasons(match).by_number for match in others)


def test_nothing_is_told_unless_asked_for(index: ProductIndex) -> None:
    query = IndexQuery(embedding=AXES[0], keywords="running shoe")
    assert [match.reasons for match in index.search(query)] == [None, None, None]


@pytest.mark.parametrize(
    ("query", "text", "words"),
    [
        ("Red SHOES for men", "red shoe", ("Red", "SHOES")),
        ("size 42", "42 and size", ("size", "42")),
        ("红色手机壳", "手机壳 蓝色", ("手机壳",)),
        ("抹茶クッキー", "京都 抹茶クッキー", ("抹茶クッキー",)),
        ("nothing", "red shoe", ()),
        ("!", "red shoe", ()),
    ],
)
def test_words_that_a_product_has_are_told_as_the_query_has_them(query: str, text: str, words: tuple[str, ...]) -> None:
    assert matched(query, document_terms(text)) == words
