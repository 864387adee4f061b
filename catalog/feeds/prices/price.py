"""A price of a feed -> a number and an ISO 4217 currency code, by what the feed's columns say of themselves."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from catalog.errors import RowPriceAmbiguous, RowPriceInvalid
from catalog.feeds.cells import brief
from catalog.feeds.prices.currencies import Currency, currency_codes, decimals, find_currency
from catalog.feeds.prices.numbers import NO_MARKS, Marks, Number, choose, column_marks
from catalog.feeds.prices.writing import LONGEST, fault, read_written

LIMIT = 1e12
# What nearly all prices are: a number, perhaps with a currency's code. It has one reading in every column.
PLAIN = re.compile(r"([0-9]{1,11}(?:\.[0-9]{1,2})?)(?: ?([A-Z]{3}))?")
# The two signs that yuan and yen share.
YEN_SIGNS = ("¥", "￥")
YUAN_WORDS, YEN_WORDS = re.compile(r"\b(?:CNY|RMB)\b|人民币"), re.compile(r"\bJPY\b|[\u3041-\u30ff]|円")
HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Money:
    """What a feed says of its prices.

    default: the currency of prices without one, and of a sign that can stand for it; yen: that of the sign ¥, CNY or
    JPY, "" if nothing says which; columns: the marks of each column of prices.
    """

    default: str = ""
    yen: str = ""
    columns: Mapping[str, Marks] = field(default_factory=dict)


UNTOLD = Money()


def yen_of(text: str) -> str:
    """The currency of ¥ in a feed with this text: "CNY", "JPY", or "" if it is ambiguous."""
    yuan, yen = YUAN_WORDS.search(text), YEN_WORDS.search(text)
    if yuan or yen:
        return "" if yuan and yen else "CNY" if yuan else "JPY"
    return "CNY" if HAN.search(text) else ""


def marks_of(values: Iterable[object]) -> Marks:
    """What the prices of one column say of their marks."""
    written = (read_written(value) for value in values if isinstance(value, str) and len(value) <= LONGEST)
    return column_marks(price.number for price in written if price)


def parse_price(value: object, money: Money = UNTOLD, column: str = "", currency: str = "") -> tuple[float | None, str]:
    """12.5, "EUR 14,90", "$1,299.00", "1.299,00 €" -> (price, code or ""). None or "" -> (None, the currency's code).

    column: the column of the price, by whose other prices its marks are read; currency: what the row's column of
    currencies says, which overrules a sign. How a lone mark before three digits is read: `numbers.choose`.

    Raises RowPriceAmbiguous for what has two readings, and RowPriceInvalid for what has none, and for negative,
    infinite or NaN prices, and those above LIMIT.
    """
    named = find_currency(currency) if currency and len(currency) <= LONGEST else None
    told = code_of(currency, named, money) if named else ""
    if isinstance(value, str):
        if plain := PLAIN.fullmatch(value):
            number, code = plain.groups()
            if not code or (code in currency_codes() and told in ("", code)):
                return float(number), code or told or money.default
        if not value.strip():
            return None, told
        return read_text(value, money, column, told)
    if value is None:
        return None, told
    price = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        price = float(value) if abs(value) <= LIMIT else None
    elif isinstance(value, Decimal):
        price = float(value) if value.is_finite() else None
    return checked(price, value), told or money.default


def read_text(text: str, money: Money, column: str, told: str) -> tuple[float, str]:
    written = read_written(text) if len(text) <= LONGEST else None
    if written is None:
        raise unreadable(text)
    currency = written.currency
    if told and currency and written.spelled and told not in currency.possible:
        raise RowPriceAmbiguous(f"The price {shown(text)} and the row's currency, {told}, contradict each other.")
    code = told or (code_of(text, currency, money) if currency else money.default)
    found = written.number.only
    if written.number.is_open:
        possible = frozenset((code,)) if code else currency.possible if currency else frozenset()
        found = choose(written.number, money.columns.get(column, NO_MARKS), decimals(possible))
    if found is None:
        raise two_readings(text, written.number)
    return checked(float(found), text), code


def code_of(text: str, currency: Currency, money: Money) -> str:
    """The currency of a sign or word: of those it can stand for, that of the feed."""
    return currency.of(money.yen if money.yen and any(map(text.__contains__, YEN_SIGNS)) else money.default)


def checked(price: float | None, value: object) -> float:
    if price is None or not math.isfinite(price) or not 0 <= price <= LIMIT:
        raise unreadable(value)
    return price


def unreadable(value: object) -> RowPriceInvalid:
    wanted = f"a number from 0 to {LIMIT:,.0f}, alone or with a currency such as EUR"
    if isinstance(value, str) and (particular := fault(value)):
        wanted = particular
    return RowPriceInvalid(f"The price {shown(value)} is not {wanted}.")


def two_readings(text: str, number: Number) -> RowPriceAmbiguous:
    return RowPriceAmbiguous(
        f"The price {shown(text)} can mean {number.grouped} or {number.parted}, and the column's other prices do not"
        f" say which. Write it with two decimals, such as {number.grouped}.00."
    )


def shown(value: object) -> str:
    """A value of the user's for a message."""
    if isinstance(value, int) and abs(value) > 10**40:  # Python writes no integer of more than 4,300 digits
        return "given"
    return f'"{brief(str(value))}"' if isinstance(value, str | int | float | Decimal) else "given"
