"""What `catalog.feeds.prices` makes of prices as merchants write them."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import RowPriceInvalid
from catalog.feeds.prices import CODES, parse_price, yen_of


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("14.90 EUR", (14.9, "EUR")),
        ("EUR 14,90", (14.9, "EUR")),
        ("eur14.90", (14.9, "EUR")),
        ("$1,299.00", (1299.0, "USD")),
        ("US$ 5", (5.0, "USD")),
        ("1.299,00 €", (1299.0, "EUR")),
        ("\uff11\uff12\uff19元", (129.0, "CNY")),
        ("￥\uff11\uff0c\uff12\uff19\uff19\uff0e\uff10\uff10", (1299.0, "CNY")),
        ("1\u202f299,00\u00a0€", (1299.0, "EUR")),
        ("1'299.50 CHF", (1299.5, "CHF")),
        ("1 299,00 kr", (1299.0, "")),
        ("1.234.567,89", (1234567.89, "")),
        ("1,234,567", (1234567.0, "")),
        ("1,299", (1299.0, "")),
        ("1.299", (1.299, "")),
        ("0,999", (0.999, "")),
        ("12,-", (12.0, "")),
        ("Rs. 499", (499.0, "INR")),
        (".5", (0.5, "")),
        ("0", (0.0, "")),
        (" 5 ", (5.0, "")),
        ("+5", (5.0, "")),
        (12, (12.0, "")),
        (12.5, (12.5, "")),
        (Decimal("12.50"), (12.5, "")),
        (1e12, (1e12, "")),
        ("", (None, "")),
        ("  ", (None, "")),
        (None, (None, "")),
    ],
)
def test_prices(written: object, expected: tuple[float | None, str]) -> None:
    assert parse_price(written) == expected


@pytest.mark.parametrize(
    ("text", "yen", "currencies"),
    [
        ("id\n商品名称 红色连衣裙", "CNY", ("CNY", "CNY")),
        ("赤いドレス 5000円", "JPY", ("JPY", "JPY")),
        ("red dress\nCNY", "CNY", ("CNY", "CNY")),
        ("red dress 5000 JPY", "JPY", ("JPY", "JPY")),
        ("red dress", "", ("JPY", "CNY")),
        ("CNY JPY", "", ("JPY", "CNY")),
    ],
)
def test_the_sign_of_yuan_and_yen_means_what_the_feed_says(text: str, yen: str, currencies: tuple[str, str]) -> None:
    assert yen_of(text) == yen
    assert (parse_price("¥199", yen)[1], parse_price("199 ￥", yen)[1]) == currencies
    assert parse_price("199 EUR", yen) == (199.0, "EUR")


@pytest.mark.parametrize(
    "written",
    [
        *("nan", "inf", "-1", "1e3", "10 - 20", "free", "1,2,3", "1.2.3", "12 34", "12,34,567", "..", "EUR", "€ 5 EUR"),
        *("14.90 XYZ", "=5", "@5", "9" * 80, "1" + "0" * 13, float("nan"), float("inf"), -1, -0.01, 1.1e12, 10**400),
        *(True, [5], {"amount": 5}, b"5", Decimal("NaN"), Decimal("Infinity"), "٣"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_price(written: object) -> None:
    with pytest.raises(RowPriceInvalid, match=r"^The price .* is not a number from 0 to 1,000,000,000,000, alone"):
        parse_price(written)


def test_the_message_shows_the_price_on_one_line_and_short() -> None:
    with pytest.raises(RowPriceInvalid, match=r'^The price "a�b" is not'):
        parse_price("a\nb")
    with pytest.raises(RowPriceInvalid, match=r'^The price "x{40}…" is not'):
        parse_price("x" * 60)


@settings(max_examples=300, deadline=None, database=None)
@given(st.text(alphabet="0123456789.,'- €$EUR+\u2019e", max_size=20) | st.floats() | st.integers())
def test_any_text_is_a_price_or_our_own_error(written: object) -> None:
    try:
        price, currency = parse_price(written)
    except RowPriceInvalid:
        return
    assert price is None or 0 <= price <= 1e12
    assert currency in {"", *CODES}


@settings(max_examples=100, deadline=None, database=None)
@given(st.integers(0, 10**8), st.integers(0, 99))
def test_both_ways_of_writing_give_the_same(whole: int, cents: int) -> None:
    english = f"${whole:,}.{cents:02}"
    german = english[1:].translate(str.maketrans(".,", ",.")) + " €"
    assert parse_price(english)[0] == parse_price(german)[0] == float(f"{whole}.{cents:02}")
