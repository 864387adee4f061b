"""Search by words, images, stored products and several at once, over a tiny catalogue that a tiny model has read."""

from collections.abc import Iterator

import pytest

from catalog.errors import CatalogError, ImageCorrupt, ProductNotFound, SearchEmpty, SearchInvalid
from catalog.index.filters import parse_filter
from catalog.index.product_index import ProductIndex, open_index
from catalog.index.query import Finding
from catalog.product import ContentHashes, Product, StoredProduct, Understanding
from catalog.search.plan import Example, Search, search
from catalog.understand import Understander
from tests.support.catalogue import COLOURS, KINDS, draw_product
from tests.support.malformed.images import encode
from tests.support.tiny import tiny_onnx_folder


def image(kind: str, colour: str) -> bytes:
    return encode(draw_product(kind, colour), "PNG")


@pytest.fixture(scope="module")
def understander(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("model") / "model"))


@pytest.fixture(scope="module")
def index(understander: Understander, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductIndex]:
    products = [
        Product(
            f"{kind}-{colour}", f"{colour} {kind}", images=(image(kind, colour),), brand=colour.title(), price=price
        )
        for kind in KINDS
        for price, colour in enumerate(COLOURS)
    ]
    understood = understander.understand(products)
    with open_index(str(tmp_path_factory.mktemp("search") / "index"), 32) as index:
        index.upsert([stored(*pair) for pair in zip(products, understood, strict=True)])
        yield index


def stored(product: Product, understanding: Understanding | CatalogError) -> StoredProduct:
    assert isinstance(understanding, Understanding)
    bare = Product(product.id, product.title, brand=product.brand, price=product.price)
    return StoredProduct(bare, understanding, ContentHashes(product.id, "", ""), "tiny")


@pytest.fixture
def find(index: ProductIndex, understander: Understander):  # type: ignore[no-untyped-def]
    def find(*examples: Example, **options: object) -> Finding:
        return search(Search(examples, **options), index, understander)  # type: ignore[arg-type]

    return find


def ids(found: Finding) -> list[str]:
    return [match.stored.id for match in found.matches]


def test_the_image_and_text_of_a_product_find_it(find) -> None:  # type: ignore[no-untyped-def]
    found = find(Example("green Pear", (image("Pear", "green"),)))
    assert ids(found)[0] == "Pear-green"
    assert found.matches[0].score == pytest.approx(1, abs=1e-5)


def test_text_finds_by_embedding_and_by_keyword(find) -> None:  # type: ignore[no-untyped-def]
    assert set(ids(find(Example("blue shoe"), limit=3))) & {"Shoe-blue"}
    assert len(ids(find(Example("blue shoe"), limit=100))) == 12


def test_a_stored_product_finds_others_but_not_itself(find) -> None:  # type: ignore[no-untyped-def]
    found = find(Example(product_id="Apple-red"), limit=100)
    assert len(found.matches) == 11
    assert "Apple-red" not in ids(found)


def test_weights_move_the_result_from_one_example_to_the_other(find) -> None:  # type: ignore[no-untyped-def]
    shirt, pear = (image("Shirt", "red"),), (image("Pear", "blue"),)

    def score_of(product: str, *examples: Example) -> float:
        return {m.stored.id: m.score for m in find(*examples, limit=100).matches}[product]

    mostly_shirt = (Example("red Shirt", shirt, weight=3), Example("blue Pear", pear, weight=1))
    mostly_pear = (Example("red Shirt", shirt, weight=1), Example("blue Pear", pear, weight=3))
    assert score_of("Shirt-red", *mostly_shirt) > score_of("Shirt-red", *mostly_pear)
    assert score_of("Pear-blue", *mostly_pear) > score_of("Pear-blue", *mostly_shirt)
    away = (Example("red Shirt", shirt), Example("blue Pear", pear, weight=-0.5))
    assert score_of("Pear-blue", *away) < score_of("Pear-blue", Example("red Shirt", shirt))


def test_filters_and_facets_agree(find) -> None:  # type: ignore[no-untyped-def]
    chosen = parse_filter({"price": {"lte": 1}, "not": {"brand": "Red"}})
    found = find(Example("Pear"), filter=chosen, limit=100, facets=("brand",))
    assert {match.stored.product.brand for match in found.matches} == {"Green"}
    assert found.facets == {"brand": [("Green", 4)]}


def test_pages_follow_each_other(find) -> None:  # type: ignore[no-untyped-def]
    everything = ids(find(Example("red apple"), limit=12))
    assert ids(find(Example("red apple"), limit=5)) + ids(find(Example("red apple"), limit=7, offset=5)) == everything


@pytest.mark.parametrize(
    ("examples", "error", "message"),
    [
        ((), SearchEmpty, "no text, no image and no product id"),
        ((Example("  "),), SearchEmpty, "no text, no image and no product id"),
        ((Example("shoe"),) * 17, SearchInvalid, "17 examples; the limit is 16"),
        ((Example("shoe", product_id="Shoe-red"),), SearchInvalid, "either a stored product or text"),
        ((Example("shoe", weight=0.0),), SearchInvalid, "a number other than 0"),
        ((Example("shoe", weight=float("nan")),), SearchInvalid, "a number other than 0"),
        ((Example("shoe", weight=-1.0),), SearchInvalid, "above 0"),
        ((Example("shoe"), Example("shoe", weight=-1.0)), SearchInvalid, "cancel each other out"),
        ((Example(product_id="nobody"),), ProductNotFound, "the id 'nobody'"),
        ((Example(images=(b"\x89PNG\r\n\x1a\n but no more",)),), ImageCorrupt, "corrupt or truncated"),
    ],
)
def test_what_cannot_be_searched_by_is_named(find, examples, error, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        find(*examples)
