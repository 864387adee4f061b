"""How the prices of a column were read, for a person to check."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from catalog.errors import CatalogError
from catalog.feeds.prices.price import Money, parse_price, shown

EXAMPLES = 3
DIGITS = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True)
class PriceExample:
    """written: the price as it stands in the feed. code: of the error, "" for a price that was read."""

    written: str
    price: float | None
    currency: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class PriceReading:
    """examples: of the column, those first that were not read, and none twice that look alike. read, unread: how many
    of the first rows' prices.
    """

    column: str
    examples: tuple[PriceExample, ...]
    read: int
    unread: int


def how_read(column: str, prices: Iterable[tuple[object, str]], money: Money) -> PriceReading:
    """prices: of the column's first rows, each with what the row's column of currencies says."""
    found = dict[str, PriceExample]()
    read = unread = 0
    for value, currency in prices:
        example = read_example(value, column, currency, money)
        if example.price is None and not example.code:
            continue
        read, unread = read + (not example.code), unread + bool(example.code)
        found.setdefault(example.code + DIGITS.sub(form, example.written), example)
    examples = sorted(found.values(), key=lambda example: not example.code)
    return PriceReading(column, tuple(examples[:EXAMPLES]), read, unread)


def form(digits: re.Match[str]) -> str:
    """Prices look alike if they differ in nothing but digits; three digits are told apart: they may be thousands."""
    return "000" if len(digits[0]) == 3 else "0"


def read_example(value: object, column: str, currency: str, money: Money) -> PriceExample:
    written = shown(value).strip('"')
    try:
        return PriceExample(written, *parse_price(value, money, column, currency))
    except CatalogError as error:
        return PriceExample(written, None, "", error.code)
