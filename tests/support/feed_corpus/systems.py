"""The products as each shop system writes them, with its own columns."""

from collections.abc import Callable
from typing import NamedTuple
from xml.sax.saxutils import escape

from tests.support.feed_corpus.products import Truth

CURRENCY = "EUR"
Cells = dict[str, str]
ALWAYS = ("id", "title", "description", "price", "images")


class System(NamedTuple):
    """tells: what of a product can be read of its row."""

    row: Callable[[Truth], Cells]
    tells: tuple[str, ...]


def money(amount: float) -> str:
    return f"{amount:.2f}"


def yes(value: bool) -> str:
    return "1" if value else "0"


def google(one: Truth) -> Cells:
    listed = one.list_price is not None
    return {
        "id": one.id,
        "title": one.title,
        "description": one.description,
        "brand": one.brand,
        "price": f"{money(one.list_price or one.price)} {CURRENCY}",
        "sale_price": f"{money(one.price)} {CURRENCY}" if listed else "",
        "image_link": one.images[0],
        "additional_image_link": ",".join(one.images[1:]),
        "color": one.colour,
        "gtin": one.gtin,
        "product_type": one.product_type,
        "availability": "in_stock" if one.available else "out_of_stock",
        "mpn": "",
    }


def shopify(one: Truth) -> Cells:
    return {
        "Handle": one.id,
        "Title": one.title,
        "Body (HTML)": f"<p>{escape(one.description)}</p>",
        "Vendor": one.brand,
        "Type": one.product_type,
        "Option1 Name": "Color",
        "Option1 Value": one.colour,
        "Variant SKU": f"SKU-{one.id}",
        "Variant Price": money(one.price),
        "Variant Compare At Price": money(one.list_price) if one.list_price else "",
        "Variant Barcode": one.gtin,
        "Image Src": ",".join(one.images),
        "Status": "active" if one.active else "draft",
    }


def woocommerce(one: Truth) -> Cells:
    return {
        "ID": one.id,
        "Type": "simple",
        "SKU": f"SKU-{one.id}",
        "Name": one.title,
        "Published": "1" if one.active else "-1",
        "Short description": "",
        "Description": escape(one.description),
        "In stock?": yes(one.available),
        "Sale price": money(one.price) if one.list_price else "",
        "Regular price": money(one.list_price or one.price),
        "Categories": one.product_type,
        "Images": ", ".join(one.images),
        "Brands": one.brand,
        "GTIN, UPC, EAN, or ISBN": one.gtin,
        "Attribute 1 name": "Color",
        "Attribute 1 value(s)": one.colour,
    }


def magento(one: Truth) -> Cells:
    return {
        "sku": one.id,
        "store_view_code": "",
        "attribute_set_code": "Default",
        "product_type": "simple",
        "categories": one.product_type,
        "name": one.title,
        "description": one.description,
        "short_description": "",
        "price": f"{one.list_price or one.price:.4f}",
        "special_price": f"{one.price:.4f}" if one.list_price else "",
        "product_online": "1" if one.active else "2",
        "manufacturer": one.brand,
        "base_image": one.images[0],
        "additional_images": ",".join(one.images),
        "additional_attributes": f"color={one.colour},ean={one.gtin}",
        "is_in_stock": yes(one.available),
        "url_key": one.id.lower(),
    }


def prestashop(one: Truth) -> Cells:
    return {
        "ID": one.id,
        "Active (0/1)": yes(one.active),
        "Name *": one.title,
        "Categories (x,y,z...)": one.product_type,
        "Price tax included": money(one.price),
        "Reference #": f"R-{one.id}",
        "Manufacturer": one.brand,
        "EAN13": one.gtin,
        "Quantity": "7" if one.available else "0",
        "Description": f"<p>{escape(one.description)}</p>",
        "Image URLs (x,y,z...)": ",".join(one.images),
        "Feature(Name:Value:Position)": f"Color:{one.colour}:1",
    }


def bigcommerce(one: Truth) -> Cells:
    images = {f"Product Image File - {place}": name for place, name in enumerate((*one.images, "", "")[:3], 1)}
    return {
        "Item Type": "Product",
        "Product ID": one.id,
        "Product Name": one.title,
        "Product Type": "P",
        "Product Code/SKU": f"SKU-{one.id}",
        "Brand Name": one.brand,
        "Product Description": one.description,
        "Price": money(one.list_price or one.price),
        "Sale Price": money(one.price) if one.list_price else "",
        "Product Visible?": "Y" if one.active else "N",
        "Category": one.product_type,
        "Product UPC/EAN": one.gtin,
    } | images


def amazon_flat_file(one: Truth) -> Cells:
    images = {f"other_image_url{place}": name for place, name in enumerate((*one.images[1:], "", "")[:2], 1)}
    return {
        "feed_product_type": "thing",
        "item_sku": one.id,
        "item_name": one.title,
        "brand_name": one.brand,
        "external_product_id": one.gtin,
        "external_product_id_type": "EAN",
        "product_description": one.description,
        "standard_price": money(one.price),
        "quantity": "3" if one.available else "0",
        "main_image_url": one.images[0],
        "color_name": one.colour,
    } | images


def amazon_listings(one: Truth) -> Cells:
    return {
        "item-name": one.title,
        "item-description": one.description,
        "listing-id": f"L{one.id}",
        "seller-sku": one.id,
        "price": money(one.price),
        "quantity": "3" if one.available else "0",
        "image-url": one.images[0],
        "product-id-type": "3",
        "asin1": "B000000001",
        "product-id": one.gtin,
    }


def open_food_facts(one: Truth) -> Cells:
    return {
        "code": one.gtin,
        "product_name": one.title,
        "generic_name": one.description,
        "brands": one.brand,
        "categories": one.product_type,
        "image_front_url": one.images[0],
        "nutriscore_grade": "b",
        "states_tags": "en:to-do",
    }


def opencart(one: Truth) -> Cells:
    return {
        "product_id": one.id,
        "name(en-gb)": one.title,
        "categories": one.product_type,
        "sku": "",
        "ean": one.gtin,
        "quantity": "5" if one.available else "0",
        "model": f"M-{one.id}",
        "manufacturer": one.brand,
        "image_name": one.images[0],
        "price": money(one.price),
        "status": "true" if one.active else "false",
        "description(en-gb)": escape(f"<p>{escape(one.description)}</p>"),
        "meta_title(en-gb)": one.title,
        "stock_status_id": "7",
    }


def german(one: Truth) -> Cells:
    return {
        "Artikelnummer": one.id,
        "Bezeichnung": one.title,
        "Beschreibung": one.description,
        "Marke": one.brand,
        "Verkaufspreis": f"{one.price:,.2f} €".replace(",", " ").replace(".", ",").replace(" ", ".", one.price >= 1000),
        "UVP": f"{one.list_price:.2f} €".replace(".", ",") if one.list_price else "",
        "Farbe": one.colour,
        "EAN": one.gtin,
        "Bilder": ",".join(one.images),
        "Kategorie": one.product_type,
        "Verfügbarkeit": "auf Lager" if one.available else "ausverkauft",
    }


def chinese(one: Truth) -> Cells:
    return {
        "商品编号": one.id,
        "商品名称": one.title,
        "商品描述": one.description,
        "品牌": one.brand,
        "售价": f"{money(one.price)}元",
        "原价": f"{money(one.list_price)}元" if one.list_price else "",
        "颜色": one.colour,
        "条形码": one.gtin,
        "图片": ",".join(one.images),
        "类目": one.product_type,
        "库存": "9" if one.available else "0",
    }


EVERYTHING = (*ALWAYS, "brand", "gtin", "product_type")
SYSTEMS = {
    "google": System(google, (*EVERYTHING, "list_price", "colour", "available")),
    "shopify": System(shopify, (*EVERYTHING, "list_price", "colour", "active")),
    "woocommerce": System(woocommerce, (*EVERYTHING, "list_price", "colour", "active", "available")),
    "magento": System(magento, (*ALWAYS, "brand", "product_type", "list_price", "colour", "active", "available")),
    "prestashop": System(prestashop, (*EVERYTHING, "colour", "active", "available")),
    "bigcommerce": System(bigcommerce, (*EVERYTHING, "list_price", "active")),
    "amazon_flat_file": System(amazon_flat_file, (*ALWAYS, "brand", "gtin", "colour", "available")),
    "amazon_listings": System(
        amazon_listings, ("id", "title", "description", "price", "first_image", "gtin", "available")
    ),
    "open_food_facts": System(
        open_food_facts, ("title", "description", "brand", "product_type", "gtin", "first_image")
    ),
    "opencart": System(
        opencart,
        ("id", "title", "description", "price", "brand", "gtin", "product_type", "first_image", "active", "available"),
    ),
    "german": System(german, (*EVERYTHING, "list_price", "colour", "available")),
    "chinese": System(chinese, (*EVERYTHING, "list_price", "colour", "available")),
}
