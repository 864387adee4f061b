"""What a shopper pays: the sale price while a sale lasts, the list price otherwise."""

from datetime import UTC, date, datetime, time

from catalog.product import Product


def price_now(product: Product, now: datetime | None = None) -> float | None:
    """What its list price, sale price and sale dates say; None where they say nothing. Dates that cannot be read
    restrict nothing.
    """
    on_sale = product.sale_price is not None and lasts(product.sale_dates, now or datetime.now(UTC))
    return product.sale_price if on_sale else product.list_price


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
