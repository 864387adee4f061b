"""Prices as Babel prints them, in every one of its locales: read back equal, or told; never another number."""

from collections.abc import Sequence
from decimal import Decimal

from babel.localedata import locale_identifiers
from babel.numbers import format_currency, format_decimal, get_currency_precision
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import RowPriceAmbiguous, RowPriceInvalid
from catalog.feeds.prices import Money, currency_codes, marks_of, parse_price

LOCALES = sorted(locale_identifiers())
CODES = sorted(currency_codes())
# Of signs that several currencies share the usual one is read.
SHARED = ("$", "¥", "￥", "£", "Rs", "r", "元", "Fr", "SR", "lei", "L")


@st.composite
def columns(draw: st.DrawFn) -> tuple[str, list[Decimal], list[str]]:
    """The code, amounts, and how one locale prints them."""
    locale, code = draw(st.sampled_from(LOCALES)), draw(st.sampled_from(CODES) | st.just(""))
    places = get_currency_precision(code) if code else draw(st.integers(0, 2))
    amounts = draw(st.lists(st.decimals(0, 10**9, places=places) | st.decimals(0, 10**4, places=places), min_size=1))
    system = draw(st.sampled_from(["latn", "default"]))
    kind = draw(st.sampled_from(["standard", "accounting", "name"]))

    def printed(amount: Decimal) -> str:
        if code:
            return format_currency(amount, code, locale=locale, format_type=kind, numbering_system=system)  # type: ignore[arg-type]
        return format_decimal(amount, locale=locale, numbering_system=system)

    return code, amounts, [printed(amount) for amount in amounts]


def check(code: str, amounts: Sequence[Decimal], written: Sequence[str], money: Money) -> int:
    """How many were read."""
    read = 0
    for amount, text in zip(amounts, written, strict=True):
        try:
            price, currency = parse_price(text, money, "price")
        except (RowPriceInvalid, RowPriceAmbiguous):
            continue
        assert price == float(amount), text
        assert currency in ("", code) or any(sign in text for sign in SHARED), text
        read += 1
    return read


@settings(deadline=None, database=None, max_examples=100)
@given(columns())
def test_printed_prices_read_back_equal_or_are_told(column: tuple[str, list[Decimal], list[str]]) -> None:
    code, amounts, written = column
    check(code, amounts, written, Money())
    check(code, amounts, written, Money(columns={"price": marks_of(written)}))


def test_printed_prices_are_read_in_every_language() -> None:
    amounts = [Decimal("0.5"), Decimal("12.34"), Decimal("1234.5"), Decimal(1299)]
    read = 0
    for locale in LOCALES[::10]:
        written = [format_currency(amount, "EUR", locale=locale) for amount in amounts]
        read += check("EUR", amounts, written, Money(columns={"price": marks_of(written)}))
    assert read > 0.98 * len(amounts) * len(LOCALES[::10])
