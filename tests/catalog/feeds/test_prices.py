"""What `catalog.feeds.prices` makes of prices as merchants write them."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import RowPriceAmbiguous, RowPriceInvalid
from catalog.feeds.prices import Money, currency_codes, parse_price, split_measure, yen_of


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
        ("0,999", (0.999, "")),
        ("12,-", (12.0, "")),
        ("12.--", (12.0, "")),
        ("1.299,-", (1299.0, "")),
        ("Rs. 499", (499.0, "INR")),
        ("Rs.499/-", (499.0, "INR")),
        ("12,34,567", (1234567.0, "")),
        ("₹1,23,456.00", (123456.0, "INR")),
        ("1’299.50", (1299.5, "")),
        ("0.999", (0.999, "")),
        ("1299.000", (1299.0, "")),
        ("١٬٢٣٤٫٥٠ ج.م.\u200f", (1234.5, "EGP")),
        ("\u200f1,234.50\u00a0د.إ.\u200f", (1234.5, "AED")),
        ("٣", (3.0, "")),
        ("€ 5 EUR", (5.0, "EUR")),
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
    ("written", "expected"),
    [
        ("R273.00", (273.0, "ZAR")),
        ("R 1 299.00", (1299.0, "ZAR")),
        ("RM 19.90", (19.9, "MYR")),
        ("Rp 25000", (25000.0, "IDR")),
        ("61,85 lei", (61.85, "RON")),
        ("1 490,00 руб.", (1490.0, "RUB")),
        ("36元人民币", (36.0, "CNY")),
        ("US $12.50", (12.5, "USD")),
        ("25.00 US$", (25.0, "USD")),
        ("$12.50 US", (12.5, "USD")),
        ("$20 USD", (20.0, "USD")),
        ("USD$20", (20.0, "USD")),
        ("$20 CAD", (20.0, "CAD")),
        ("12.50 Euro", (12.5, "EUR")),
        ("Euro 12,50", (12.5, "EUR")),
        ("1,299円", (1299.0, "JPY")),
        ("1,299円（税込）", (1299.0, "JPY")),
        ("１２９９円", (1299.0, "JPY")),
        ("ＵＳＤ １２．５０", (12.5, "USD")),
        ("49 zł", (49.0, "PLN")),
        ("49,90 Kč", (49.9, "CZK")),
        ("4 990 Ft", (4990.0, "HUF")),
        ("19,90 € inkl. MwSt.", (19.9, "EUR")),
        ("S/ 12.50", (12.5, "PEN")),
        ("Q12.50", (12.5, "GTQ")),
        ("12.50 US dollars", (12.5, "USD")),
        ("12,50 złotego polskiego", (12.5, "PLN")),
        ("250 pesos", (250.0, "")),
        ("499,00 kr.", (499.0, "")),
    ],
)
def test_currencies_as_they_are_written_where_they_are_money(written: str, expected: tuple[float, str]) -> None:
    assert parse_price(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("150.000 ₫", (150_000.0, "VND")),
        ("299.000 VND", (299_000.0, "VND")),
        ("IDR 175.000", (175_000.0, "IDR")),
        ("12.990 CLP", (12_990.0, "CLP")),
        ("COP 89.900", (89_900.0, "COP")),
        ("3.500 KRW", (3_500.0, "KRW")),
        ("568,000 VND", (568_000.0, "VND")),
        ("1.250.000 VND", (1_250_000.0, "VND")),
        ("FCFA 12.500", (12_500.0, "")),
        ("1.299 Kč", (1_299.0, "CZK")),
        ("12.50 JPY", (12.5, "JPY")),
        ("1.299 KWD", (1.299, "KWD")),
    ],
)
def test_three_digits_behind_a_mark_are_read_by_the_decimals_of_the_currency(
    written: str, expected: tuple[float, str]
) -> None:
    assert parse_price(written) == expected


@pytest.mark.parametrize("written", ["1.299", "1.299 €", "EUR 12.500", "$12.990", "1,299 KWD", "100.000"])
def test_what_two_readings_fit_is_told(written: str) -> None:
    digits = written.strip(" €$EURKWD").replace(",", ".")
    with pytest.raises(RowPriceAmbiguous, match=f"can mean {digits.replace('.', '')} or {digits}, and the column"):
        parse_price(written)


@pytest.mark.parametrize(
    ("written", "currency", "expected"),
    [
        ("$12.50", "CAD", "CAD"),
        ("12.50", "CAD", "CAD"),
        ("kr 12,50", "nok", "NOK"),
        ("¥1200", "CNY", "CNY"),
        ("$12.990", "CLP", "CLP"),
        ("12.50", "Euro", "EUR"),
        ("12.50 USD", "nothing", "USD"),
        (12.5, "€", "EUR"),
        ("", "EUR", "EUR"),
    ],
)
def test_the_rows_currency_overrules_a_sign(written: object, currency: str, expected: str) -> None:
    assert parse_price(written, currency=currency)[1] == expected


def test_the_rows_currency_and_another_code_contradict_each_other() -> None:
    with pytest.raises(RowPriceAmbiguous, match=r"and the row's currency, USD, contradict"):
        parse_price("12.50 EUR", currency="USD")


def test_the_currency_of_the_feed_is_that_of_the_signs_that_can_stand_for_it() -> None:
    money = Money(default="CLP")
    assert parse_price("$12.990", money) == parse_price("12.990", money) == (12990.0, "CLP")
    assert parse_price("12.50 €", money) == (12.5, "EUR")


@pytest.mark.parametrize(
    ("written", "why"),
    [
        *(
            ("10 - 20", "one price but a range"),
            ("10–20 €", "one price but a range"),
            ("$10 to $20", "one price but a range"),
        ),
        *(("ab 19,90 €", "one price but a range"), ("from $10", "one price but a range")),
        *(
            ("12,99 €/Stück", "the product's price but one per unit"),
            ("1.19 EUR per 100 g", "the product's price but one per unit"),
        ),
    ],
)
def test_the_message_says_what_else_a_price_is(written: str, why: str) -> None:
    with pytest.raises(RowPriceInvalid, match=f"^The price .* is not {why}\\.$"):
        parse_price(written)


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("11,92 €/kg", ("11,92 €", "1 kg")),
        ("1.19 EUR per 100 g", ("1.19 EUR", "100 g")),
        ("S/ 12.50", ("S/ 12.50", "")),
        ("499/-", ("499/-", "")),
        ("x" * 1_000, ("x" * 1_000, "")),
    ],
)
def test_a_price_per_unit_is_parted_from_its_measure(written: str, parts: tuple[str, str]) -> None:
    assert split_measure(written) == parts


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
    money = Money(yen=yen)
    assert (parse_price("¥199", money)[1], parse_price("199 ￥", money)[1]) == currencies
    assert parse_price("199 EUR", money) == (199.0, "EUR")


@pytest.mark.parametrize(
    "written",
    [
        *("nan", "inf", "-1", "1e3", "free", "1,2,3", "1.2.3", "12 34", "..", "EUR", "$ 5 EUR", "(5.00 €)"),
        *("\u22125", "5-", "€-5"),
        *(
            "14.90 XYZ",
            "=5",
            "@5",
            "1K",
            "$1K",
            "12 L",
            "USD .50",
            "USD.50",
            "0.123.456",
            "12.50,-",
            "9" * 80,
            "1" + "0" * 13,
            float("nan"),
            float("inf"),
            -1,
            -0.01,
            1.1e12,
            10**400,
        ),
        *(True, [5], {"amount": 5}, b"5", Decimal("NaN"), Decimal("Infinity")),
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
    except (RowPriceInvalid, RowPriceAmbiguous):
        return
    assert price is None or 0 <= price <= 1e12
    assert currency in {"", *currency_codes()}


@settings(max_examples=100, deadline=None, database=None)
@given(st.integers(0, 10**8), st.integers(0, 99))
def test_both_ways_of_writing_give_the_same(whole: int, cents: int) -> None:
    english = f"${whole:,}.{cents:02}"
    german = english[1:].translate(str.maketrans(".,", ",.")) + " €"
    assert parse_price(english)[0] == parse_price(german)[0] == float(f"{whole}.{cents:02}")
