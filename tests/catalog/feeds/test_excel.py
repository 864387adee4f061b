"""Excel workbooks as feeds: their sheet of products, read as a person sees it."""

import io
import sys
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from catalog.errors import FeedDamaged, FeedFormatUnsupported, FeedInvalid
from catalog.feeds import BadRow, Row, open_feed, preview

HEADER = ("id", "title", "price", "gtin", "sale_price", "sale_price_effective_date", "image link")


def saved(folder: Path, *sheets: Sequence[Sequence[Any]], name: str = "shop.xlsx") -> Path:
    book = Workbook()
    for place, rows in enumerate(sheets):
        sheet = book.active if place == 0 else book.create_sheet()
        for row in rows:
            sheet.append(row)
    path = folder / name
    book.save(path)
    return path


def rows(path: Path) -> list[Row]:
    found = list(open_feed(path))
    assert all(isinstance(row, Row) for row in found), found
    return [row for row in found if isinstance(row, Row)]


def test_a_workbook_is_read_as_the_table_that_it_is(tmp_path: Path) -> None:
    path = saved(
        tmp_path,
        [
            HEADER,
            ("0012", "Shoe, red", 47.5, 4006381333931, None, None, "a.jpg"),
            (),
            (13, 'A "good" mug', "12,90 EUR", "04006381333931", 9, "2026-11-27/2026-11-30", "b.jpg"),
        ],
    )
    first, second = rows(path)
    assert (first.line, first.id, first.product.price, first.product.gtin) == (2, "0012", 47.5, "4006381333931")
    assert (second.line, second.id, second.product.title) == (4, "13", 'A "good" mug')
    assert (second.product.currency, second.product.gtin) == ("EUR", "04006381333931")
    assert [str(ref) for ref in second.image_refs] == ["b.jpg"]


def test_what_a_number_format_says_is_kept(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(("id", "title", "price", "Material", "Launched", "Vegan"))
    sheet.append((42, "Mug", 1299, 3.0, datetime(2026, 3, 1), True))
    sheet["A2"].number_format = "00000"
    sheet["C2"].number_format = "#,##0.00 [$€-407]"
    sheet.append((43, "Cup", 12.5, 0.25, date(2026, 3, 2), False))
    book.save(tmp_path / "shop.xlsx")
    first, second = rows(tmp_path / "shop.xlsx")
    assert (first.id, first.product.price, first.product.currency) == ("00042", 1299.0, "EUR")
    assert first.product.attributes["material"] == "3"
    assert (second.id, second.product.price, second.raw["Launched"]) == ("43", 12.5, "2026-03-02")
    assert (first.raw["Launched"], first.raw["Vegan"]) == ("2026-03-01", "TRUE")


def test_a_title_above_the_header_and_a_sheet_of_notes_are_no_products(tmp_path: Path) -> None:
    notes = [("How to fill in",), ("One product a row",)]
    products = [("Our catalogue 2026",), (), ("id", "title", "price"), ("a", "Shoe", 5)]
    assert [row.id for row in rows(saved(tmp_path, notes, products))] == ["a"]


def test_several_sheets_of_products_are_refused_by_name(tmp_path: Path) -> None:
    table = [("id", "title"), ("a", "Shoe")]
    with pytest.raises(FeedFormatUnsupported, match='2 sheets of products \\("Sheet", "Sheet1"\\)'):
        open_feed(saved(tmp_path, table, table))


def test_a_number_that_lost_digits_is_told(tmp_path: Path) -> None:
    [row] = list(open_feed(saved(tmp_path, [("id", "title"), ("8.71123E+12", "Shoe")])))
    assert isinstance(row, BadRow)
    assert row.error.code == "row_id_invalid"


def test_a_preview_shows_its_columns(tmp_path: Path) -> None:
    found = preview(saved(tmp_path, [HEADER, ("a", "Shoe", 5, None, None, None, "a.jpg")]), {})
    assert [column.field for column in found.columns[:3]] == ["id", "title", "price"]
    assert found.error is None


def test_a_bomb_and_a_damaged_workbook_are_refused(tmp_path: Path) -> None:
    whole = saved(tmp_path, [("id", "title"), ("a", "Shoe")])
    bomb = io.BytesIO()
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        target.writestr("xl/worksheets/sheet2.xml", b" " * 40_000_000)
    (tmp_path / "bomb.xlsx").write_bytes(bomb.getvalue())
    with pytest.raises(FeedInvalid, match="200 times its size"):
        open_feed(tmp_path / "bomb.xlsx")
    damaged = io.BytesIO()
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data[: len(data) // 2] if "sheet1" in name else data)
    (tmp_path / "damaged.xlsx").write_bytes(damaged.getvalue())
    with pytest.raises(FeedDamaged, match="Excel workbook is corrupt"):
        list(open_feed(tmp_path / "damaged.xlsx"))


def zipped(path: Path, entries: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in entries.items():
            target.writestr(name, data)
    return path


def test_a_workbook_in_a_zip_is_read_with_the_images_beside_it(tmp_path: Path) -> None:
    book = saved(tmp_path, [HEADER, ("1", "Mug", 9, None, None, None, "a.jpg")]).read_bytes()
    entries = {"shop/shop.xlsx": book, "shop/~$shop.xlsx": b"locked", "shop/a.jpg": b"image"}
    path = zipped(tmp_path / "shop.zip", entries)
    feed = open_feed(path)
    [row] = [row for row in feed if isinstance(row, Row)]
    assert (row.id, row.product.title, row.product.price) == ("1", "Mug", 9)
    assert feed.archive is not None
    assert feed.archive.read(str(row.image_refs[0]), 100) == b"image"
    assert preview(path, {}).format == "csv"


def test_a_bomb_and_a_damaged_workbook_in_a_zip_are_refused(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("xl/workbook.xml", b"")
        target.writestr("xl/sharedStrings.xml", bytes(400_000_000))
    with pytest.raises(FeedInvalid, match="would decompress"):
        open_feed(zipped(tmp_path / "bomb.zip", {"a.xlsx": bomb.getvalue()}))
    with pytest.raises(FeedDamaged):
        open_feed(zipped(tmp_path / "damaged.zip", {"a.xlsx": b"no workbook"}))
    with pytest.raises(FeedFormatUnsupported, match="2 feeds"):
        open_feed(zipped(tmp_path / "two.zip", {"a.xlsx": b"", "b.xlsx": b""}))


def test_without_the_library_the_error_says_how_to_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, [("id", "title"), ("a", "Shoe")])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(FeedFormatUnsupported, match=r"pip install -e '\.\[excel\]'"):
        open_feed(path)
