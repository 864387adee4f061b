"""What filters and searches compare, so that the spellings of one name, value or number are one.

A payload holds, beside each value as it was spelt, a key of everything that a filter may ask for, and every number by
which the product is known. What an earlier release stored has neither, and is compared as it was spelt.
"""

import re
import unicodedata
from collections.abc import Iterable

from catalog.product import Product, StoredProduct
from catalog.synonyms import attribute_name

# A path of these is found by each of its beginnings: "Home > Kitchen" finds "Home > Kitchen > Mugs".
PATHS = ("product_type", "google_product_category")
IDENTIFIERS = ("sku", "gtin", "mpn")
# Fields with keys, and those of them that stand in the payload as they were spelt, too.
SPELT = ("brand", *PATHS)
KEYED = (*SPELT, *IDENTIFIERS)

STEP = re.compile("[>\u203a\u00bb]")
TRADEMARKS = re.compile("[\u00ae\u2122\u00a9]")
APOSTROPHES = str.maketrans("\u2018\u2019\u02bc\u00b4`", "'''''")
# What is written between the parts of a number: spaces, hyphens, dashes.
GAPS = re.compile(r"[\s\u00ad\u200b-\u200d\ufeff\u2010-\u2015\u2212-]+")
# GTIN-8 to GTIN-14, also without the zeros that a spreadsheet takes off.
GTIN = re.compile(r"[0-9]{7,14}")
WRITTEN_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
# Signs that stand around a word, in Chinese, too.
AROUND = (
    ".,;:!?()[]{}<>\"'#*\u201c\u201d\u201e\u00ab\u00bb"
    "\u3001\u3002\uff0c\uff1b\uff1a\uff01\uff1f\uff08\uff09\u3010\u3011"
)
# Of a word within a text; of one that is the whole text any length does.
LEAST_CHARACTERS = 4
MAX_SOUGHT = 64
# Of a text that may be numbers, characters; what is longer is a document.
MAX_QUERY = 1024


def attribute_pair(name: str, value: str) -> str:
    """An attribute as one text, "name=value". An "=" or "\\" in the name is escaped, so that no two pairs are equal."""
    return name.replace("\\", "\\\\").replace("=", "\\=") + "=" + value


def split_attribute_pair(text: str) -> tuple[str, str]:
    """The name and value that `attribute_pair` joined."""
    position = 0
    while text[position : position + 1] not in ("=", ""):  # "" for a damaged one
        position += 2 if text[position] == "\\" else 1
    return text[:position].replace("\\=", "=").replace("\\\\", "\\"), text[position + 1 :]


def folded(value: str) -> str:
    """Without case, width, trademark signs and the kind of spaces and apostrophes: "ACME®" -> "acme"."""
    if not value.isascii():
        value = unicodedata.normalize("NFKC", TRADEMARKS.sub("", value).translate(APOSTROPHES)) or value
    return " ".join(value.casefold().split()) or value


def field_key(field: str, value: str) -> str:
    """The key of a value of one of the fields KEYED."""
    if field in PATHS:
        return f"{field}={' > '.join(map(folded, STEP.split(value)))}"
    if field in IDENTIFIERS:
        return f"{field}={number_keys(value)[-1] if field == 'gtin' else number_key(value)}"
    return f"{field}={folded(value)}"


def attribute_key(name: str, value: str) -> str:
    return "attributes." + attribute_pair(attribute_name(name), folded(value))


def number_key(number: str) -> str:
    """Without case, spaces and hyphens."""
    return GAPS.sub("", number if number.isascii() else unicodedata.normalize("NFKC", number)).casefold()


def number_keys(number: str) -> tuple[str, ...]:
    """A number's keys, the exacter first. One that may be a GTIN is also known without its leading zeros, by which a
    UPC and the EAN of the same article differ.
    """
    key = number_key(number)
    return (key, f"gtin:{key.lstrip('0')}") if GTIN.fullmatch(key) else (key,)


def keys_of(stored: StoredProduct) -> list[str]:
    """The keys by which filters find the product."""
    product = stored.product
    articles = (product, *product.variants)
    keys = [field_key("brand", product.brand)] if product.brand else []
    keys += [key for field in PATHS for key in _beginnings(field, getattr(product, field))]
    keys += [field_key(name, number) for name in IDENTIFIERS for one in articles if (number := getattr(one, name))]
    keys += [attribute_key(name, value) for name, value in stored.facts]
    return list(dict.fromkeys(keys))


def numbers_of(product: Product) -> list[str]:
    """The keys of all numbers by which somebody may look for the product."""
    return list(dict.fromkeys(key for number in product.identifiers for key in number_keys(number) if key))


def sought_numbers(text: str) -> tuple[str, ...]:
    """The keys of what may be a product's number in a query, the likeliest first: the whole text, then its words. None
    of an ordinary query. A number has a digit, or is a single word in capitals or with a hyphen.
    """
    text = text.strip()[:MAX_QUERY]
    words = text.split()
    whole = [text] if _has_digit(text) or (len(words) == 1 and _looks_like_code(text)) else []
    parts = [part for word in words for part in _parts(word)]
    parts += WRITTEN_CODE.findall(text) if not text.isascii() else []
    long = [part for part in parts if len(part) >= LEAST_CHARACTERS and _has_digit(part)]
    return tuple(dict.fromkeys(key for one in (*whole, *long) for key in number_keys(one)))[:MAX_SOUGHT]


def distinct(facts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Names and values of attributes without those that say the same as one before in another spelling."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in facts:
        found.setdefault(attribute_key(name, value), (name, value))
    return list(found.values())


def _beginnings(field: str, path: str) -> list[str]:
    steps = [step for step in STEP.split(path) if step.strip()]
    return [field_key(field, " > ".join(steps[: end + 1])) for end in range(len(steps))]


def _parts(word: str) -> list[str]:
    """A word without the signs around it, and what stands in it behind a colon: "SKU:RUN-41"."""
    bare = word.strip(AROUND)
    return [bare, *re.split("[:\uff1a=#]", bare)[1:]]


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _looks_like_code(word: str) -> bool:
    return word.isascii() and len(word) >= LEAST_CHARACTERS and (word.isupper() or "-" in word or "_" in word)
