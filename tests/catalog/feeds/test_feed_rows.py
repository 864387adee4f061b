"""Whatever a row of a feed holds, it becomes a row or a bad row: it never ends the feed."""

import json
import logging
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.feeds import BadRow, FeedLimits, Row, open_feed
from catalog.feeds.columns import recognise
from catalog.feeds.reader import RowReader
from catalog.feeds.rows import Record
from tests.support.feed_files import dead_letter, read, seen, write

NAMES = ("id", "title", "description", "brand", "price", "currency", "link", "image", "attributes", "Color", "images")
PAIRS = ("option1name", "option1value")
COLUMNS = recognise((*NAMES, *PAIRS), {})
SMALL = FeedLimits(max_cell=1_000, max_row=5_000)
DIGITS = "9" * 4_000

ODD_TEXT = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "\ud800",
        "a\udfffb",
        "\u2028",
        "{",
        '{"a":',
        "[1]",
        '{"\\ud800": 1e999}',
        "data:;base64,",
        "x" * 1_001,
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**4_000), 2**63, -(2**70)])
    | st.floats()
    | st.decimals(allow_nan=True, allow_infinity=True)
    | st.sampled_from([Decimal("sNaN"), Decimal("1E+999999"), Decimal("1E-999999"), Decimal("-0")])
    | st.text(max_size=10)
    | ODD_TEXT
    | st.binary(max_size=20)
    | st.dates()
    | st.datetimes()
    | st.sampled_from([date.min, datetime.max, time(1), timedelta(-1), 1j, frozenset({1}), ...])
)
KEYS = st.sampled_from(["", "a", "\ud800"]) | st.integers() | st.sampled_from(["bytes", "path", "left_out"])
CELLS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.tuples(inner, inner)
        | st.lists(st.tuples(inner, inner), max_size=2)
    ),
    max_leaves=5,
)


@settings(max_examples=80, deadline=None, database=None)
@given(cells=st.dictionaries(st.sampled_from(NAMES + PAIRS), CELLS))
@example(cells={"id": 10**4_000, "title": "x"})
@example(cells={"id": Decimal("sNaN"), "title": "x"})
@example(cells={"id": "a", "attributes": [({}, 1)]})
@example(cells={"id": "a", "attributes": [{"name": ["colour"], "value": "Red"}]})
def test_any_cells_give_a_row_or_a_bad_row_and_a_letter_that_can_be_written(cells: dict[str, Any]) -> None:
    row = RowReader(COLUMNS, SMALL).read(Record(1, cells))
    assert isinstance(row, Row | BadRow)
    if isinstance(row, BadRow):
        assert row.error.code.startswith("row_")
        assert row.error.code != "row_unreadable", "a fault of ours, hidden by the last guard"
    json.dumps(dead_letter(row), ensure_ascii=False, allow_nan=False).encode()


def test_an_integer_that_python_would_not_write_is_a_bad_row() -> None:
    for cells in ({"id": 10**5_000}, {"id": "a", "title": [10**5_000]}):
        row = RowReader(COLUMNS, SMALL).read(Record(1, cells))
        assert isinstance(row, BadRow)
        assert row.error.code == "row_invalid"
        assert "left_out" in json.dumps(dead_letter(row))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([10**400, int(DIGITS), float("inf")]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=40, deadline=None, database=None)
@given(odd=st.dictionaries(st.sampled_from(NAMES), JSON, min_size=1, max_size=4))
def test_neighbours_of_any_json_row_come_through(tmp_path_factory: pytest.TempPathFactory, odd: dict[str, Any]) -> None:
    lines = [{"id": "first", "title": "x"}, odd, {"id": "last", "title": "x"}]
    rows = read(tmp_path_factory.mktemp("feed"), "f.jsonl", "\n".join(map(json.dumps, lines)))
    assert [row.id for row in (rows[0], rows[-1]) if isinstance(row, Row)] == ["first", "last"]
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f'{{"id": {DIGITS}, "title": "x"}}', "row_id_invalid: The row's id has more than 256 characters"),
        ('{"id": 1e999, "title": "x"}', "row_id_invalid: The row's id is a number that its type cannot hold"),
        (f'{{"id": "a", "price": {DIGITS}, "title": "x"}}', '1: a "x" row_price_invalid'),
        ('{"id": true, "title": "x"}', "row_id_invalid: The row's id is neither text nor a number."),
        ('{"id": {"a": 1}, "title": "x"}', "row_id_invalid: The row's id is neither text nor a number."),
        (f'{{"id": "a", "title": {"9" * 5_000}}}', "row_invalid: The line is not valid JSON"),
    ],
)
def test_an_odd_number_alone_in_a_feed_is_its_own_error(tmp_path: Path, line: str, told: str) -> None:
    [only] = open_feed(write(tmp_path, "f.jsonl", line + "\n"))
    assert told in seen([only])[0]


class Unwritable:
    """A cell that breaks whatever asks for its words."""

    def __str__(self) -> str:
        raise ZeroDivisionError("words of the row")


def test_what_nobody_thought_of_fails_its_row_alone_and_is_logged_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        row = RowReader(COLUMNS, SMALL).read(Record(7, {"id": "a", "title": Unwritable()}))
    assert isinstance(row, BadRow)
    assert (row.line, row.error.code) == (7, "row_unreadable")
    assert "row 7: ZeroDivisionError in __str__" in caplog.text
    assert "words" not in caplog.text


def test_what_is_remembered_of_one_feed_is_not_taken_for_anothers(tmp_path: Path) -> None:
    one = read(tmp_path, "one.csv", "id,title,color,size\n1,A,Red,M\n2,B,Red,M\n")
    other = read(tmp_path, "other.csv", "id,title,size,color\n1,A,Red,M\n")
    mapped = read(tmp_path, "one.csv", "id,title,color,size\n1,A,Red,M\n", {"material": "color"})
    attributes = [row.product.attributes for row in (*one, *other, *mapped) if isinstance(row, Row)]
    red = {"colour": "Red", "size": "M"}
    assert attributes == [red, red, {"size": "Red", "colour": "M"}, {"material": "Red", "size": "M"}]


@pytest.mark.parametrize("column", ["color", "brand"])
def test_a_bad_cell_is_told_of_with_its_own_column(tmp_path: Path, column: str) -> None:
    [row] = read(tmp_path, f"{column}.csv", f"id,title,{column}\n1,A,R\0d\n")
    assert seen([row]) == [f'2: 1 row_invalid: The column "{column}" contains a NUL character.']


def test_what_repeats_is_read_alike_and_its_fault_told_of_each_row(tmp_path: Path) -> None:
    lines = ["id,title,price,availability,color"]
    lines += [f"{number},Shoe,{9.5 + number % 2} EUR,sometimes,Red" for number in range(4)]
    rows = read(tmp_path, "f.csv", "\n".join(lines))
    assert [row.product.price for row in rows if isinstance(row, Row)] == [9.5, 10.5, 9.5, 10.5]
    assert [row.product.attributes for row in rows if isinstance(row, Row)] == [{"colour": "Red"}] * 4
    assert [[error.code for error in row.warnings] for row in rows if isinstance(row, Row)] == [
        ["row_offer_unclear"]
    ] * 4


def test_a_number_and_a_boolean_that_python_calls_equal_are_not_remembered_as_one(tmp_path: Path) -> None:
    brands = ("1", 1, True, 1.0, ["1"])
    letters = "".join(json.dumps({"id": f"p{n}", "title": "Shoe", "brand": one}) + "\n" for n, one in enumerate(brands))
    rows = read(tmp_path, "f.jsonl", letters)
    assert [row.product.brand for row in rows if isinstance(row, Row)] == ["1", "1", "true", "1", "1"]


@pytest.mark.parametrize("title", ["Gürtel für Damen", "À la carte", "无线鼠标 M185", "Crème brûlée, 2 Stück"])
def test_western_and_chinese_words_stay_as_they_are(tmp_path: Path, title: str) -> None:
    [row] = read(tmp_path, "f.csv", f'id,title\na,"{title}"\n')
    assert isinstance(row, Row)
    assert row.product.title == title


def test_a_row_among_many_is_read_as_it_is_alone(tmp_path: Path) -> None:
    header = "id,title,price,color\n"
    lines = [
        "x,Shoe,9.99,Red\n",
        "x,Shoe,free,Red\n",
        ",Shoe,1.50,Red\n",
        "x,Stra?enschuh,,Caf\u00e9\n",
        "x,a\0b,2.00,\n",
    ]
    alone = [told(read(tmp_path, "one.csv", header + line)[0]) for line in lines]
    together = read(tmp_path, "feed.csv", header + "".join(lines * 50))
    assert [row.line for row in together] == list(range(2, 252))
    assert list(map(told, together)) == alone * 50


def told(row: Row | BadRow) -> Any:
    if isinstance(row, BadRow):
        return row.id, row.error.code, row.raw
    return row.product, row.image_refs, row.raw, [(warning.code, warning.message) for warning in row.warnings]
