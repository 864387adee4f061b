"""How a feed was read, for people and as JSON: whose export it is taken for, its columns, its prices."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catalog.feeds import Feed


def reading(feed: "Feed") -> dict[str, Any]:
    from catalog.feeds import preview

    found = preview(feed.path, feed.mapping, feed.limits, encoding=feed.encoding)
    return {
        "system": found.system,
        "format": found.format,
        "columns": {column.name: column.field for column in found.columns},
        "unread": list(found.unread),
        "prices": [{"column": one.column, **asdict(price)} for one in found.prices for price in one.examples],
    }


def lines(reading: dict[str, Any]) -> Iterator[str]:
    """The same in words."""
    yield f"read as {reading['system']}"
    read = [f"{column} → {field}" for column, field in reading["columns"].items() if field]
    yield "columns: " + ", ".join(read)
    if reading["unread"]:
        yield f"not read: {', '.join(reading['unread'])}. To read one: --map FIELD=COLUMN"
    for price in reading["prices"]:
        read_as = price["code"] or f"{price['price']:,.2f} {price['currency']}".strip()
        yield f"{price['column']}: {price['written']} → {read_as}"
