"""Files of events: CSV or TSV with a heading, or JSON lines, as shops and their analytics export them."""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import IO, Any, NamedTuple

from catalog.behaviour.events import KINDS, Event
from catalog.errors import CatalogError, EventInvalid, FeedColumnsInvalid, FileNotReadable

# What the fields of an event are called elsewhere, in small letters without spaces, _ and -.
NAMES: Mapping[str, tuple[str, ...]] = {
    "shopper": ("shopper", "user", "userid", "shopperid", "customer", "customerid", "visitorid", "householdid"),
    "kind": ("kind", "event", "eventtype", "eventname", "type", "action"),
    "product": ("product", "productid", "item", "itemid", "sku", "articleid"),
    "time": ("time", "timestamp", "eventtime", "date", "datetime", "createdat", "transactiontimestamp"),
    "words": ("words", "query", "searchquery", "searchterm", "q"),
    "id": ("id", "eventid", "messageid"),
}
KIND_NAMES: Mapping[str, tuple[str, ...]] = {
    "view": ("view", "viewitem", "viewed", "pageview", "productview", "productviewed", "detail"),
    "click": ("click", "clicked", "selectitem", "productclicked"),
    "cart": ("cart", "addtocart", "addedtocart", "productadded", "basket"),
    "purchase": ("purchase", "purchased", "buy", "order", "ordered", "transaction", "ordercompleted", "sale"),
    "search": ("search", "viewsearchresults", "searched", "productssearched"),
}
CALLED = {name: field for field, names in NAMES.items() for name in names}
KIND_CALLED = {name: kind for kind, names in KIND_NAMES.items() for name in names}
MILLISECONDS_FROM = 1e11  # as seconds, that would be in the year 5138


class BadLine(NamedTuple):
    """number: of the line, or of the row where a row has several lines."""

    number: int
    error: CatalogError


def read_events(path: Path, kind: str = "") -> Iterator[Event | BadLine]:
    """kind: of a file that does not say what its events are. Raises FileNotReadable or FeedColumnsInvalid."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in _rows(file):
                yield _event_or_error(row, number, kind)
    except (OSError, UnicodeDecodeError, csv.Error):
        raise FileNotReadable(f"{path.name} cannot be read as CSV, TSV or JSON lines in UTF-8.") from None


def _rows(file: IO[str]) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    """Each with its number. None: a line of JSON that is no object."""
    first = file.readline()
    file.seek(0)
    if first.lstrip().startswith("{"):
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, _object(line)
        return
    delimiter = max(",;\t", key=first.count)
    rows = csv.DictReader(file, delimiter=delimiter)
    fields = {CALLED.get(_plain(name)) for name in rows.fieldnames or ()}
    if missing := {"shopper", "product", "time"} - fields:
        raise FeedColumnsInvalid(
            f"The file has no column for {' or '.join(sorted(missing))}. Events need: user, product and time; they may"
            " have: kind, query and id."
        )
    yield from zip(count(2), rows)


def _object(line: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _event_or_error(row: Mapping[str, Any] | None, number: int, kind: str) -> Event | BadLine:
    try:
        return _event(row, kind)
    except CatalogError as error:
        return BadLine(number, error)


def _event(row: Mapping[str, Any] | None, kind: str) -> Event:
    """Raises EventInvalid."""
    if row is None:
        raise EventInvalid("The line is no JSON object.")
    given = {CALLED.get(_plain(name), ""): _text(value) for name, value in row.items() if name}
    said = given.get("kind") or kind
    found = KIND_CALLED.get(_plain(said))
    if found not in KINDS:
        raise EventInvalid(f"An event is one of {', '.join(KINDS)}.")
    time, words, id = read_time(given.get("time", "")), given.get("words", ""), given.get("id", "")
    return Event(given.get("shopper", ""), found, given.get("product", ""), time, words, id).checked()


def read_time(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 time, UTC where it says no zone, or of a number of seconds or milliseconds.
    Raises EventInvalid.
    """
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise EventInvalid("The time of an event is ISO 8601, or seconds since 1970.") from None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return seconds / 1000 if seconds >= MILLISECONDS_FROM else seconds


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()
