"""The relevance floor of the model that ships, on the demo catalogue."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.index.product_index import ProductIndex, open_index
from catalog.index.query import Finding
from catalog.model.folder import shipped_model
from catalog.product import ContentHashes, Product, StoredProduct, Understanding
from catalog.search.plan import Example, Search, search
from catalog.understand import Understander
from tests.support.stored import quick_folder

pytestmark = pytest.mark.slow

DEMO = Path(__file__).parents[3] / "assets" / "demo"
Find = Callable[[Example], Finding]


@pytest.fixture(scope="module")
def model() -> Understander:
    return Understander.load(shipped_model())


@pytest.fixture(scope="module")
def index(model: Understander) -> Iterator[ProductIndex]:
    with (DEMO / "products.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    products = [
        Product(row["id"], row["title"], row["description"], ((DEMO / row["image_link"]).read_bytes(),)) for row in rows
    ]
    with quick_folder() as folder, open_index(folder / "index", model.config.embedding_width) as index:
        for product, found in zip(products, model.understand(products), strict=True):
            assert isinstance(found, Understanding)
            bare = Product(product.id, product.title, product.description)
            index.upsert([StoredProduct(bare, found, ContentHashes(product.id, "", ""), model.version)])
        yield index


@pytest.fixture(scope="module")
def find(model: Understander, index: ProductIndex) -> Find:
    return lambda example: search(Search((example,), limit=48), index, model)


def titles(found: Finding) -> list[str]:
    return [match.stored.product.title for match in found.matches]


@pytest.mark.parametrize("query_text", ["laptop", "office chair", "drill"])
def test_what_the_catalogue_lacks_is_not_found(find: Find, query_text: str) -> None:
    found = find(Example(query_text))
    assert titles(found) == []
    assert len(found.nearest) == 5


def test_red_shoes_are_shoes(find: Find) -> None:
    found = titles(find(Example("red shoes")))
    assert "Pointed Stiletto Pumps, Red" in found
    shoes = ("Pumps", "Shoes", "HOT SALE", "Sandals")  # the sale is of sneakers
    assert all(any(name in title for name in shoes) for title in found[:5])
    assert len(found) <= 6


def test_fruit_is_food(find: Find) -> None:
    found = find(Example("fresh fruit")).matches
    assert found
    guessed = [match.stored.understanding.category or match.stored.understanding.alternatives[0] for match in found]
    assert {one.path[0] for one in guessed} == {"Food, Beverages & Tobacco"}


def test_a_cap_is_not_like_milk(find: Find, index: ProductIndex) -> None:
    (milk,) = [stored.id for stored in index.browse(limit=48) if "Whole Milk" in stored.product.title]
    assert "Baseball Cap, Royal Blue" not in titles(find(Example(product_id=milk)))


@pytest.mark.parametrize(
    ("query_text", "title"),
    [
        ("连衣裙", "Sleeveless Polka Dot Dress"),
        ("红色连衣裙", "Sleeveless Polka Dot Dress"),
        ("牛奶", "Fresh Whole Milk, 1 Litre"),
        ("短袖", "Men's Crew Neck T-Shirt, Navy"),
        ("运动鞋", "Women's Running Shoes, White and Blue"),
    ],
)
def test_chinese_text_finds_products_with_english_titles(find: Find, query_text: str, title: str) -> None:
    assert titles(find(Example(query_text)))[0] == title


def test_chinese_names_of_categories_find_their_products(find: Find, model: Understander, index: ProductIndex) -> None:
    """Nearly every Chinese label and synonym of a category that the catalogue has finds a product of it first."""
    stored = index.browse(limit=48)
    nodes = {id for one in stored if (category := one.understanding.category) for id in category.path_ids}
    names = [
        (name, node.id)
        for node in model.taxonomy.nodes
        for name in (node.label_zh, *node.synonyms)
        if node.id in nodes and not name.isascii()
    ]
    assert len(names) >= 30
    first = [(name, node, find(Example(name)).matches[:1]) for name, node in names]
    wrong = [name for name, node, best in first if not best or node not in path_ids(best[0].stored)]
    assert len(wrong) <= 0.1 * len(names)


def path_ids(stored: StoredProduct) -> tuple[str, ...]:
    category = stored.understanding.category
    return category.path_ids if category else ()
