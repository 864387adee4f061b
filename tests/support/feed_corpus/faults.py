"""What goes wrong on the way. Most faults spoil cells so that they can still be read; what cannot, must be told of."""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from tests.support.feed_corpus.systems import Cells

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
    "zero width": Fault(on(TEXTS, lambda text: "\u200b" + text.replace(" ", " \u200b") + "\ufeff")),
    "soft hyphens": Fault(on(("title",), lambda text: text.replace("l", "l\u00ad"))),
    "no-break spaces": Fault(on(TEXTS, lambda text: text.replace(" ", "\u00a0"))),
    "spaces around": Fault(on((*TEXTS, "price", "id"), lambda text: f"  {text} ")),
    "decomposed": Fault(on(("title", "brand"), lambda text: text.replace("ö", "o\u0308").replace("é", "e\u0301"))),
    "mis-decoded": Fault(on(("brand",), lambda text: text.encode().decode("cp1252", "replace")), loses=()),
    "control characters": Fault(on(("title",), lambda text: f"{text[:2]}\x01{text[2:]}\x07")),
    "no value: nan": Fault(on(("brand",), lambda text: "nan"), loses=("brand",)),
    "no value: NULL": Fault(on(("description",), lambda text: "NULL"), loses=("description",)),
    "no value: N/A": Fault(on(("list_price",), lambda text: "N/A"), loses=("list_price", "price")),
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
