"""Events and what is counted of them, in both stores: sent twice, out of order, forgotten, erased."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.behaviour.events import Event
from catalog.behaviour.log import EventLog
from catalog.errors import EventInvalid
from tests.support import postgres

Rows = dict[str, list[tuple[object, ...]]]
HOUR = 3600.0


@pytest.fixture(params=["sqlite", "postgres"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    if request.param == "sqlite":
        made = EventLog(tmp_path / "behaviour.sqlite")
        yield made
        made.close()
        return
    with postgres.state() as database:
        yield EventLog(database)


def rows(log: EventLog) -> Rows:
    """Everything that is kept, to the row."""
    tables = {"events": "id", "pairs": "kind, first, second", "popular": "product", "learnt": "name"}
    with log.file.use() as db:
        found = {name: db.execute(f"SELECT * FROM {name} ORDER BY {order}") for name, order in tables.items()}
        return {name: [tuple(row) for row in some.fetchall()] for name, some in found.items()}


def event(shopper: str, product: str, time: float, kind: str = "view", id: str = "") -> Event:
    return Event(shopper, kind, product, time, "", id)  # type: ignore[arg-type]


def made_up(seed: int, shopper: str, count: int = 40) -> list[Event]:
    """Several visits, some events at the same time, some searches."""
    dice, time, found = random.Random(seed), 1e9, list[Event]()
    for number in range(count):
        time += dice.choice((0.0, 60.0, 600.0, 40_000.0))
        kind = dice.choice(("view", "click", "cart", "purchase", "search"))
        product = "" if kind == "search" and dice.random() < 0.5 else f"p{dice.randrange(8)}"
        found.append(event(shopper, product, time, kind, f"{shopper}-{number}"))
    return found


def test_pairs_are_of_one_visit_or_of_a_later_one(log: EventLog) -> None:
    bought = [event("u", product, 1e6 + 60, "purchase") for product in ("shirt", "tie")]
    assert log.add([event("u", "sock", 1e6), *bought, event("u", "shoe", 1e6 + 9 * HOUR)]) == 4
    counts = {row[:3]: row[3] for row in rows(log)["pairs"]}
    assert counts["bought", "shirt", "tie"] == counts["bought", "tie", "shirt"] == 1
    assert counts["visit", "sock", "tie"] == 1
    assert ("visit", "sock", "shoe") not in counts
    assert counts["later", "sock", "shoe"] == 20
    assert {counts["later", product, "shoe"] for product in ("shirt", "tie")} == {60, 30}
    assert log.partners(("bought",), ["tie", "shoe"], 5) == {"tie": {"shirt": 1}}
    assert log.popular(2) == {"shirt": 1, "shoe": 1}


def test_an_event_that_is_sent_again_is_the_same(log: EventLog) -> None:
    first = event("u", "shirt", 1e6, id="mine")
    assert log.add([first, event("u", "shoe", 1e6), event("u", "shoe", 1e6)]) == 2
    before = rows(log)
    assert log.add([first._replace(product="tie"), event("u", "shoe", 1e6)]) == 0
    assert rows(log) == before


def test_the_order_in_which_events_come_does_not_matter(log: EventLog, tmp_path: Path) -> None:
    events = [*made_up(1, "a"), *made_up(2, "b")]
    log.add(events)
    other = EventLog(tmp_path / "other.sqlite")
    mixed = events[:]
    random.Random(0).shuffle(mixed)
    for start in range(0, len(mixed), 7):
        other.add(mixed[start : start + 7])
    assert rows(other) == rows(log)
    other.close()


def test_a_forgotten_shopper_is_as_if_he_had_never_come(log: EventLog) -> None:
    log.add(made_up(1, "stays"))
    before = rows(log)
    for one in made_up(2, "goes"):
        log.add([one])
    assert rows(log) != before
    assert log.forget("goes") == 40
    assert rows(log) == before
    assert log.forget("goes") == 0
    log.forget("stays")
    assert rows(log) == {"events": [], "pairs": [], "popular": [], "learnt": []}


def test_an_erased_product_is_as_if_nobody_had_met_it(log: EventLog) -> None:
    events = [*made_up(1, "a"), *made_up(2, "b")]
    log.add([one for one in events if one.product != "p3"])
    before = rows(log)
    log.add(events)
    log.erase(["p3", "unknown"])
    assert rows(log) == before
    log.forget("a")
    log.forget("b")
    assert rows(log) == {"events": [], "pairs": [], "popular": [], "learnt": []}


def test_what_was_learnt_goes_with_the_first_event_that_is_removed(log: EventLog) -> None:
    log.add([event("a", "shirt", 1e9), event("b", "tie", 1e9)])
    assert log.keep_learnt("model", "first", b"\0\1")
    assert log.learnt("model", lambda kept: kept) == ("first", b"\0\1")
    assert log.keep_learnt("model", "second", b"\2", with_mark="first", of="model")
    assert not log.keep_learnt("model", "third", b"\3", with_mark="first", of="model")
    log.forget("nobody")
    log.erase(["shoe"])
    log.add([event("c", "tie", 1e9)])
    assert log.learnt_mark("model") == "second"
    log.erase(["shirt"])
    assert log.learnt("model", bytes) is None
    assert not log.keep_learnt("model", "late", b"", with_mark="second", of="model")
    log.keep_learnt("model", "again", b"")
    log.forget("b")
    assert log.learnt_mark("model") == ""
    log.keep_learnt("model", "again", b"")
    log.unlearn("model")
    assert log.learnt_mark("model") == ""


def test_all_that_is_known_of_a_shopper_can_be_read(log: EventLog) -> None:
    events = made_up(3, "u", 12)
    log.add([*events, event("other", "shoe", 1e9)])
    whole = log.events("u", 100)
    assert sorted(whole) == sorted(events)
    assert [one.time for one in whole] == sorted((one.time for one in events), reverse=True)
    pages = log.events("u", 5)
    pages += log.events("u", 100, pages[-1].id)
    assert pages == whole
    assert log.events("u", 5, "of nobody") == []
    assert [one.product for one in log.history("u", 3)] == [one.product for one in whole if one.product][:3][::-1]
    assert log.newest_shoppers(1) == ["u"]
    assert log.counts() == (13, 2)


def test_nothing_of_a_forgotten_shopper_is_left_on_disk(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "behaviour.sqlite")
    log.add([*made_up(1, "stays"), event("Zyvolän-77", "Krömptel", 1e9, id="Wäxtupf")])
    log.add([event("Zyvolän-77", f"p{number}", 1e9 + number) for number in range(300)])
    assert log.forget("Zyvolän-77") == 301
    assert log.file.scrub()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not any(word.encode() in content for word in ("Zyvolän-77", "Krömptel", "Wäxtupf"))
    assert b"stays" in content
    log.close()
    assert sqlite3.connect(tmp_path / "behaviour.sqlite").execute("SELECT count(*) FROM events").fetchone() == (40,)


def test_letters_that_no_database_takes_are_replaced(log: EventLog) -> None:
    odd = [event("u", "a\0b", 1e6, id="e\0"), event("u", "c\ud800", 1e6 + 60, id="f")]
    assert log.add(odd) == 2
    assert [one.product for one in log.history("u", 5)] == ["a\ufffdb", "c?"]
    assert log.add(odd) == 0
    assert log.partners(("visit",), ["c?"], 5) == {"c?": {"a\ufffdb": 1}}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (event("", "shirt", 1e6), "id of a shopper"),
        (event("u", "", 1e6), "id of a product"),
        (event("u", "shirt", float("nan")), "time of an event"),
        (event("u", "shirt", 1e6, "glance"), "one of view"),
        (event("u" * 257, "shirt", 1e6), "id of a shopper"),
        (event("u", "shirt" * 60, 1e6), "too long"),
    ],
)
def test_what_is_no_event_is_refused_with_all_that_came_with_it(log: EventLog, wrong: Event, said: str) -> None:
    with pytest.raises(EventInvalid, match=said):
        log.add([event("u", "shoe", 1e6), wrong])
    assert rows(log)["events"] == []
