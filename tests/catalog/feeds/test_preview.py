"""What a feed begins with, as `catalog.feeds.preview` tells it, and its failed rows as a sheet that reads back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from catalog.feeds import BadRow, Preview, Row, preview
from catalog.feeds.formats.sheet import header_line, row_line
from tests.support.feed_files import contents, dead_letter, read, seen, write

PRODUCTS = "Artikel,title,Farbe,price,picture\nA1,Red shirt,rot,9.90 EUR,a.jpg\nA2,Blue shirt,,,\n"


def looked(
    folder: Path, content: bytes | str, mapping: Mapping[str, str] | None = None, name: str = "f.csv", cut: bool = False
) -> Preview:
    return preview(write(folder, name, content), mapping or {}, cut=cut)


def fields(found: Preview) -> dict[str, str | None]:
    return {column.name: column.field for column in found.columns}


def test_columns_are_told_with_their_first_values_even_when_none_is_the_id(tmp_path: Path) -> None:
    found = looked(tmp_path, PRODUCTS)
    assert found.error is not None
    assert (found.format, found.error.code, found.rows) == ("csv", "feed_columns_invalid", ())
    assert fields(found) == {
        "Artikel": None,
        "title": "title",
        "Farbe": "attributes.colour",
        "price": "price",
        "picture": "images",
    }
    assert [column.examples for column in found.columns[:3]] == [("A1", "A2"), ("Red shirt", "Blue shirt"), ("rot",)]


def test_rows_are_told_as_an_ingest_reads_them(tmp_path: Path) -> None:
    found = looked(tmp_path, PRODUCTS + "A3,Cheap,,cheap,\n", {"id": "Artikel", "colour": "Farbe"})
    assert found.error is None
    assert fields(found)["Farbe"] == "attributes.colour"
    first, second, third = found.rows
    assert (first.line, first.id, first.title, first.price, first.currency, first.images) == (
        2,
        "A1",
        "Red shirt",
        9.9,
        "EUR",
        1,
    )
    assert (second.id, second.price, second.error) == ("A2", None, None)
    assert (third.id, third.error, [warning.code for warning in third.warnings]) == ("A3", None, ["row_price_invalid"])


def test_a_field_with_an_empty_column_is_read_from_none(tmp_path: Path) -> None:
    found = looked(
        tmp_path, "id,title,color,image\n1,Shirt,red,a.jpg\n", {"colour": "", "images": "", "attributes": ""}
    )
    assert found.error is None
    assert fields(found) == {"id": "id", "title": "title", "color": None, "image": None}
    assert found.rows[0].images == 0


@pytest.mark.parametrize("rows", [3, 30])
def test_of_a_beginning_the_last_row_is_left_out(tmp_path: Path, rows: int) -> None:
    feed = "id,title\n" + "".join(f"{n},Shirt {n}\n" for n in range(rows))
    found = looked(tmp_path, feed[:-4], cut=True)
    assert found.error is None
    assert [row.id for row in found.rows] == [str(n) for n in range(min(5, rows - 1))]
    assert looked(tmp_path, "id,title", cut=True).error is None


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("f.csv", b"", "feed_empty"),
        ("f.csv", b"id,title\n", "feed_empty"),
        ("f.csv", b"id,title\n1,ni\xf1o\n2,ni\xf1a\n", "feed_encoding_invalid"),
        ("f.xlsx", b"\xd0\xcf\x11\xe0", "feed_format_unsupported"),
        ("f.parquet", b"PAR1cut", "feed_damaged"),
        ("f.csv", b"id,title,title\n1,a,b\n", "feed_columns_invalid"),
    ],
)
def test_what_is_wrong_with_the_feed_is_told_in_the_answer(
    tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    found = looked(tmp_path, content, name=name)
    assert found.error is not None
    assert found.error.code == code


def test_json_lines_are_told_with_all_their_columns(tmp_path: Path) -> None:
    lines = '{"sku": 7, "name": "Shirt"}\n{"sku": 8, "extra": {"a": [1]}, "name": "Hat", "tags": ["x", "y"]}\n'
    found = looked(tmp_path, lines, name="f.jsonl")
    assert fields(found) == {"sku": "id", "name": "title", "extra": None, "tags": None}
    assert {column.name: column.examples for column in found.columns} == {
        "sku": ("7", "8"),
        "name": ("Shirt", "Hat"),
        "extra": ('{"a": [1]}',),
        "tags": ("x, y",),
    }


def test_long_values_are_cut(tmp_path: Path) -> None:
    found = looked(tmp_path, f"id,title\n1,{'x' * 100_000}\n")
    assert found.columns[1].examples == (f"{'x' * 120}…",)
    assert found.rows[0].title == f"{'x' * 120}…"


def sheet(rows: list[Row | BadRow]) -> str:
    """All the rows as a sheet, good ones as if a later step had failed."""
    letters = [dead_letter(row) for row in rows]
    columns = list(dict.fromkeys(name for letter in letters for name in letter["row"]))
    return "\ufeff" + header_line(columns) + "".join(row_line(columns, letter) for letter in letters)


TRICKY: dict[str, Any] = {
    "csv": 'id,title,image,"-odd","=name"\n1,=1+1,a.jpg,-5,\'=x\n2,"[1, 2]",,"{""a"": 1}","two\nlines"\n3,@x,,+,\n',
    "jsonl": '{"id": 1, "title": "-20 %", "images": ["a.jpg", "b.jpg"], "price": 9.5, "attributes": '
    '{"colour": "red"}}\n'
    '{"id": "2", "title": "[new]", "category": ["Shoes", "Boots"]}\n',
}


@pytest.mark.parametrize("kind", TRICKY)
def test_a_sheet_of_failed_rows_reads_back_as_the_same_rows(tmp_path: Path, kind: str) -> None:
    rows = read(tmp_path, f"feed.{kind}", TRICKY[kind])
    assert rows
    assert all(isinstance(row, Row) for row in rows)
    again = read(tmp_path, "feed.failed.csv", sheet(rows))
    assert contents(again) == contents(rows)
    for line in sheet(rows).splitlines():
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line.split(","))


def test_a_row_of_a_sheet_that_was_not_corrected_fails_again(tmp_path: Path) -> None:
    rows = read(tmp_path, "feed.csv", 'id,title\n1,a,surplus\n2,"open\n3,good\n')
    text = sheet(rows)
    again = read(tmp_path, "feed.failed.csv", text)
    assert [line.split(":")[1].split()[-1] for line in seen(again)[:2]] == ["row_ragged", "row_invalid"]
    assert isinstance(again[2], Row)
    mended = text.replace('"[""surplus""]"', "")
    assert isinstance(read(tmp_path, "feed.failed.csv", mended)[0], Row)


def test_a_sheet_that_fails_again_gives_a_sheet_of_the_same_columns(tmp_path: Path) -> None:
    rows = read(tmp_path, "feed.csv", "id,title,attributes\n1,a,red\n")
    again = read(tmp_path, "feed.failed.csv", sheet(rows))
    assert isinstance(again[0], BadRow)
    assert again[0].raw == rows[0].raw
    assert sheet(again).splitlines()[0] == sheet(rows).splitlines()[0]
