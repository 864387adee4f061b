from datetime import UTC, datetime

import pytest

from catalog.product import Product
from catalog.sales import are_sale_dates, in_force, next_change, price_now

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dates", "price"),
    [
        ("", 24.95),
        ("2026-11-27T00:00+01:00/2026-11-30T23:59+01:00", 24.95),
        ("2026-11-28T14:00+01:00/", 47.0),
        ("2026-11-28T14:00+03:00/", 24.95),
        ("/2026-11-27", 47.0),
        ("/2026-11-28", 24.95),
        ("2026-11-28/2026-11-28", 24.95),
        ("2026-11-29/2026-12-01", 47.0),
        ("next week", 24.95),
    ],
)
def test_a_sale_lasts_as_long_as_its_dates_say(dates: str, price: float) -> None:
    product = Product(list_price=47.0, sale_price=24.95, sale_dates=dates)
    assert price_now(product, NOW) == price


def test_without_a_sale_the_list_price_counts_and_without_one_nothing_is_known() -> None:
    assert price_now(Product(list_price=47.0)) == 47.0
    assert price_now(Product(price=9.0)) is None


@pytest.mark.parametrize("text", ["2026-11-27", "tomorrow/", "2026-13-01/2026-14-01", "a/b"])
def test_what_are_no_sale_dates(text: str) -> None:
    assert not are_sale_dates(text)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


DATES = "2026-11-27T08:00/2026-11-30"


def test_the_price_in_force_follows_the_calendar_and_back() -> None:
    product = Product(price=47.0, sale_price=24.95, sale_dates=DATES)
    before, during = in_force(product, at("2026-11-27T07:59")), in_force(product, at("2026-11-27T08:00"))
    after = in_force(during, at("2026-12-01T00:00"))
    assert before == product
    assert (during.price, during.list_price) == (24.95, 47.0)
    assert (after.price, after.list_price) == (47.0, 47.0)
    assert in_force(after, at("2026-11-28T00:00")) == during


@pytest.mark.parametrize(
    "product",
    [
        Product(price=47.0, list_price=60.0),
        Product(price=47.0, sale_price=50.0, sale_dates=DATES),
        Product(price=24.95, list_price=47.0, sale_price=24.95),
        Product(price=24.95, sale_price=24.95, sale_dates="2026-11-01/2026-11-02"),
        Product(price=47.0, sale_price=24.95, sale_dates="soon/later", list_price=60.0),
    ],
)
def test_what_no_sale_changes_stays(product: Product) -> None:
    expected = 24.95 if product.sale_dates == "soon/later" else product.price
    assert in_force(product, at("2026-11-28T00:00")).price == expected
    assert next_change(product, at("2026-12-02T00:00")) is None


def test_when_a_price_changes_next() -> None:
    product = Product(price=47.0, sale_price=24.95, sale_dates=DATES)
    start, end = next_change(product, at("2026-11-01")), next_change(product, at("2026-11-28"))
    assert start == at("2026-11-27T08:00")
    assert end is not None
    assert at("2026-11-30T23:59:59") < end < at("2026-12-01T00:00:01")
    assert next_change(product, end) is None
    assert in_force(in_force(product, start), end).price == 47.0
