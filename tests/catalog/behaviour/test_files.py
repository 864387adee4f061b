"""Files of events as shops export them."""

from pathlib import Path

import pytest

from catalog.behaviour.events import Event
from catalog.behaviour.files import BadLine, read_events, read_time
from catalog.errors import EventInvalid, FeedColumnsInvalid, FileNotReadable


def read(folder: Path, content: str, kind: str = "") -> list[Event | BadLine]:
    file = folder / "events.txt"
    file.write_text(content, encoding="utf-8")
    return list(read_events(file, kind))


def test_columns_have_many_names_and_kinds_too(tmp_path: Path) -> None:
    found = read(
        tmp_path, "visitor_id;item_id;event_type;timestamp\n7;a,b;addtocart;1433221332117\n8;c;transaction;5\n"
    )
    assert [one[:4] for one in found if isinstance(one, Event)] == [
        ("7", "cart", "a,b", 1433221332.117),
        ("8", "purchase", "c", 5.0),
    ]


def test_json_lines_and_a_kind_for_all(tmp_path: Path) -> None:
    lines = '{"user": 7, "product_id": "a", "time": "2026-03-01T09:30:00Z", "id": "e1"}\n\nno json\n[1]\n'
    first, *bad = read(tmp_path, lines, "purchase")
    assert first == Event("7", "purchase", "a", 1772357400.0, "", "e1")
    assert [(one.number, one.error.code) for one in bad if isinstance(one, BadLine)] == [
        (3, "event_invalid"),
        (4, "event_invalid"),
    ]


def test_a_bad_line_fails_alone(tmp_path: Path) -> None:
    found = read(tmp_path, "user,product,kind,time\nu,p,view,1\nu,p,glance,1\nu,,view,1\nu,p,view,soon\nu,,search,2\n")
    assert [one.number for one in found if isinstance(one, BadLine)] == [3, 4, 5]
    assert len(found) == 5


def test_times() -> None:
    assert read_time("2026-03-01T10:30:00+01:00") == read_time("2026-03-01 09:30:00") == 1772357400.0
    with pytest.raises(EventInvalid, match="ISO 8601"):
        read_time("yesterday")


def test_what_is_no_file_of_events(tmp_path: Path) -> None:
    with pytest.raises(FeedColumnsInvalid, match="no column for shopper or time"):
        read(tmp_path, "product,kind\np,view\n")
    with pytest.raises(FileNotReadable, match="cannot be read as CSV"):
        list(read_events(tmp_path / "missing.csv"))
    (tmp_path / "latin").write_bytes(b"user,product,time\n\xff,p,1\n")
    with pytest.raises(FileNotReadable, match="cannot be read as CSV"):
        list(read_events(tmp_path / "latin"))
