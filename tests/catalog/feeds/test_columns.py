"""Which columns `catalog.feeds.columns` recognises, and what it says of those it does not."""

import json
from pathlib import Path

import pytest

from catalog.errors import FeedColumnsInvalid
from catalog.feeds.columns import Columns, recognise

ROOT = Path(__file__).parents[3]
MANIFEST = ["id", "title", "description", "category", "attributes", "price", "image", "split", "language", "group"]
SHOPIFY = [
    *("Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Option1 Name", "Option1 Value", "Variant SKU"),
    *("Variant Price", "Image Src", "Image Position", "Google Shopping / Gender"),
]
WOOCOMMERCE = [
    *("ID", "Type", "SKU", "Name", "Short description", "Description", "Regular price", "Images", "Brands"),
    *("Attribute 1 name", "Attribute 1 value(s)"),
]


def test_our_own_manifest() -> None:
    assert recognise(MANIFEST, {}) == Columns(
        id="id",
        title="title",
        description="description",
        price="price",
        product_type="category",
        images=("image",),
        objects=("attributes",),
    )


def test_google_merchant() -> None:
    header = (ROOT / "assets/demo/products.csv").read_text().splitlines()[0].split(",")
    columns = recognise([*header, "sale_price", "size", "material", "pattern"], {})
    assert (columns.id, columns.title, columns.brand, columns.price, columns.link) == (
        *("id", "title", "brand", "price", "link"),
    )
    assert columns.product_type == "product_type"
    assert columns.images == ("image_link", "additional_image_link")
    assert dict(columns.attributes) == {
        name: name for name in ("gender", "age_group", "condition", "size", "material", "pattern")
    } | {"colour": "color"}
    assert not columns.folds


def test_attributes_have_the_models_names_where_it_has_one() -> None:
    taxonomy = json.loads((ROOT / "assets/model/taxonomy.json").read_text())
    names = {attribute["name"] for attribute in taxonomy["attributes"]}
    columns = recognise(["id", "title", "Color", "Gender", "Season", "Usage", "Audience"], {})
    assert set(columns.attributes) == names


def test_shopify() -> None:
    columns = recognise(SHOPIFY, {})
    assert columns == Columns(
        id="Handle",
        title="Title",
        description="Body (HTML)",
        brand="Vendor",
        price="Variant Price",
        product_type="Type",
        images=("Image Src",),
        attributes={"gender": "Google Shopping / Gender"},
        pairs=(("Option1 Name", "Option1 Value"),),
        folds=True,
        order="Image Position",
    )


def test_an_id_chosen_instead_of_shopifys_handle_keeps_variants_apart() -> None:
    columns = recognise(SHOPIFY, {"id": "Variant SKU"})
    assert (columns.id, columns.folds) == ("Variant SKU", False)


def test_woocommerce() -> None:
    columns = recognise(WOOCOMMERCE, {})
    assert (columns.id, columns.title, columns.description) == ("ID", "Name", "Description")
    assert (columns.brand, columns.price, columns.images) == ("Brands", "Regular price", ("Images",))
    assert columns.pairs == (("Attribute 1 name", "Attribute 1 value(s)"),)
    assert columns.product_type is None  # its "Type" says "simple" or "variable"
    assert recognise([*WOOCOMMERCE, "Categories"], {}).product_type == "Categories"


@pytest.mark.parametrize("spelling", ["Image Link", "image_link", "IMAGELINK", " image-link ", "g:image_link"])
def test_case_spaces_and_punctuation_do_not_matter(spelling: str) -> None:
    assert recognise(["ID", spelling], {}).images == (spelling,)


def test_columns_of_images_may_come_more_than_once() -> None:
    header = ["id", "image_link", "additional_image_link", "additional_image_link", "image_2"]
    assert recognise(header, {}).images == ("image_link", "additional_image_link", "image_2")


def test_the_mapping_wins() -> None:
    header = ["id", "title", "name", "photo of it", "back", "farbe", "heel"]
    columns = recognise(
        header,
        {"title": "name", "images": "photo of it, back", "color": "farbe", "attributes.heel height": "heel"},
    )
    assert (columns.title, columns.images) == ("name", ("photo of it", "back"))
    assert columns.attributes == {"colour": "farbe", "heel height": "heel"}
    assert recognise(["nr", "title"], {"ID": "Nr"}).id == "nr"
    assert recognise(["id", "title", "group"], {"product_type": "group"}).product_type == "group"


def test_a_column_taken_by_the_mapping_is_not_read_as_something_else() -> None:
    assert recognise(["id", "title", "name"], {"description": "title"}).title == "name"


@pytest.mark.parametrize(
    ("header", "mapping", "message"),
    [
        (["id", "title"], {"tittle": "title"}, r'There is no field "tittle"\. Did you mean "title"\?'),
        (["id", "title"], {"zzz": "title"}, r'There is no field "zzz"\.$'),
        (["id", "name_de"], {"title": "namede2"}, r'The feed has no column "namede2"\. Did you mean "name_de"\?'),
        (["id", "title", "title"], {}, r'more than one column named "title"\.'),
        (
            ["title", "price"],
            {},
            r'No column gives the id\. The columns are "title", "price"\. Map a column to the field id',
        ),
        (["id", "price"], {}, r'No column gives a title, a description or an image\. The columns are "id", "price"'),
        ([f"c{n}" for n in range(1_001)], {}, r"The feed has 1,001 columns; the limit is 1,000\."),
        (["id\0\n", "x" * 50], {}, 'The columns are "id��", "x{40}…"'),
    ],
    ids=["unknown field", "nothing near", "missing column", "twice", "no id", "nothing usable", "too many", "unclean"],
)
def test_what_is_wrong_with_columns(header: list[str], mapping: dict[str, str], message: str) -> None:
    with pytest.raises(FeedColumnsInvalid, match=message):
        recognise(header, mapping)


def test_one_row_among_others_may_lack_columns() -> None:
    assert recognise(["id"], {"title": "name"}, partial=True) == Columns(id="id")
