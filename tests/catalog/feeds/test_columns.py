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


def first(columns: Columns, *fields: str) -> list[str | None]:
    """The column that counts most for each field."""
    return [next(iter(columns.fields.get(field, ())), None) for field in fields]


def test_our_own_manifest() -> None:
    columns = recognise(MANIFEST, {})
    assert columns.used == {
        "id": "id",
        "title": "title",
        "description": "description",
        "category": "product_type",
        "attributes": "attributes",
        "price": "price",
        "image": "images",
    }
    assert columns.folding is None


def test_google_merchant() -> None:
    header = (ROOT / "assets/demo/products.csv").read_text().splitlines()[0].split(",")
    columns = recognise([*header, "sale_price", "size", "material", "pattern"], {})
    assert columns.system == "google"
    assert first(columns, "id", "title", "brand", "price", "link", "product_type", "sale_price") == [
        *("id", "title", "brand", "price", "link", "product_type", "sale_price"),
    ]
    assert columns.images == ("image_link", "additional_image_link")
    assert dict(columns.attributes) == {
        name: (name,) for name in ("gender", "age_group", "condition", "size", "material", "pattern")
    } | {"colour": ("color",)}
    assert columns.folding is None


def test_attributes_have_the_models_names_where_it_has_one() -> None:
    taxonomy = json.loads((ROOT / "assets/model/taxonomy.json").read_text())
    names = {attribute["name"] for attribute in taxonomy["attributes"]}
    columns = recognise(["id", "title", "Color", "Gender", "Season", "Usage", "Audience"], {})
    assert set(columns.attributes) == names


def test_shopify() -> None:
    columns = recognise(SHOPIFY, {})
    assert columns.system == "shopify"
    assert first(columns, "id", "title", "description", "brand", "price", "product_type", "position") == [
        *("Handle", "Title", "Body (HTML)", "Vendor", "Variant Price", "Type", "Image Position"),
    ]
    assert columns.images == ("Image Src",)
    assert columns.attributes == {"gender": ("Google Shopping / Gender",), "tags": ("Tags",)}
    assert columns.pairs == (("Option1 Name", "Option1 Value"),)
    assert columns.folding
    assert columns.folding.neighbours == "Handle"


def test_an_id_chosen_instead_of_shopifys_handle_keeps_variants_apart() -> None:
    columns = recognise(SHOPIFY, {"id": "Variant SKU"})
    assert (columns.id, columns.folding) == ("Variant SKU", None)


def test_woocommerce() -> None:
    columns = recognise(WOOCOMMERCE, {})
    assert columns.system == "woocommerce"
    assert first(columns, "id", "title", "brand", "price") == ["ID", "Name", "Brands", "Regular price"]
    assert columns.fields["description"] == ("Description", "Short description")
    assert columns.images == ("Images",)
    assert columns.pairs == (("Attribute 1 name", "Attribute 1 value(s)"),)
    assert "product_type" not in columns.fields  # its "Type" says "simple" or "variable"
    assert first(recognise([*WOOCOMMERCE, "Categories"], {}), "product_type") == ["Categories"]


@pytest.mark.parametrize(
    ("system", "header"),
    [
        ("magento", "sku,store_view_code,attribute_set_code,product_type,name,price,special_price,base_image"),
        ("prestashop", "ID,Active (0/1),Name *,Price tax excluded,Reference #,Image URLs (x,y,z...)"),
        ("bigcommerce", "Item Type,Product ID,Product Name,Product Code/SKU,Price,Product Image File - 1"),
        ("amazon_listings", "item-name,item-description,listing-id,seller-sku,price,quantity,asin1"),
        ("amazon_flat_file", "item_sku,item_name,brand_name,standard_price,main_image_url,other_image_url1"),
        ("open_food_facts", "code,product_name,generic_name,brands,categories,image_front_url"),
        ("opencart", "product_id,name(en-gb),description(en-gb),model,image_name,price,stock_status_id"),
        ("shopware", "ordernumber,name,description_long,price,pseudoprice,supplier,image,active,instock"),
        ("wix", "handleId,fieldType,name,description,productImageUrl,collection,sku,price,visible"),
        ("shopify_json", "id,title,body_html,vendor,variants,images"),
        ("other", "Artikelnummer,Bezeichnung,Beschreibung,Preis,Farbe,Bild"),
        ("other", "référence,désignation,descriptif,prix,couleur,photo"),
        ("other", "referencia,nombre,descripción,precio,color,imagen"),
        ("other", "商品编号,商品名称,商品描述,价格,颜色,主图"),
    ],
)
def test_the_set_of_columns_tells_the_system(system: str, header: str) -> None:
    columns = recognise(header.replace("(x,y,z...)", "(x y z)").split(","), {})
    assert columns.system == system
    assert columns.id == columns.fields["id"][0]
    assert "title" in columns.fields
    assert "price" in columns.fields or system in ("open_food_facts", "shopify_json")
    if system == "other":
        assert list(columns.used.values()) == ["id", "title", "description", "price", "attributes.colour", "images"]


def test_a_product_type_of_magento_is_no_category() -> None:
    columns = recognise(["sku", "attribute_set_code", "product_type", "name", "url_key"], {})
    assert "product_type" not in columns.used


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
    assert first(columns, "title") == ["name"]
    assert columns.images == ("photo of it", "back")
    assert columns.attributes == {"colour": ("farbe",), "heel height": ("heel",)}
    assert recognise(["nr", "title"], {"ID": "Nr"}).id == "nr"
    assert recognise(["id", "title", "group"], {"product_type": "group"}).fields["product_type"] == ("group",)
    several = recognise(["id", "title", "was", "now"], {"price": "now, was"})
    assert several.fields["price"] == ("now", "was")


def test_a_column_taken_by_the_mapping_is_not_read_as_something_else() -> None:
    assert first(recognise(["id", "title", "name"], {"description": "title"}), "title") == ["name"]


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
        (["id", "brand"], {}, r'No column gives a title, .* or an availability\. The columns are "id", "brand"'),
        ([f"c{n}" for n in range(1_001)], {}, r"The feed has 1,001 columns; the limit is 1,000\."),
        (["id\0\n", "x" * 50], {}, 'The columns are "id��", "x{40}…"'),
    ],
    ids=["unknown field", "nothing near", "missing column", "twice", "no id", "nothing usable", "too many", "unclean"],
)
def test_what_is_wrong_with_columns(header: list[str], mapping: dict[str, str], message: str) -> None:
    with pytest.raises(FeedColumnsInvalid, match=message):
        recognise(header, mapping)


def test_one_row_among_others_may_lack_columns() -> None:
    assert recognise(["id"], {"title": "name"}, partial=True) == Columns(fields={"id": ("id",)})
