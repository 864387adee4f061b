"""The text of a price -> its number and the currencies that it can be in."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from catalog.feeds.prices.currencies import Currency, currency_codes, find_currency
from catalog.feeds.prices.numbers import Number, read_digits

LONGEST = 100  # characters of a price
# Spaces of every width -> a space; full-width letters, digits and punctuation -> ASCII; marks -> those of `numbers`.
WIDTHS: dict[int, str | None] = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
WIDTHS |= dict.fromkeys(map(ord, "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"), " ")
WIDTHS |= dict.fromkeys(map(ord, "\u202f\u205f\u3000\t\r\n"), " ")
WIDTHS |= dict.fromkeys(map(ord, "\u2019\u2018\u02bc\u00b4`\uff07"), "'")
WIDTHS |= {0x060C: ",", 0x2E41: "\u066c", 0x2212: "-"}
WIDTHS |= dict.fromkeys(map(ord, "\u061c\u200b\u200e\u200f"))
UNUSUAL = re.compile("(?![0-9])\\d|[\u00ad\u200c\u200d\u202a-\u202e\u2060-\u206f\ufeff]")
NUMBER = re.compile(r"[0-9](?:[0-9.,' \u066b\u066c]*[0-9])?")
# "12,-", "12.--" and, in India and East Africa, "499/-" and "499/=".
NO_CENTS = re.compile(r"[.,] ?(?:[-\u2013\u2014]{1,2}|=)|/[-=]")
TAX = re.compile(r"\(?(?:税込み?|inkl?\.? ?(?:mwst|ust)\.?|incl?\.? ?(?:vat|tax|gst)|ttc|iva incl\.?)\)?|\*+$", re.I)
FROM = re.compile(
    r"\W*(?:ab|from|von|starting|up to|bis|à partir|dès|desde|a partir|da|od|от|från|fra|vanaf|alkaen)\b", re.IGNORECASE
)
RANGE = re.compile(
    r"[0-9][^0-9]*(?:[-\u2013\u2014~\u301c\u2026]|\b(?:to|bis|a|à|do|tot|til|till)\b)[^0-9]*[0-9]", re.IGNORECASE
)
PER_UNIT = re.compile(r"\s*(?:/\s*(?=[^\W_])|\b(?:per|pro|je|par|por)\b\s*)(.+)", re.IGNORECASE)
SPELLED = re.compile(r"[^\W\d_]{3}")
PARTS = re.compile(r"[^\W\d_]+|[^\w\s]+")


class Written(NamedTuple):
    """currency: None if the price names none; spelled: whether by a code or a name and not by a sign, such as US$."""

    number: Number
    currency: Currency | None
    spelled: bool = False


class Around(NamedTuple):
    """What stands around the digits of a price. lead: the mark before them, as in ".50"; cents: the mark of "12,-"."""

    currency: Currency | None
    spelled: bool
    lead: str = ""
    cents: str = ""


def clean(text: str) -> str:
    """ASCII digits and marks, one kind of space, no marks of direction."""
    if not text.isascii():
        text = text.translate(WIDTHS)
        if UNUSUAL.search(text):
            text = "".join(str(unicodedata.decimal(x)) if x.isdecimal() else x for x in text if not is_unseen(x))
    return text.strip()


def is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) == "Cf"


@lru_cache(8192)
def read_written(text: str) -> Written | None:
    """ "1.299,00 €" -> its number and EUR. None for what is no price. Give it no text above LONGEST."""
    text = clean(text)
    found = NUMBER.search(text)
    if not found:
        return None
    around = read_around(text[: found.start()], text[found.end() :])
    number = read_digits(around.lead + found[0]) if around else None
    if around and around.cents and number:
        number = without_cents(number, around.cents)
    return Written(number, around.currency, around.spelled) if around and number else None


@lru_cache(8192)
def read_around(before: str, after: str) -> Around | None:
    """None if anything but a currency stands around the digits."""
    lead = cents = ""
    if found := NO_CENTS.match(after):
        after, cents = after[found.end() :], found[0][0]
    elif before.endswith((".", ",")) and not before[-2:-1].isalpha() and before[-2:-1] != "/":
        before, lead = before[:-1], before[-1]
    if FROM.match(before) or (lead and any(map(str.isalpha, before))):
        return None
    before, after = before.strip().removesuffix("+").strip(), TAX.sub("", after).strip()
    before = TAX.sub("", before).strip()
    if before.endswith(".") and before[:-1].upper() in currency_codes():
        return None
    if not before and after in ("", "."):
        return Around(None, False, lead, cents)
    currency = currency_around(before, after)
    return Around(currency, SPELLED.search(f"{before} {after}") is not None, lead, cents) if currency else None


def without_cents(number: Number, mark: str) -> Number | None:
    """What stands before "," and a dash is whole. "499.50/-" may have decimals."""
    if mark == "/":
        return number
    return Number(number.grouped, None, number.group, mark) if number.grouped is not None else None


def currency_around(before: str, after: str) -> Currency | None:
    """None if either is no currency, or if they are not the same."""
    if len(after) == 1 and after.isascii() and after.isalpha():  # litres, thousands
        return None
    if before and after:
        return find_currency(after + before) or joint([before, after])
    word = before or after
    return find_currency(word) or joint(PARTS.findall(word))


def joint(words: list[str]) -> Currency | None:
    """The currencies that all of several words can stand for: "$" and "CAD" are CAD."""
    found = [find_currency(word) for word in words]
    if len(found) < 2 or None in found:
        return None
    known = [currency for currency in found if currency]
    possible = frozenset.intersection(*(currency.possible for currency in known))
    usual = next((currency.usual for currency in known if currency.usual in possible), "")
    return Currency(usual if len(possible) > 1 else "", possible) if possible else None


def fault(text: str) -> str:
    """Why a text is no single price, as the end of "The price is not …"; "" if there is nothing particular to say."""
    text = clean(text[:LONGEST])
    if RANGE.search(text) or FROM.match(text):
        return "one price but a range"
    found = NUMBER.search(text)
    return "the product's price but one per unit" if found and PER_UNIT.search(text, found.end()) else ""


def split_measure(text: str) -> tuple[str, str]:
    """A price per unit -> the price and its measure: "11,92 €/kg" -> ("11,92 €", "1 kg"); "" if it names none."""
    plain = clean(text) if len(text) <= LONGEST else ""
    found = NUMBER.search(plain)
    parts = found and PER_UNIT.search(plain, found.end())
    if not parts:
        return text, ""
    measure = parts[1].strip(" .")
    return plain[: parts.start()], measure if measure[:1].isdigit() else f"1 {measure}"
