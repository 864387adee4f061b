from datetime import UTC, datetime

import pytest

from catalog.product import Product
from catalog.sales import are_sale_dates, price_now

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
