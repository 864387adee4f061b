"""Search by words, images, stored products and several at once, over a tiny catalogue that a tiny model has read."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from catalog.errors import CatalogError, FilterInvalid, ImageCorrupt, ProductNotFound, SearchEmpty, SearchInvalid
from catalog.index.filters import CategoryUnder, parse_filter
from catalog.index.names import resolved
from catalog.index.product_index import ProductIndex, open_index
from catalog.index.query import Finding
from catalog.product import ContentHashes, Product, StoredProduct, Understanding
from catalog.search.plan import Example, Search, search
from catalog.taxonomy.tree import Node
from catalog.understand import Understander
from tests.support.catalogue import COLOURS, KINDS, draw_product
from tests.support.malformed.images import encode
from tests.support.tiny import tiny_onnx_folder, tiny_taxonomy


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


@pytest.fixture(scope="module")
def shop(understander: Understander, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductIndex]:
    products = [
        Product("plain", "red shirt", sku="SH-1001", product_type="Dresses > Summer", attributes={"Farbe": "rot"}),
        Product("gone", "blue shoe", sku="SH-1002", availability="out_of_stock"),
        Product("draft", "green apple", sku="SH-1003", status="draft"),
        Product("old", "green pear", sku="SH-1004", status="archived", google_product_category="Food > Fruit"),
    ]
    understood = understander.understand(products)
    with open_index(str(tmp_path_factory.mktemp("shop") / "index"), 32) as index:
        hashes = ContentHashes("", "", "")
        index.upsert(
            [
                StoredProduct(product, found, hashes, "tiny")
                for product, found in zip(products, understood, strict=True)
                if isinstance(found, Understanding)
            ]
        )
        yield index


def test_what_is_not_for_sale_is_found_only_if_it_is_asked_for(shop: ProductIndex, understander: Understander) -> None:
    def found(text: str, **options: object) -> list[str]:
        return ids(search(Search((Example(text),), floor=False, **options), shop, understander))  # type: ignore[arg-type]

    everything = {"plain", "gone", "draft", "old"}
    assert found("green pear") == ["plain"]
    assert set(found("green pear", include_unavailable=True)) == everything
    assert found("pear", filter=parse_filter({"status": ["draft", "archived"]}))[0] == "old"
    assert set(found("pear", filter=parse_filter({"not": {"availability": "discontinued"}}))) == everything
    like = Search((Example(product_id="plain"),), floor=False)
    assert ids(search(like, shop, understander)) == []


def test_a_number_in_the_text_finds_its_product_first(shop: ProductIndex, understander: Understander) -> None:
    def first(text: str, floor: bool = True, **options: object) -> list[str]:
        examples = (Example(text),)
        return ids(search(Search(examples, floor=floor, **options), shop, understander))[:1]  # type: ignore[arg-type]

    for text in ("SH-1001", "sh1001", "green pear SH-1001"):
        assert first(text) == first(text, floor=False) == ["plain"]
    assert first("SH-1002") == ["gone"]
    assert first("SH-1003") != ["draft"]
    assert first("SH-1003", include_unavailable=True) == ["draft"]


def test_the_merchants_own_category_is_searched(shop: ProductIndex, understander: Understander) -> None:
    assert ids(search(Search((Example("summer dress"),)), shop, understander))[0] == "plain"


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("Food", "food"),
        ("FOOD", "food"),
        ("食品", "food"),
        ("Pear", "food.pear"),
        ("food > pear", "food.pear"),
        ("Food>Apples", "food.apple"),
        ("shirts", "clothes.shirt"),
        ("2271", "clothes.shirt"),
    ],
)
def test_a_category_is_named_by_its_id_or_by_what_people_call_it(name: str, id: str) -> None:
    nodes = [replace(n, google="2271") if n.id == "clothes.shirt" else n for n in tiny_taxonomy().nodes]
    taxonomy = replace(tiny_taxonomy(), nodes=tuple(nodes))
    document = {"not": {"or": [{"category": [name, "food"]}, {"tags": "STRIPED"}]}}
    wanted = {"not": {"or": [{"category": list(dict.fromkeys([id, "food"]))}, {"tags": "striped"}]}}
    assert resolved(parse_filter(document), taxonomy) == parse_filter(wanted)


def test_a_label_of_several_categories_means_them_all_and_a_path_one() -> None:
    nodes = (*tiny_taxonomy().nodes, Node("food.shoe", "Shoe", "鞋形糕", "food"))
    taxonomy = replace(tiny_taxonomy(), nodes=nodes)
    both = resolved(CategoryUnder(("shoe",)), taxonomy)
    assert both == CategoryUnder(("clothes.shoe", "food.shoe"))
    assert resolved(CategoryUnder(("Food > Shoe",)), taxonomy) == CategoryUnder(("food.shoe",))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"category": "Fod"}, "There is no category 'Fod'. Did you mean 'food'"),
        ({"category": "Clothes > Pear"}, "There is no category 'Clothes > Pear'"),
        ({"attributes": {"colr": "red"}}, "No product has an attribute 'colr'. Did you mean 'colour'"),
    ],
)
def test_an_unknown_name_in_a_filter_is_told_with_the_nearest(find, document, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(FilterInvalid, match=message):
        find(Example("red shirt"), filter=parse_filter(document))
