"""Feeds as shops write them, from products that are known: what an ingest reads can be held against the truth.

`SYSTEMS` write the products with their own columns, `WRAPPINGS` are encodings and delimiters, `FAULTS` are what goes
wrong on the way. A cell is right, or told of (a warning, a bad row, a feed that is refused), or wrong in silence.
"""

import csv
import io
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from catalog.errors import CatalogError
from catalog.feeds import BadRow, Row, open_feed
from catalog.product import as_text

COLOURS = ("Red", "Navy blue", "Green", "Black")
THINGS = ("Trail shoe", "Oak table", "Rain jacket", "Steel kettle", "Wool scarf", "Desk lamp")
BRANDS = ("Kestrel", "Halden", "Söder & Co", "Café Noir", "O'Neal")
WORDS = ("light", "sturdy", "washable", "for children", "hand made", "50 % recycled", "size < 40", "R&D tested")
CURRENCY = "EUR"


@dataclass(frozen=True)
class Truth:
    """A product as it is. price: what a shopper pays."""

    id: str
    title: str
    description: str
    brand: str
    price: float
    list_price: float | None
    colour: str
    gtin: str
    images: tuple[str, ...]
    product_type: str
    active: bool = True
    available: bool = True


def products(draw: random.Random, count: int) -> list[Truth]:
    return [product(draw, number) for number in range(count)]


def product(draw: random.Random, number: int) -> Truth:
    price = draw.choice((9.9, 24.95, 79.9, 149.0, 1299.5, 12345.67))
    images = tuple(f"img/{number}-{place}.jpg" for place in range(draw.randint(1, 3)))
    return Truth(
        id=f"A{number:03}-{draw.randint(100, 999)}",
        title=f"{draw.choice(THINGS)} {draw.choice(COLOURS).lower()} No {number}",
        description=f"{draw.choice(THINGS)}, {draw.choice(WORDS)}.",
        brand=draw.choice(BRANDS),
        price=price,
        list_price=round(price * 1.25, 2) if draw.random() < 0.4 else None,
        colour=draw.choice(COLOURS),
        gtin=with_check_digit(f"{400638100000 + draw.randint(0, 99_999):012}"),
        images=images,
        product_type=draw.choice(("Shoes > Sport", "Home > Kitchen", "Clothing")),
        active=draw.random() < 0.8,
        available=draw.random() < 0.8,
    )


def with_check_digit(twelve: str) -> str:
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return twelve + str(-total % 10)


# How the systems write a product. Each gives a row of columns; `tells` is what of the truth can be read from it.

Cells = dict[str, str]
ALWAYS = ("id", "title", "description", "price", "images")


class System(NamedTuple):
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
        "image-url": ",".join(one.images),
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
    "amazon_listings": System(amazon_listings, (*ALWAYS, "gtin", "available")),
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


# How a table becomes bytes.


class Wrapping(NamedTuple):
    encoding: str
    delimiter: str
    name: str = "feed.csv"


WRAPPINGS = {
    "utf-8 comma": Wrapping("utf-8", ","),
    "utf-8 semicolon": Wrapping("utf-8", ";"),
    "utf-8 tab": Wrapping("utf-8", "\t", "feed.tsv"),
    "utf-8 pipe": Wrapping("utf-8", "|", "feed.txt"),
    "utf-8 with a mark": Wrapping("utf-8-sig", ","),
    "utf-16": Wrapping("utf-16", "\t", "feed.txt"),
    "windows-1252": Wrapping("cp1252", ";"),
    "gb18030": Wrapping("gb18030", ","),
}


def table_bytes(rows: Sequence[Cells], wrapping: Wrapping) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, delimiter=wrapping.delimiter, lineterminator="\r\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(wrapping.encoding, "xmlcharrefreplace")


# What goes wrong. Most spoil each cell of some kind in a way that leaves it readable; `loses` names what cannot be
# read any more, so that only a report of it is right.

Spoil = Callable[[str], str]
TEXTS = ("title", "description", "brand", "product_type")


class Fault(NamedTuple):
    """cells: field -> what happens to its cell; rows, data: to the whole table; loses: fields that must be told of."""

    cells: dict[str, Spoil] | None = None
    rows: Callable[[list[Cells]], list[Cells]] | None = None
    data: Callable[[bytes], bytes] | None = None
    loses: tuple[str, ...] = ()


def on(fields: Sequence[str], spoil: Spoil) -> dict[str, Spoil]:
    return dict.fromkeys(fields, spoil)


def amount(text: str) -> float:
    """Of "1299.50 EUR" or "1.299,50 €"."""
    number = "".join(letter for letter in text if letter.isdigit() or letter in ".,")
    return float(number.replace(".", "").replace(",", ".") if "," in number else number)


def sign(text: str) -> str:
    """What stands behind the number."""
    return text.lstrip("0123456789.,")


def swapped(text: str) -> str:
    """ "1,299.50" <-> "1.299,50"."""
    return text.translate(str.maketrans(".,", ",."))


def full_width(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if letter.isdigit() or letter == "." else letter for letter in text)


PRICES = ("price",)
FAULTS: dict[str, Fault] = {
    "none": Fault(),
    "entities": Fault(on(TEXTS, lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))),
    "entities, numbers": Fault(on(("title", "brand"), lambda text: text.replace("o", "&#111;").replace("e", "&#x65;"))),
    "entities twice": Fault(on(("title", "brand"), lambda text: text.replace("&", "&amp;amp;"))),
    "tags": Fault(on(("title", "description"), lambda text: f"<p><b>{escape(text)}</b></p>")),
    "cdata": Fault(on(("description",), lambda text: f"<![CDATA[{text}]]>")),
    "escaped line ends": Fault(on(("description",), lambda text: text.replace(", ", ",\\n"))),
    "line ends": Fault(on(("description",), lambda text: text.replace(", ", ",\n"))),
    "zero width": Fault(on(TEXTS, lambda text: f"\u200b{text[:3]}\u200b{text[3:]}\ufeff")),
    "soft hyphens": Fault(on(("title",), lambda text: text.replace("l", "l\u00ad"))),
    "no-break spaces": Fault(on(TEXTS, lambda text: text.replace(" ", "\u00a0"))),
    "spaces around": Fault(on((*TEXTS, "price", "id"), lambda text: f"  {text} ")),
    "decomposed": Fault(on(("title", "brand"), lambda text: text.replace("ö", "o\u0308").replace("é", "e\u0301"))),
    "mis-decoded": Fault(on(("brand",), lambda text: text.encode().decode("cp1252", "replace")), loses=()),
    "control characters": Fault(on(("title",), lambda text: f"{text[:2]}\x0b{text[2:]}\x07")),
    "no value: nan": Fault(on(("brand",), lambda text: "nan"), loses=("brand",)),
    "no value: NULL": Fault(on(("description",), lambda text: "NULL"), loses=("description",)),
    "no value: N/A": Fault(on(("list_price",), lambda text: "N/A"), loses=()),
    "no value: dash": Fault(on(("colour",), lambda text: "-"), loses=("colour",)),
    "empty description": Fault(on(("description",), lambda text: ""), loses=("description",)),
    "currency in front": Fault(on(PRICES, lambda text: f"EUR {amount(text):.2f}")),
    "euro sign": Fault(on(PRICES, lambda text: f"€{amount(text):.2f}")),
    "word for the currency": Fault(on(PRICES, lambda text: f"{amount(text):.2f} Euro")),
    "decimal comma": Fault(on(PRICES, lambda text: swapped(f"{amount(text):.2f}") + sign(text))),
    "thousands": Fault(on(PRICES, lambda text: f"{amount(text):,.2f}{sign(text)}")),
    "thousands and decimal comma": Fault(on(PRICES, lambda text: swapped(f"{amount(text):,.2f}") + sign(text))),
    "full-width digits": Fault(on(PRICES, full_width)),
    "three decimals": Fault(on(PRICES, lambda text: f"{amount(text):.3f}{sign(text)}")),
    "a word as price": Fault(on(PRICES, lambda text: "on request"), loses=("price",)),
    "a negative price": Fault(on(PRICES, lambda text: f"-{text}"), loses=("price",)),
    "a spreadsheet's id": Fault(on(("gtin",), lambda text: f"{float(text):.5E}"), loses=("gtin",)),
    "a spreadsheet's text": Fault(on(("gtin", "id"), lambda text: f'="{text}"')),
    "an apostrophe": Fault(on(("gtin",), lambda text: f"'{text}")),
    "a wrong check digit": Fault(
        on(("gtin",), lambda text: text[:-1] + str((int(text[-1]) + 1) % 10)), loses=("gtin",)
    ),
    "other case in the header": Fault(
        rows=lambda rows: [{name.upper(): cell for name, cell in row.items()} for row in rows]
    ),
    "columns turned round": Fault(rows=lambda rows: [dict(reversed(row.items())) for row in rows]),
    "further columns": Fault(rows=lambda rows: [row | {"Lager": "B 12", "internal": "x"} for row in rows]),
    "empty lines": Fault(data=lambda data: data + b"\r\n\r\n"),
    "a row cut short": Fault(data=lambda data: data.rstrip() + b"\r\nonly"),
    "a missing end": Fault(data=lambda data: data.rstrip()),
}


@dataclass(frozen=True)
class Case:
    """A feed, and the products that it was made from."""

    system: str
    wrapping: str
    fault: str
    truths: tuple[Truth, ...]
    data: bytes

    @property
    def name(self) -> str:
        return f"{self.system}, {self.wrapping}, {self.fault}"


def cases(seed: int, rows: int) -> Iterator[Case]:
    """Every system in every wrapping with every fault."""
    for system in SYSTEMS:
        for wrapping in WRAPPINGS:
            for fault in FAULTS:
                yield case(system, wrapping, fault, rows, seed)


def case(system: str, wrapping: str, fault: str, rows: int, seed: int) -> Case:
    truths = tuple(products(random.Random(f"{seed} {system} {wrapping} {fault}"), rows))
    written, spoilt = SYSTEMS[system].row, FAULTS[fault]
    table = [spoilt_row(one, written, spoilt) for one in truths]
    table = spoilt.rows(table) if spoilt.rows else table
    data = table_bytes(table, WRAPPINGS[wrapping])
    return Case(system, wrapping, fault, truths, spoilt.data(data) if spoilt.data and "16" not in wrapping else data)


def spoilt_row(one: Truth, written: Callable[[Truth], Cells], fault: Fault) -> Cells:
    """The row with each cell that tells a spoilt field spoilt: found by writing the product with the field changed."""
    row = written(one)
    for field, spoil in (fault.cells or {}).items():
        for name in telling(one, written, field):
            if row[name]:
                row[name] = spoil(row[name])
    return row


def telling(one: Truth, written: Callable[[Truth], Cells], field: str) -> list[str]:
    """The columns that tell the field and nothing else of the product."""
    value = getattr(one, field)
    other = replace(one, **{field: f"{value}?" if isinstance(value, str) else (value or 0) + 1})
    before, after = written(one), written(other)
    return [name for name in before if before[name] != after[name] and name not in SHARED]


# Cells that hold several things at once: a fault of one is not one of all.
SHARED = (
    "Variant SKU",
    "SKU",
    "Reference #",
    "listing-id",
    "Product Code/SKU",
    "model",
    "url_key",
    "meta_title(en-gb)",
)
SHARED += ("additional_attributes", "Feature(Name:Value:Position)")


# The judge.


class Verdict(NamedTuple):
    right: int = 0
    told: int = 0
    wrong: tuple[str, ...] = ()

    def __add__(self, other: "Verdict") -> "Verdict":  # type: ignore[override]
        return Verdict(self.right + other.right, self.told + other.told, self.wrong + other.wrong)


def judged(one: Case, folder: Path) -> Verdict:
    """Every cell of the feed: right, told of, or wrong in silence."""
    tells = SYSTEMS[one.system].tells
    path = folder / WRAPPINGS[one.wrapping].name
    path.write_bytes(one.data)
    try:
        rows = list(open_feed(path))
    except CatalogError:
        return Verdict(told=len(tells) * len(one.truths))
    bad = sum(isinstance(row, BadRow) for row in rows)
    found = {key: row for row in rows if isinstance(row, Row) for key in (row.id, row.product.gtin)}
    verdict = Verdict()
    for truth in one.truths:
        row = found.get(truth.id) or found.get(truth.gtin)
        if row is None:
            verdict += Verdict(told=len(tells)) if bad else Verdict(wrong=(f"{one.name}: {truth.id} is lost",))
        else:
            verdict += judged_row(one, truth, row, tells)
    return verdict


def judged_row(one: Case, truth: Truth, row: Row, tells: Sequence[str]) -> Verdict:
    told = bool(row.warnings)
    right, reported, wrong = 0, 0, []
    for field in tells:
        expected, value = wanted(truth, field), read(row, field)
        lost = field in FAULTS[one.fault].loses
        if value == expected or (lost and value in ("", None, ())):
            right += 1
        elif told:
            reported += 1
        else:
            wrong.append(f"{one.name}: {truth.id} {field}: {value!r} instead of {expected!r}")
    return Verdict(right, reported, tuple(wrong))


def wanted(truth: Truth, field: str) -> Any:
    return truth.images[0] if field == "first_image" else getattr(truth, field)


def read(row: Row, field: str) -> Any:
    product = row.product
    if field == "images":
        return row.references
    if field == "first_image":
        return next(iter(row.references), "")
    if field == "colour":
        return as_text(product.attributes.get("colour", ""))
    if field == "active":
        return product.status == "active"
    if field == "available":
        return product.availability == "in_stock"
    return getattr(product, field)
