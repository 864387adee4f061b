"""What a shopper pays: the sale price while a sale lasts, the list price otherwise."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

from catalog.product import Product

JUST_AFTER = 0.000_001  # seconds: a sale lasts until its end, inclusive


def price_now(product: Product, now: datetime | None = None) -> float | None:
    """What its list price, sale price and sale dates say; None where they say nothing. Dates that cannot be read
    restrict nothing.
    """
    on_sale = product.sale_price is not None and lasts(product.sale_dates, now or datetime.now(UTC))
    return product.sale_price if on_sale else product.list_price


def in_force(product: Product, now: float) -> Product:
    """The product with the price that a shopper pays at `now`, seconds since 1970, if its sale has dates: the price
    becomes the list price when the sale begins, and is it again when the sale has ended.
    """
    if product.sale_price is None or not product.sale_dates:
        return product
    if lasts(product.sale_dates, datetime.fromtimestamp(now, UTC)):
        if product.price is not None and product.sale_price < product.price:
            return replace(product, price=product.sale_price, list_price=product.price)
    elif product.price == product.sale_price and product.list_price is not None:
        return replace(product, price=product.list_price)
    return product


def next_change(product: Product, now: float) -> float | None:
    """When the sale next begins or is over, in seconds since 1970; None if it does neither any more."""
    if product.sale_price is None:
        return None
    try:
        start, end = _times(product.sale_dates)
    except ValueError:
        return None
    moments = [start.timestamp()] if start else []
    moments += [end.timestamp() + JUST_AFTER] if end else []
    return min((moment for moment in moments if moment > now), default=None)


def are_sale_dates(text: str) -> bool:
    """Whether these are two ISO 8601 times with a slash between, either of which may be missing, or nothing."""
    try:
        _times(text)
    except ValueError:
        return False
    return True


def lasts(dates: str, now: datetime) -> bool:
    """Whether a sale of these dates goes on; dates that cannot be read restrict nothing."""
    try:
        start, end = _times(dates)
    except ValueError:
        return True
    return (start is None or start <= now) and (end is None or now <= end)


def _times(dates: str) -> tuple[datetime | None, datetime | None]:
    """Raises ValueError."""
    if not dates:
        return None, None
    start, slash, end = dates.partition("/")
    if not slash:
        raise ValueError
    return _time(start, time.min), _time(end, time.max)


def _time(text: str, of_day: time) -> datetime | None:
    """of_day: the time where only a day is given. A time without a zone is UTC."""
    text = text.strip()
    if not text:
        return None
    read = datetime.combine(date.fromisoformat(text), of_day) if len(text) == 10 else datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
