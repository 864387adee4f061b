"""Prices as merchants write them -> numbers and currencies: no number is guessed."""

from catalog.feeds.prices.currencies import currency_codes
from catalog.feeds.prices.price import Money, marks_of, parse_price, yen_of
from catalog.feeds.prices.readings import PriceExample, PriceReading, how_read
from catalog.feeds.prices.writing import split_measure

__all__ = [
    "Money",
    "PriceExample",
    "PriceReading",
    "currency_codes",
    "how_read",
    "marks_of",
    "parse_price",
    "split_measure",
    "yen_of",
]
