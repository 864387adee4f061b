"""Whole products out of the exports of shop systems: offers, variants, rows that are no products."""

import json
from pathlib import Path

import pytest

from catalog.feeds import BadRow, Row, open_feed
from catalog.product import Product


def read(folder: Path, text: str, name: str = "feed.csv") -> list[Row]:
    (folder / name).write_text(text, encoding="utf-8")
    rows = list(open_feed(folder / name))
    assert not [row for row in rows if isinstance(row, BadRow)]
    return [row for row in rows if isinstance(row, Row)]


def products(folder: Path, text: str, name: str = "feed.csv") -> list[Product]:
    return [row.product for row in read(folder, text, name)]


WOO = "ID,Type,SKU,Name,Description,Regular price,Images,Parent,In stock?,Attribute 1 name,Attribute 1 value(s)\n"


def test_variations_join_their_parent_wherever_they_stand(tmp_path: Path) -> None:
    text = (
        f"{WOO}"
        "11,variation,CAP-B,Cap - Blue,,19.90,,CAP,0,Colour,Blue\n"
        '10,variable,CAP,Cap,Warm cap,,a.jpg,,1,Colour,"Red, Blue"\n'
        "20,simple,MUG,Mug,White mug,9.90,m.jpg,,1,,\n"
        "12,variation,CAP-R,,,17.90,b.jpg,id:10,1,Colour,Red\n"
    )
    cap, mug = read(tmp_path, text)
    assert (cap.product.title, cap.product.description, cap.product.price) == ("Cap", "Warm cap", 17.9)
    assert cap.product.attributes == {"colour": ("Red", "Blue")}
    assert cap.references == ("a.jpg", "b.jpg")
    assert cap.product.availability == "in_stock"
    found = {one.sku: (one.options, one.price, one.availability) for one in cap.product.variants}
    assert found == {
        "CAP-B": ({"colour": "Blue"}, 19.9, "out_of_stock"),
        "CAP-R": ({"colour": "Red"}, 17.9, "in_stock"),
    }
    assert (mug.product.id, mug.product.price) == ("20", 9.9)


def test_a_variation_without_its_parent_is_not_lost(tmp_path: Path) -> None:
    mug, cap = products(
        tmp_path, f"{WOO}11,variation,CAP-B,Cap - Blue,,19.90,,CAP,1,Colour,Blue\n20,simple,M,Mug,,9,,,1,,\n"
    )
    assert (mug.title, cap.title, cap.price) == ("Mug", "Cap - Blue", 19.9)


def test_a_long_description_that_is_empty_leaves_the_short_one(tmp_path: Path) -> None:
    header = "ID,Type,SKU,Name,Short description,Description,Regular price\n"
    text = f"{header}2,simple,B,Tray,Grey tray,,9\n3,simple,C,Cup,,Tall,5\n"
    assert [one.description for one in products(tmp_path, text)] == ["Grey tray", "Tall"]


MAGENTO = (
    "sku,store_view_code,attribute_set_code,product_type,visibility,name,price,special_price,base_image,"
    "additional_attributes,configurable_variations,url_key\n"
)


def test_magentos_children_and_store_views_are_no_products(tmp_path: Path) -> None:
    text = (
        f"{MAGENTO}"
        'R-41,,Default,simple,Not Visible Individually,Runner 41,79.90,,,"color=Red,size=41",,r41\n'
        'R-42,,Default,simple,Not Visible Individually,Runner 42,74.90,,,"color=Red,size=42",,r42\n'
        'R,,Default,configurable,"Catalog, Search",Runner,,,r/e/red.jpg,,"sku=R-41,size=41|sku=R-42,size=42",r\n'
        "R,de,,,,Läufer,,,,,,\n"
    )
    [runner] = products(tmp_path, text)
    assert (runner.id, runner.title, runner.price) == ("R", "Runner", 74.9)
    assert runner.attributes == {"colour": "Red", "size": ("41", "42")}
    assert [(one.sku, one.options) for one in runner.variants] == [("R-41", {"size": "41"}), ("R-42", {"size": "42"})]


def test_amazons_children_join_their_parent(tmp_path: Path) -> None:
    text = (
        "item_sku\titem_name\tstandard_price\tquantity\tparent_child\tparent_sku\tcolor_name\n"
        "P\tRunner\t\t\tparent\t\t\n"
        "P-R\tRunner red\t79.90\t3\tchild\tP\tRed\n"
        "P-W\tRunner white\t69.90\t0\tchild\tP\tWhite\n"
    )
    [runner] = products(tmp_path, text, "feed.txt")
    assert (runner.id, runner.price, runner.attributes) == ("P", 69.9, {"colour": ("Red", "White")})
    assert [one.availability for one in runner.variants] == ["in_stock", "out_of_stock"]


def test_bigcommerces_rules_belong_to_the_product_above(tmp_path: Path) -> None:
    text = (
        "Item Type,Product ID,Product Name,Product Code/SKU,Price,Product Visible?\n"
        "Product,1,Runner,RUN,79.90,Y\n"
        "SKU,,[S]Colour=Red,RUN-R,,\n"
        "Rule,,,RUN-R,84.90,\n"
        "Product,2,Cap,CAP,19.90,N\n"
    )
    runner, cap = products(tmp_path, text)
    assert (runner.id, runner.title, cap.id, cap.status) == ("1", "Runner", "2", "draft")


def test_a_row_that_adds_an_image_is_of_the_product_above(tmp_path: Path) -> None:
    text = "sku;name;image_url;angle\n80;Milk;f.jpg;Front\n80;Milk;b.jpg;Back\n30;Juice;j.jpg;Front\n"
    milk, juice = read(tmp_path, text)
    assert (milk.references, juice.references) == (("f.jpg", "b.jpg"), ("j.jpg",))


def test_a_row_that_says_something_else_of_the_same_id_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text("sku,name,image\n80,Milk,f.jpg\n80,Juice,b.jpg\n")
    assert [row.product.title for row in open_feed(tmp_path / "feed.csv") if isinstance(row, Row)] == ["Milk", "Juice"]


@pytest.mark.parametrize(
    ("dates", "price", "listed"),
    [
        ("", 24.95, 47.0),
        ("2020-01-01/2090-01-01", 24.95, 47.0),
        ("2020-01-01T00:00+0100/2020-02-01T23:59+0100", 47.0, None),
        ("2090-01-01/2090-02-01", 47.0, None),
    ],
)
def test_a_sale_counts_while_it_lasts(tmp_path: Path, dates: str, price: float, listed: float | None) -> None:
    text = f"id,title,price,sale_price,sale_price_effective_date\n1,Shoe,47.00 USD,24.95 USD,{dates}\n"
    [shoe] = products(tmp_path, text)
    assert (shoe.price, shoe.list_price, shoe.sale_price, shoe.currency) == (price, listed, 24.95, "USD")


def test_a_sale_whose_dates_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    text = "id,title,price,sale_price,sale_price_effective_date\n1,Shoe,47.00,24.95,soon\n"
    [row] = read(tmp_path, text)
    assert row.product.price == 47.0
    assert [warning.code for warning in row.warnings] == ["row_offer_unclear"]


def test_what_a_product_and_its_first_variant_share_is_told_of_once(tmp_path: Path) -> None:
    header = "Handle,Title,Option1 Name,Option1 Value,Variant Price,Variant Barcode,Body (HTML)\n"
    variants = ["tee,Tee,Size,S,cheap,4006381333930,Soft\n", "tee,,,M,9.90,4006381333931,\n", "tee,,,L,dear,1234,\n"]
    [row] = read(tmp_path, header + "".join(variants))
    assert sorted(warning.code for warning in row.warnings) == [
        *("gtin_invalid", "gtin_invalid", "row_price_invalid", "row_price_invalid")
    ]
    assert [one.price for one in row.product.variants] == [None, 9.9, None]


def test_the_price_of_a_kilogram_is_not_the_price(tmp_path: Path) -> None:
    rocket, walnuts = products(
        tmp_path, "sku,name,unit_price,unit,selling_price\nG1,Rocket,11.92,kg,1.49\nG2,Walnuts,12.45,kg,\n"
    )
    assert (rocket.price, rocket.unit_price, rocket.unit_measure) == (1.49, 11.92, "kg")
    assert (walnuts.price, walnuts.unit_price) == (None, 12.45)


@pytest.mark.parametrize(
    ("columns", "cells", "status", "availability"),
    [
        ("Status,Published", "archived,false", "archived", ""),
        ("Status,Published", "active,false", "draft", ""),
        ("status", "Active", "active", ""),
        ("availability", "out of stock", "", "out_of_stock"),
        ("availability", "https://schema.org/InStock", "", "in_stock"),
        ("Verfügbarkeit", "Auf Lager", "", "in_stock"),
        ("stock", "0", "", "out_of_stock"),
        ("availability,stock", ",12", "", "in_stock"),
    ],
)
def test_whether_a_product_is_for_sale(
    tmp_path: Path, columns: str, cells: str, status: str, availability: str
) -> None:
    [one] = products(tmp_path, f"id,title,{columns}\n1,Mug,{cells}\n")
    assert (one.status, one.availability) == (status, availability)


def test_a_word_for_the_availability_that_is_not_known_is_told_of(tmp_path: Path) -> None:
    [row] = read(tmp_path, "id,title,availability\n1,Mug,perhaps\n")
    assert (row.product.availability, row.product.is_for_sale) == ("", True)
    assert 'The availability "perhaps" is not known.' in [warning.message for warning in row.warnings]


def test_shopifys_products_json(tmp_path: Path) -> None:
    variants = [
        {
            "id": 1,
            "option1": "Red",
            "option2": "41",
            "price": "79.90",
            "sku": "R41",
            "available": False,
            "barcode": "1",
        },
        {"id": 2, "option1": "White", "option2": "41", "price": "69.90", "compare_at_price": "89.90", "sku": "W41"},
    ]
    product = {
        "id": 901,
        "handle": "runner",
        "title": "Runner",
        "body_html": "<p>Light</p>",
        "vendor": "Kestrel",
        "tags": ["run"],
        "variants": variants,
        "images": [{"id": 5, "src": "red.jpg"}],
        "options": [{"name": "Color", "values": ["Red", "White"]}, {"name": "Size", "values": ["41"]}],
    }
    [row] = read(tmp_path, json.dumps(product), "products.jsonl")
    found = row.product
    assert (found.id, found.price, found.list_price, found.brand) == ("901", 69.9, 89.9, "Kestrel")
    assert found.attributes == {"colour": ("Red", "White"), "Size": "41", "tags": "run"}
    assert [(one.sku, one.options, one.price) for one in found.variants] == [
        ("R41", {"colour": "Red"}, 79.9),
        ("W41", {"colour": "White"}, 69.9),
    ]
    assert row.references == ("red.jpg",)


@pytest.mark.parametrize("more", ["", ",gtin,image_link"])
def test_googles_variants_stay_products_and_keep_their_group(tmp_path: Path, more: str) -> None:
    cells = "," * more.count(",")
    feed = f"id,title,color,link,item_group_id{more}\n" + "".join(
        f"{id},Tee,{colour},https://x.example/{id},TEE{cells}\n" for id, colour in (("T1", "Red"), ("T2", "Blue"))
    )
    red, blue = products(tmp_path, feed)
    assert (red.id, red.link, red.attributes) == (
        "T1",
        "https://x.example/T1",
        {"colour": "Red", "item_group_id": "TEE"},
    )
    assert (blue.id, blue.attributes) == ("T2", {"colour": "Blue", "item_group_id": "TEE"})


@pytest.mark.parametrize(
    "offer",
    [
        {"price": {"amount": "59.90", "currency": "EUR"}},
        {"offers": {"price": "59.90", "priceCurrency": "EUR", "availability": "https://schema.org/InStock"}},
        {"offers": [{"price": 59.9, "priceCurrency": "EUR"}]},
    ],
)
def test_nested_offers(tmp_path: Path, offer: dict[str, object]) -> None:
    [found] = products(
        tmp_path, json.dumps({"id": 1, "title": "Sneaker", "brand": {"name": "Acme"}} | offer), "feed.jsonl"
    )
    assert (found.price, found.currency, found.brand) == (59.9, "EUR", "Acme")


@pytest.mark.parametrize(
    "attributes",
    [[{"name": "color", "value": "Red"}], {"Colour": "Red"}, '{"color": "Red"}', "color=Red", "Color:Red:1"],
)
def test_attributes_in_every_shape(tmp_path: Path, attributes: object) -> None:
    [found] = products(tmp_path, json.dumps({"id": 1, "title": "Shoe", "attributes": attributes}), "feed.jsonl")
    assert found.attributes == {"colour": "Red"}


def test_the_merchants_own_category_is_kept(tmp_path: Path) -> None:
    text = "id\ttitle\tgoogle_product_category\tproduct_type\n1\tModel 3110\t2271\tDresses > Summer\n"
    [found] = products(tmp_path, text, "feed.tsv")
    assert (found.google_product_category, found.product_type) == ("2271", "Dresses > Summer")


def test_a_feed_of_ids_and_prices_gives_a_part_of_the_offer(tmp_path: Path) -> None:
    [row] = read(tmp_path, "sku,price,stock\nA,9.90 EUR,0\n")
    assert (row.product.price, row.product.currency, row.product.availability) == (9.9, "EUR", "out_of_stock")
    assert row.offer_fields == {"price", "list_price", "currency", "availability", "sku"}
    [whole] = read(tmp_path, "sku,price,name\nA,9.90 EUR,Mug\n")
    assert whole.offer_fields is None


@pytest.mark.parametrize("missing", ["nan", "NULL", "N/A", "-"])
def test_a_word_for_no_value_is_no_price(tmp_path: Path, missing: str) -> None:
    [row] = read(tmp_path, f"id,title,price,sale_price\n1,Mug,{missing},{missing}\n")
    assert (row.product.price, row.product.sale_price, row.warnings) == (None, None, ())
