"""The meaning of a feed's columns: our manifests, Google Merchant, Shopify, WooCommerce, and similar.

Names are compared without case, spaces and punctuation: "Image Link", "image_link" and "g:image_link" are equal.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from catalog.errors import FeedColumnsInvalid
from catalog.feeds.cells import brief

MAX_COLUMNS = 1_000
# Field -> the columns that give it, the best first.
SINGLE = {
    "id": "id productid itemid offerid sku productcode articlenumber articleid asin",
    "title": "title name productname producttitle itemname productdisplayname",
    "description": "description bodyhtml body longdescription productdescription shortdescription",
    "brand": "brand vendor manufacturer brands brandname",
    "price": "price variantprice regularprice listprice unitprice",
    "currency": "currency currencycode pricecurrency",
    "link": "link url producturl permalink productlink",
    "product_type": "producttype productcategory category categories categoryname googleproductcategory",
}
SYNONYMS = {name: words.split() for name, words in SINGLE.items()}
# Columns with one image each, and columns with several, parted by commas; both may come more than once.
IMAGE = frozenset(
    ("imagelink", "image", "imageurl", "imagesrc", "imagepath", "imagefile", "productimageurl", "mainimage", "picture")
)
IMAGES = frozenset(
    ("additionalimagelink", "additionalimagelinks", "additionalimages", "imagelinks", "imageurls", "images", "photos")
)
NUMBERED = re.compile(r"(?:additional)?(?:image|picture|photo)(?:link|url|src)?[0-9]{1,3}(?:url)?")
# Column -> the attribute, by the model's own name where it has one (assets/model/taxonomy.json).
ATTRIBUTES = {
    "color": "colour",
    "colour": "colour",
    "gender": "gender",
    "googleshoppinggender": "gender",
    "size": "size",
    "material": "material",
    "pattern": "pattern",
    "agegroup": "age_group",
    "googleshoppingagegroup": "age_group",
    "condition": "condition",
    "googleshoppingcondition": "condition",
    "season": "season",
    "usage": "usage",
    "audience": "audience",
}
# Shopify's Option1 Name and Option1 Value; WooCommerce's Attribute 1 name and Attribute 1 value(s).
PAIR_NAME = re.compile(r"((?:option|attribute)[0-9]{1,3})name")
HANDLES = ("handle", "urlhandle")
SHOPIFY = frozenset(("bodyhtml", "variantprice", "variantsku", "imagesrc", "productimageurl", "option1name"))
SHOPIFY_TYPE = "type"  # elsewhere a "Type" is another thing: WooCommerce has "simple" and "variable" there
FIELDS = (*SYNONYMS, "images", "attributes")


@dataclass(frozen=True, slots=True)
class Columns:
    """The column of each field, None where the feed has none.

    images: the columns of images in order; attributes: attribute -> column; objects: columns that hold several
    attributes, {"colour": "Red"}; pairs: columns that hold an attribute's name and its value. folds: neighbouring rows
    with one id are one product, whose images are ordered by `order`.
    """

    id: str | None = None
    title: str | None = None
    description: str | None = None
    brand: str | None = None
    price: str | None = None
    currency: str | None = None
    link: str | None = None
    product_type: str | None = None
    images: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    objects: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    folds: bool = False
    order: str | None = None


def recognise(header: Sequence[str], mapping: Mapping[str, str], partial: bool = False) -> Columns:
    """mapping: field -> column, as {"title": "name"}, which wins over what is recognised. A field is one of FIELDS or
    an attribute, as "colour" or "attributes.heel height"; "images" may have several columns, parted by commas. A field
    whose column is "" is not read from any.

    partial: the header is that of one row among others with further columns, so nothing need be there.
    Raises FeedColumnsInvalid.
    """
    if len(header) > MAX_COLUMNS:
        raise FeedColumnsInvalid(f"The feed has {len(header):,} columns; the limit is {MAX_COLUMNS:,}.")
    twice = [name for name, count in Counter(header).items() if count > 1 and not several(name)]
    if twice:
        raise FeedColumnsInvalid(f"The feed has more than one column named {listed(twice)}.")
    chosen = read_mapping(header, mapping, partial)
    taken = {name for names in chosen.values() for name in names}
    columns = assemble([name for name in dict.fromkeys(header) if name not in taken], chosen)
    if not partial:
        check(columns, header)
    return columns


def read_mapping(header: Sequence[str], mapping: Mapping[str, str], partial: bool = False) -> dict[str, list[str]]:
    """-> field or "attributes.NAME" -> the header's columns. Raises FeedColumnsInvalid."""
    chosen: dict[str, list[str]] = {}
    for name, column in mapping.items():
        plain = plainly(name)
        if name.lower().startswith("attributes.") and name[11:].strip():
            target = f"attributes.{name[11:].strip()}"
        elif plain in ATTRIBUTES:
            target = f"attributes.{ATTRIBUTES[plain]}"
        elif plain in PLAIN_FIELDS:
            target = PLAIN_FIELDS[plain]
        else:
            raise FeedColumnsInvalid(f'There is no field "{brief(name)}".{suggestion(name, FIELDS)}')
        names = column.split(",") if target == "images" and column not in header else [column]
        found = [match for part in names if column and (match := find(part.strip(), header, partial))]
        chosen[target] = chosen.get(target, []) + found
    return chosen


def find(column: str, header: Sequence[str], partial: bool) -> str | None:
    """The header's column of this name: exactly, else in any spelling."""
    for name in header:
        if name == column:
            return name
    for name in header:
        if plainly(name) == plainly(column):
            return name
    if partial:
        return None
    raise FeedColumnsInvalid(f'The feed has no column "{brief(column)}".{suggestion(column, header)}')


def assemble(names: Sequence[str], chosen: Mapping[str, list[str]]) -> Columns:
    """names: the columns that the mapping left."""
    by_plain: dict[str, str] = {}
    for name in names:
        by_plain.setdefault(plainly(name), name)
    handle = next((by_plain[word] for word in HANDLES if word in by_plain and SHOPIFY & by_plain.keys()), None)
    single: dict[str, str | None] = {}
    for name, words in SYNONYMS.items():
        recognised = next((by_plain[word] for word in words if word in by_plain), None)
        single[name] = next(iter(chosen[name]), None) if name in chosen else recognised
    if handle and "id" not in chosen:
        single["id"] = handle
    if handle and "product_type" not in chosen:
        single["product_type"] = by_plain.get(SHOPIFY_TYPE) or single["product_type"]
    attributes = {ATTRIBUTES[plain]: name for plain, name in reversed(by_plain.items()) if plain in ATTRIBUTES}
    for target, columns in chosen.items():
        if target.startswith("attributes."):
            attributes.pop(target.removeprefix("attributes."), None)
            attributes |= {target.removeprefix("attributes."): name for name in columns[:1]}
    return Columns(
        **single,
        images=tuple(chosen["images"] if "images" in chosen else (name for name in names if several(name))),
        attributes=attributes,
        objects=tuple(chosen["attributes"] if "attributes" in chosen else filter(None, [by_plain.get("attributes")])),
        pairs=tuple(pairs(by_plain)),
        folds=handle is not None and single["id"] == handle,
        order=by_plain.get("imageposition") if handle else None,
    )


def pairs(by_plain: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for plain, name in by_plain.items():
        found = PAIR_NAME.fullmatch(plain)
        value = found and (by_plain.get(f"{found[1]}value") or by_plain.get(f"{found[1]}values"))
        if value:
            yield name, value


def check(columns: Columns, header: Sequence[str]) -> None:
    """Raises FeedColumnsInvalid."""
    names = listed(header[:20]) + (", …" if len(header) > 20 else "")
    if columns.id is None:
        raise FeedColumnsInvalid(f"No column gives the id. The columns are {names}. Map a column to the field id.")
    if not (columns.title or columns.description or columns.images):
        raise FeedColumnsInvalid(
            "No column gives a title, a description or an image. "
            f"The columns are {names}. Map a column to one of these fields."
        )


def plainly(name: str) -> str:
    """ "g:Image Link" -> "imagelink"."""
    return "".join(letter for letter in name.strip().casefold().removeprefix("g:") if letter.isalnum())


def several(name: str) -> bool:
    """Whether this is a column of images, of which there may be several with one name."""
    plain = plainly(name)
    return plain in IMAGE or plain in IMAGES or NUMBERED.fullmatch(plain) is not None


def splits(name: str) -> bool:
    """Whether a cell of this column holds several images, parted by commas."""
    return plainly(name) in IMAGES


def known(name: str) -> bool:
    """Whether the name means something, in any feed."""
    plain = plainly(name)
    return (
        several(name) or plain in ATTRIBUTES or plain in HANDLES or any(plain in words for words in SYNONYMS.values())
    )


PLAIN_FIELDS = {plainly(field): field for field in FIELDS} | {"image": "images"}


def suggestion(name: str, possible: Iterable[str]) -> str:
    """A sentence that goes behind the error, "" where nothing is near."""
    by_plain = {plainly(word)[:64]: word for word in possible if word}
    near = difflib.get_close_matches(plainly(name)[:64], by_plain, 1, 0.5)
    return f' Did you mean "{brief(by_plain[near[0]])}"?' if near else ""


def listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{brief(name)}"' for name in names)
