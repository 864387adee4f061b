"""Prices are read by what their whole column says of its marks, and one that cannot be read costs only itself."""

from pathlib import Path

import pytest

from catalog.feeds import Feed, Row, open_feed
from catalog.feeds.prices import PriceExample


def feed_of(folder: Path, *prices: str) -> Feed:
    path = folder / "feed.tsv"
    rows = "".join(f"{number}\ta\t{price}\n" for number, price in enumerate(prices))
    path.write_text(f"id\ttitle\tprice\n{rows}", encoding="utf-8")
    return open_feed(path)


def read(feed: Feed) -> list[float | str | None]:
    """Of each row the price, or the code of the warning that stands for it."""
    rows = [row for row in feed if isinstance(row, Row)]
    assert [row.line for row in rows] == list(range(2, len(rows) + 2))
    return [row.warnings[0].code if row.warnings else row.product.price for row in rows]


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        (("1.299 €", "49,90 €"), [1299.0, 49.9]),
        (("1.299 €", "1.234.567 €"), [1299.0, 1234567.0]),
        (("1.299 €", "2.499,00 €"), [1299.0, 2499.0]),
        (("1.299 €", "12,- €"), [1299.0, 12.0]),
        (("1.299", "899", "45", "120"), [1299.0, 899.0, 45.0, 120.0]),
        (("1.299", "12.5"), [1.299, 12.5]),
        (("1.299", "0.999"), [1.299, 0.999]),
        (("1.299", "1299.5"), [1.299, 1299.5]),
        (("1,299", "12.50"), [1299.0, 12.5]),
        (("1,299", "0,2995"), [1.299, 0.2995]),
        (("1.500 KWD", "0.750 KWD"), [1.5, 0.75]),
        (("1,500 KWD", "0,750 KWD"), [1.5, 0.75]),
        (("1.500 KRW", "12.50 USD"), [1500.0, 12.5]),
    ],
)
def test_a_mark_means_what_it_means_elsewhere_in_its_column(
    tmp_path: Path, prices: tuple[str, ...], expected: list[float]
) -> None:
    assert read(feed_of(tmp_path, *prices)) == expected


@pytest.mark.parametrize(
    "prices",
    [
        ("1.299", "12.50"),
        ("1.299", "12.5", "12,50"),
        ("1.299", "2.499"),
        ("1.299", "1299", "5", "6", "7"),
        ("1,299", "12,50"),
        ("1.500 KWD", "1,500 KWD", "1,50 KWD", "1.50 KWD"),
        ("1.500 KRW", "1299.125 KRW"),
    ],
)
def test_a_column_that_contradicts_itself_or_says_nothing_is_told(tmp_path: Path, prices: tuple[str, ...]) -> None:
    assert read(feed_of(tmp_path, *prices))[0] == "price_ambiguous"


def test_a_price_that_cannot_be_read_does_not_cost_the_product(tmp_path: Path) -> None:
    first, second = feed_of(tmp_path, "10 - 20", "free")
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert (first.product.price, first.product.currency) == (None, "")
    assert [error.code for error in (*first.warnings, *second.warnings)] == ["row_price_invalid"] * 2


def test_a_column_is_judged_by_more_than_its_first_rows(tmp_path: Path) -> None:
    assert read(feed_of(tmp_path, *["1.299"] * 900, "12,50"))[0] == 1299.0


def test_a_report_says_how_each_column_of_prices_was_read(tmp_path: Path) -> None:
    [found] = feed_of(tmp_path, "1.299,00 €", "12,50 €", "13,50 €", "", "free", "1.299 €").price_readings
    assert (found.column, found.read, found.unread) == ("price", 4, 1)
    assert found.examples == (
        PriceExample("free", None, "", "row_price_invalid"),
        PriceExample("1.299,00 €", 1299.0, "EUR"),
        PriceExample("12,50 €", 12.5, "EUR"),
    )
