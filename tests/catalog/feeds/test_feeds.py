"""Feeds that are as they should be: formats, what is read of each, dead letters that come back."""

import datetime
import decimal
import io
import json
import pickle
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.errors import CatalogError, ImageNotFound, ImageOutsideRoot
from catalog.feeds import BadRow, FeedLimits, Row, open_feed
from catalog.images import ImageReader, ImageRef
from tests.support.feed_files import contents, dead_letter, dead_letters, read, seen, write
from tests.support.malformed.images import blank_png

ROOT = Path(__file__).parents[3]
IMAGE = blank_png(9, 9)
GOOGLE = (
    "id,title,description,link,image_link,additional_image_link,price,brand,color,gender\n"
    '1,"Shirt, red",Soft,https://x.example/1,img/1.jpg,"img/2.jpg, img/3.jpg",14.90 EUR,Halden,Red,male\n'
    "2,Hat,,,img/4.jpg,,,,,\n"
)
SHOPIFY = (
    "Handle,Title,Body (HTML),Vendor,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant Price,Image Src,"
    "Image Position\n"
    "tee,Tee,<p>Soft <b>cot</b>ton &amp; wool</p>,Halden,Color,Red,Size,S,20.00,https://x.example/b.jpg?v=1&w=2,2\n"
    "tee,,,,,Red,,M,21.00,https://x.example/a.jpg,1\n"
    "tee,,,,,Red,,M,,,\n"
    "cap,Cap,,Halden,Title,Default Title,,,9.00,https://x.example/c.jpg,1\n"
    "tee,Late,,,,,,,,,\n"
)
JSONL = (
    '{"id": 7, "title": "Boots", "category": ["Shoes"], "attributes": {"Color": "Red", "sizes": [1, 2], "none": null,'
    ' "brand": "Daybird"}, "price": 109.99, "image": "images/1.jpg", "split": "train", "language": "en"}\n'
)


def rows_of(path: Path, **options: Any) -> list[Row]:
    rows = list(open_feed(path, **options))
    assert not [row for row in rows if isinstance(row, BadRow)], seen(rows)
    return [row for row in rows if isinstance(row, Row)]


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def parquet(**columns: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def test_google_merchant(tmp_path: Path) -> None:
    first, second = rows_of(write(tmp_path, "feed.csv", GOOGLE))
    product = first.product
    assert (product.id, product.title, product.description, product.brand) == ("1", "Shirt, red", "Soft", "Halden")
    assert (product.price, product.currency, product.link) == (14.9, "EUR", "https://x.example/1")
    assert product.attributes == {"colour": "Red", "gender": "male"}
    assert product.images == ()
    assert [str(ref) for ref in first.image_refs] == ["img/1.jpg", "img/2.jpg", "img/3.jpg"]
    assert (second.line, second.product.price, second.product.attributes) == (3, None, {})


@pytest.mark.parametrize("link", ["mailto:us", "javascript:alert(1)", "java&#115;cript:alert(1)", "ftp://x.example/1"])
def test_what_is_no_link_to_the_web_is_left_out_with_a_warning(tmp_path: Path, link: str) -> None:
    first, second = rows_of(write(tmp_path, "f.csv", f"id,title,link\n1,Shirt,{link}\n2,Hat,https://x.example/2\n"))
    assert [(row.product.title, row.product.link) for row in (first, second)] == [
        ("Shirt", ""),
        ("Hat", "https://x.example/2"),
    ]
    assert [error.code for error in first.warnings] == ["row_link_invalid"]
    assert second.warnings == ()


def test_of_several_columns_of_links_the_first_that_leads_to_the_web_counts(tmp_path: Path) -> None:
    feed = write(tmp_path, "f.csv", "id,title,link,permalink\n1,Shirt,mailto:us,https://x.example/1\n")
    [row] = rows_of(feed)
    assert row.product.link == "https://x.example/1"
    assert [error.code for error in row.warnings] == ["row_link_invalid"]


def test_the_demo_catalogue() -> None:
    feed = open_feed(ROOT / "assets/demo/products.csv")
    rows = list(feed)
    assert (feed.format, feed.total, len(rows)) == ("csv", None, 48)
    reader = ImageReader(feed.root)
    assert all(reader.read(ref) for row in rows if isinstance(row, Row) for ref in row.image_refs)


def test_shopify_rows_of_one_handle_are_one_product(tmp_path: Path) -> None:
    tee, cap, late = rows_of(write(tmp_path, "export.csv", SHOPIFY))
    assert (tee.line, tee.id, tee.product.title, tee.product.brand) == (2, "tee", "Tee", "Halden")
    assert (tee.product.description, tee.product.price) == ("Soft cotton & wool", 20.0)
    assert tee.product.attributes == {"colour": "Red", "Size": ("S", "M")}
    assert [(one.options, one.price) for one in tee.product.variants] == [({"Size": "S"}, 20.0), ({"Size": "M"}, 21.0)]
    assert [str(ref) for ref in tee.image_refs] == ["https://x.example/a.jpg", "https://x.example/b.jpg?v=1&w=2"]
    assert (cap.line, cap.product.attributes) == (5, {})
    assert (late.line, late.id, late.product.title) == (6, "tee", "Late")  # not a neighbour: a duplicate


def test_a_bad_row_makes_its_shopify_product_bad_and_no_other(tmp_path: Path) -> None:
    rows = read(tmp_path, "export.csv", SHOPIFY.replace("tee,,,,,Red,,M,,,\n", "tee,,\n"))
    assert seen(rows) == [
        "4: tee row_ragged: The row has 3 cells, the header 11.",
        '5: cap "Cap"',
        '6: tee "Late"',
    ]
    raw = dict(rows[0].raw)
    assert (raw["Title"], raw["Image Src"]) == ("Tee", ["https://x.example/a.jpg", "https://x.example/b.jpg?v=1&w=2"])
    del raw["(missing cells)"]
    again = read(tmp_path, "failed.jsonl", json.dumps(dead_letter(rows[0]) | {"row": raw}))
    whole = rows_of(write(tmp_path, "export.csv", SHOPIFY))
    assert contents(again) == contents(whole[:1])


def test_our_own_manifest(tmp_path: Path) -> None:
    [row] = rows_of(write(tmp_path, "products.jsonl", JSONL))
    assert (row.id, row.product.title, row.product.price, row.product.brand) == ("7", "Boots", 109.99, "Daybird")
    assert row.product.attributes == {"colour": "Red", "sizes": ("1", "2")}
    assert row.product.description == ""
    assert row.product.product_type == "Shoes"
    assert row.image_refs == (ImageRef("images/1.jpg"),)


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ('"Home > Mugs"', "Home > Mugs"),
        ('["Home", "Mugs"]', "Home > Mugs"),
        ("187", "187"),
        ("null", ""),
        ('{"a": 1}', ""),
    ],
)
def test_the_merchants_own_category_is_kept_in_its_words(tmp_path: Path, cell: str, kept: str) -> None:
    [row] = rows_of(write(tmp_path, "feed.jsonl", f'{{"id": 1, "title": "Mug", "category": {cell}}}'))
    assert row.product.product_type == kept


def test_woocommerce(tmp_path: Path) -> None:
    text = (
        "ID,SKU,Name,Description,Regular price,Images,Attribute 1 name,Attribute 1 value(s)\n"
        '12,S-1,Hoodie,<p>Warm</p>,45,"https://x.example/w_1,h_2/a.jpg, https://x.example/b.jpg",Color,Blue\n'
    )
    [row] = rows_of(write(tmp_path, "export.csv", text))
    assert (row.id, row.product.description, row.product.price) == ("12", "Warm", 45.0)
    assert [str(ref) for ref in row.image_refs] == ["https://x.example/w_1,h_2/a.jpg", "https://x.example/b.jpg"]
    assert row.product.attributes == {"colour": "Blue"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["feed.csv", "feed.tsv", "feed.txt", "feed"])
def test_delimiters_are_told_by_the_header(tmp_path: Path, delimiter: str, name: str) -> None:
    text = delimiter.join(("id", "title, or | so", "title", "price")) + "\n"
    if delimiter in ",|":
        text = text.replace("title, or | so", "availability")
    text += delimiter.join(("1", "x", '"A;B,C|D\tE"', "2")) + "\n"
    [row] = rows_of(write(tmp_path, name, text))
    assert (row.product.title, row.product.price) == ("A;B,C|D E", 2.0)


def test_tabs_without_quoting(tmp_path: Path) -> None:
    text = 'id\ttitle\tprice\n1\t"Big" shoe\t2\n2\t"Wide\t3\n3\tshoe"\t4\n'
    text += '4\t"two\nlines"\t5\n5\t"6"" pipe"\t6\n'
    rows = rows_of(write(tmp_path, "feed.tsv", text))
    titles = ['"Big" shoe', '"Wide', 'shoe"', "two lines", '6" pipe']
    assert [(row.line, row.product.title) for row in rows] == list(zip((2, 3, 4, 5, 7), titles, strict=True))


def test_a_quoted_cell_swallows_no_row(tmp_path: Path) -> None:
    rows = read(tmp_path, "feed.csv", 'id,title,price\n1,"Wide,2\n2,shoe",3\n3,Hat,4\n')
    assert [row.line for row in rows] == [2, 3, 4]
    assert [row.id for row in rows[1:]] == ["2", "3"]
    assert isinstance(rows[0], BadRow)


@pytest.mark.parametrize(
    "before",
    [
        "Products of the shop;;\n;;;\n",
        "\n\nExported on 1 March\n",
        "TemplateType=shoes;Version=1;The top rows are for us only\nProduct id;Product Title;Price\n",
    ],
)
def test_lines_before_the_header(tmp_path: Path, before: str) -> None:
    [row] = rows_of(write(tmp_path, "feed.csv", before + "id;title;price;\n1;a, b;2,50;\n"))
    assert (row.id, row.product.title, row.product.price) == ("1", "a, b", 2.5)


def test_excels_hint_of_the_delimiter(tmp_path: Path) -> None:
    [row] = rows_of(write(tmp_path, "feed.csv", "sep=;\nid;title\n1;a, b\n"))
    assert (row.line, row.product.title) == (3, "a, b")


def test_lines_are_counted_through_cells_of_several_lines(tmp_path: Path) -> None:
    text = 'id,title,description\n\n1,a,"one\n\ntwo ""quoted"""\r\n2,b,"x"\n'
    first, second = rows_of(write(tmp_path, "feed.csv", text))
    assert (first.line, first.product.description) == (3, 'one two "quoted"')
    assert (second.line, second.product.title) == (6, "b")


def test_repeated_columns_of_images(tmp_path: Path) -> None:
    text = "id,image_link,additional_image_link,additional_image_link\n1,a.jpg,b.jpg,c.jpg\n2,a.jpg,a.jpg,\n"
    first, second = rows_of(write(tmp_path, "feed.csv", text))
    assert [str(ref) for ref in first.image_refs] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [str(ref) for ref in second.image_refs] == ["a.jpg"]
    assert contents(read(tmp_path, "failed.jsonl", dead_letters([first, second]))) == contents([first, second])


def test_images_beyond_the_limit_are_left_out(tmp_path: Path) -> None:
    text = "id,images\n1," + "|".join(f"{n}.jpg" for n in range(120)) + "\n"
    [row] = rows_of(write(tmp_path, "feed.csv", text))
    assert [str(ref) for ref in row.image_refs] == [f"{n}.jpg" for n in range(100)]


@pytest.mark.parametrize("cell", ["nan", "NULL", "-", "#N/A", " "])
def test_a_word_for_no_value_is_no_image(tmp_path: Path, cell: str) -> None:
    [row] = rows_of(write(tmp_path, "feed.csv", f'id,title,image_link,images\n1,Shoe,{cell},"{cell},a.jpg"\n'))
    assert [str(ref) for ref in row.image_refs] == ["a.jpg"]


def test_addresses_without_a_scheme_are_parted(tmp_path: Path) -> None:
    cell = "//cdn.example.com/a,b.jpg, //cdn.example.com/c d.jpg"
    [row] = rows_of(write(tmp_path, "feed.csv", f'id,images\n1,"{cell}"\n'))
    assert [str(ref) for ref in row.image_refs] == ["//cdn.example.com/a,b.jpg", "//cdn.example.com/c d.jpg"]


def test_a_cell_longer_than_pythons_csv_takes(tmp_path: Path) -> None:
    [row] = rows_of(write(tmp_path, "feed.csv", f'id,title\n1,"{"x" * 500_000}"\n'))
    assert len(row.product.title) == 500_000


def test_parquet_with_images_in_it(tmp_path: Path) -> None:
    data = parquet(
        id=[1, 2, 3, 4],
        title=["a", "b", None, "d"],
        price=[1.5, None, 2.0, 0.0],
        image=[
            {"bytes": IMAGE, "path": "a.png"},
            {"bytes": None, "path": "b.png"},
            None,
            {"bytes": b"", "path": None},
        ],
        photos=[[IMAGE, b"other"], [], None, [b"x"]],
        attributes=pa.array([[("color", "Red")], None, [], None], pa.map_(pa.string(), pa.string())),
    )
    feed = open_feed(write(tmp_path, "feed.parquet", data))
    assert (feed.format, feed.total) == ("parquet", 4)
    rows = rows_of(feed.path)
    assert [row.line for row in rows] == [1, 2, 3, 4]
    assert rows[0].image_refs == (
        ImageRef("a.png", IMAGE),
        ImageRef("(in the feed)", IMAGE),
        ImageRef("(in the feed)", b"other"),
    )
    assert rows[1].image_refs == (ImageRef("b.png"),)
    assert rows[2].image_refs == ()
    assert (rows[0].product.price, rows[1].product.price) == (1.5, None)
    assert rows[0].product.attributes == {"colour": "Red"}
    assert rows[0].raw["image"] == {"bytes": {"left_out": f"{len(IMAGE)} bytes"}, "path": "a.png"}
    assert json.dumps([row.raw for row in rows], allow_nan=False)


def test_parquet_of_other_types(tmp_path: Path) -> None:
    when = datetime.datetime(2026, 1, 2, 3, 4, 5)
    data = parquet(
        id=pa.array([b"a", b"b\xff"], pa.binary()),
        title=pa.array([when, None], pa.timestamp("ns")),
        price=pa.array([decimal.Decimal("12.50"), None]),
        color=pa.array(["Red", "Red"]).dictionary_encode(),
        size=pa.array([pa.scalar(1).as_py(), 2], pa.int8()),
        other=pa.array([datetime.timedelta(days=1), None]),
    )
    good, bad = list(open_feed(write(tmp_path, "feed.parquet", data)))
    assert isinstance(good, Row)
    assert (good.id, good.product.price, good.product.attributes) == ("a", 12.5, {"colour": "Red", "size": "1"})
    assert good.product.title.startswith("2026-01-02")
    assert seen([bad]) == ['2:  row_encoding_invalid: The column "id" contains characters that are not valid Unicode.']


def test_a_folder_of_images(tmp_path: Path) -> None:
    for name in (
        "b.JPG",
        "a/2.png",
        "a/1.webp",
        ".hidden.png",
        ".git/x.png",
        "notes.txt",
        "a/x.tiff",
        "v1.2.gif",
        "phone.jfif",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(IMAGE)
    feed = open_feed(tmp_path)
    assert (feed.format, feed.total, feed.root) == ("folder", 6, tmp_path)
    rows = list(feed)
    assert seen(rows) == [
        '1: a/1 ""',
        '2: a/2 ""',
        "3: a/x image_format_unsupported: TIFF pictures are not read. Save it as JPEG, PNG or WebP.",
        '4: b ""',
        '5: phone ""',
        '6: v1.2 ""',
    ]
    good = [row for row in rows if isinstance(row, Row)]
    assert [ImageReader(feed.root).read(ref) for row in good for ref in row.image_refs] == [IMAGE] * 5


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="has no products"):
        open_feed(tmp_path)


def test_a_zip_of_images(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "p.zip", {"a/1.png": IMAGE, "a/": b"", "__MACOSX/a/._1.png": b"x", "2.jpg": b"x", "readme": b"x"}
    )
    feed = open_feed(path)
    assert (feed.format, feed.total) == ("zip", 2)
    first, second = rows_of(path)
    assert (first.id, second.id, second.line) == ("a/1", "2", 2)
    assert ImageReader(feed.root, feed.archive).read(first.image_refs[0]) == IMAGE


@pytest.mark.parametrize("inside", ["feed.csv", "shop/feed.csv"])
def test_a_zip_of_a_feed_and_its_images(tmp_path: Path, inside: str) -> None:
    folder = inside.removesuffix("feed.csv")
    files = {inside: GOOGLE.encode(), f"{folder}img/1.jpg": IMAGE, "secret.txt": b"x"}
    feed = open_feed(zipped(tmp_path / "shop.zip", files))
    reader = ImageReader(tmp_path, feed.archive)
    first, second = (row for row in feed if isinstance(row, Row))
    assert (feed.format, first.line, reader.read(first.image_refs[0])) == ("csv", 2, IMAGE)
    with pytest.raises(ImageNotFound, match="not in the zip"):
        reader.read(second.image_refs[0])
    for where in ("../../etc/passwd", "/etc/passwd", "img/../../../x"):
        with pytest.raises(ImageOutsideRoot, match="outside the zip"):
            reader.read(where)


def test_a_zip_made_on_windows(tmp_path: Path) -> None:
    files = {
        "shop\\feed.csv": b"id,image\n1,img/Red.PNG\n2,img\\red.png\n3,/IMG/RED.png\n",
        "shop\\img\\red.png": IMAGE,
    }
    feed = open_feed(zipped(tmp_path / "shop.zip", files))
    reader = ImageReader(None, feed.archive)
    assert [reader.read(ref) for row in feed if isinstance(row, Row) for ref in row.image_refs] == [IMAGE] * 3


def test_names_in_a_zip_that_differ_by_case_alone(tmp_path: Path) -> None:
    files = {"feed.csv": b"id,image\n1,a.png\n2,A.PNG\n", "a.png": IMAGE, "A.png": b"other"}
    feed = open_feed(zipped(tmp_path / "shop.zip", files))
    first, second = (row for row in feed if isinstance(row, Row))
    assert ImageReader(None, feed.archive).read(first.image_refs[0]) == IMAGE
    with pytest.raises(ImageNotFound, match="Several files have this name"):
        ImageReader(None, feed.archive).read(second.image_refs[0])


def test_parquet_in_a_zip(tmp_path: Path) -> None:
    files = {"feed.parquet": parquet(id=["1"], title=["a"], image=["1.png"]), "1.png": IMAGE}
    feed = open_feed(zipped(tmp_path / "shop.zip", files))
    [row] = feed
    assert isinstance(row, Row)
    assert (feed.total, row.product.title) == (1, "a")
    assert ImageReader(None, feed.archive).read(row.image_refs[0]) == IMAGE


@pytest.mark.parametrize(
    ("name", "text", "mapping"),
    [
        ("feed.csv", GOOGLE, {}),
        (
            "feed.csv",
            GOOGLE.replace("title", "Bezeichnung").replace("color", "Farbe"),
            {"title": "Bezeichnung", "colour": "Farbe"},
        ),
        ("feed.csv", SHOPIFY, {}),
        ("feed.csv", SHOPIFY.replace("Title,Body", "Names,Body"), {"title": "Names"}),
        ("feed.jsonl", JSONL, {}),
        ("feed.jsonl", JSONL.replace('"title"', '"name of it"'), {"title": "name of it"}),
    ],
    ids=["Google", "Google mapped", "Shopify", "Shopify mapped", "JSONL", "JSONL mapped"],
)
def test_dead_letters_come_back_as_what_they_were(
    tmp_path: Path, name: str, text: str, mapping: dict[str, str]
) -> None:
    rows = read(tmp_path, name, text, mapping)
    assert rows
    again = read(tmp_path, "feed.failed.jsonl", dead_letters(rows), mapping)
    assert [row.line for row in again] == list(range(1, len(rows) + 1))
    assert contents(again) == contents(rows)
    assert len(contents(again)) == len(rows)


def test_dead_letters_of_several_feeds_in_one_file(tmp_path: Path) -> None:
    rows = [row for text in (GOOGLE, SHOPIFY) for row in read(tmp_path, "feed.csv", text)]
    rows += read(tmp_path, "feed.jsonl", JSONL)
    assert contents(read(tmp_path, "all.jsonl", dead_letters(rows))) == contents(rows)


@pytest.mark.parametrize(
    ("text", "correct"),
    [
        ("id,title\n1,a,b\n", lambda row: {"id": row["id"], "title": "a,b"}),
        ("id,title\n1\n", lambda row: {"id": row["id"], "title": "a"}),
        ('id,title\n1,"a\n', lambda row: {"id": "1", "title": row["(line)"].split(",")[1].strip('"')}),
        (b"id,title\n1,a\xff\n", lambda row: row | {"title": row["title"].replace("�", "b")}),
        ("id,title,price\n1,a,free\n", lambda row: row | {"price": 0}),
        ("id,title\n,a\n", lambda row: row | {"id": 1}),
    ],
    ids=["too many cells", "too few cells", "open quote", "encoding", "price", "no id"],
)
def test_corrected_dead_letters_come_in(tmp_path: Path, text: bytes | str, correct: Any) -> None:
    [bad] = read(tmp_path, "feed.csv", text)
    letter = dead_letter(bad)
    [row] = read(tmp_path, "failed.jsonl", json.dumps(letter | {"row": correct(letter["row"])}))
    assert isinstance(row, Row), seen([row])
    assert row.id == "1"


def test_an_image_that_was_left_out_of_a_dead_letter_is_asked_for(tmp_path: Path) -> None:
    rows = read(tmp_path, "feed.parquet", parquet(id=["1"], image=[IMAGE]))
    [bad] = read(tmp_path, "failed.jsonl", dead_letters(rows))
    assert seen([bad]) == [
        '1: 1 row_invalid: The image of the column "image" was left out of this dead letter. Give its path.'
    ]


def test_a_mapped_column_that_dead_letters_lack(tmp_path: Path) -> None:
    rows = read(tmp_path, "feed.jsonl", JSONL)
    with pytest.raises(CatalogError, match=r'The feed has no column "titel"\. Did you mean "title"'):
        read(tmp_path, "failed.jsonl", dead_letters(rows), {"title": "titel"})


def test_dead_letters_of_one_handle_stay_apart(tmp_path: Path) -> None:
    rows = [row for row in read(tmp_path, "feed.csv", SHOPIFY) if row.id == "tee"]
    assert contents(read(tmp_path, "failed.jsonl", dead_letters(rows))) == contents(rows)


def test_an_object_with_a_row_of_its_own_is_no_dead_letter(tmp_path: Path) -> None:
    [row] = read(tmp_path, "feed.jsonl", '{"id": "1", "title": "a", "code": "x", "row": {"id": "2"}}')
    assert row.id == "1"


def test_names_of_columns_are_shown_short_and_written_as_json(tmp_path: Path) -> None:
    line = '{"id": "1", "\\ud83d": 1, "' + "x" * 300 + 'name\\n": {"\\udc00": "\\ud83d"}}'
    mapping = {"title": "x" * 300 + "name\n"}
    [row] = read(tmp_path, "feed.jsonl", line, mapping)
    assert seen([row]) == [f'1: 1 row_invalid: The column "{"x" * 40}…" holds an object where text is expected.']
    assert json.dumps(row.raw, ensure_ascii=False).encode().count("�".encode()) == 3


def test_rows_of_jsonl_may_have_different_columns(tmp_path: Path) -> None:
    text = '{"id": 1, "name": "a"}\n{"SKU": "2", "title": "b", "photos": ["x.jpg", {"url": "y.jpg"}]}\n'
    first, second = rows_of(write(tmp_path, "feed.ndjson", text))
    assert (first.product.title, second.id, second.product.title) == ("a", "2", "b")
    assert [str(ref) for ref in second.image_refs] == ["x.jpg", "y.jpg"]


@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet", "folder", "zip"])
def test_again_the_same_and_in_another_process(tmp_path: Path, name: str) -> None:
    if name == "folder":
        path = tmp_path / "pictures"
        path.mkdir()
        (path / "1.png").write_bytes(IMAGE)
    elif name == "zip":
        path = zipped(tmp_path / "f.zip", {"f.csv": GOOGLE.encode()})
    else:
        content = {"csv": GOOGLE, "jsonl": JSONL, "parquet": parquet(id=["1", "2"], title=["a", "b"])}[name]
        path = write(tmp_path, f"f.{name}", content)
    feed = open_feed(path)
    first = list(feed)
    interrupted = iter(feed)
    next(interrupted)
    assert list(feed) == first
    sent = pickle.loads(pickle.dumps(feed))
    assert list(sent) == pickle.loads(pickle.dumps(first)) == first
    assert sent.fingerprint == feed.fingerprint == open_feed(path).fingerprint


def test_fingerprints(tmp_path: Path) -> None:
    feed = open_feed(write(tmp_path, "a.csv", GOOGLE))
    assert open_feed(write(tmp_path, "b.csv", GOOGLE)).fingerprint == feed.fingerprint
    assert open_feed(tmp_path / "a.csv", {"title": "brand"}).fingerprint != feed.fingerprint
    assert open_feed(write(tmp_path, "b.csv", GOOGLE + "3,x,,,,,,,,\n")).fingerprint != feed.fingerprint
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "1.png").write_bytes(IMAGE)
    before = open_feed(tmp_path / "p").fingerprint
    (tmp_path / "p" / "2.png").write_bytes(IMAGE)
    assert open_feed(tmp_path / "p").fingerprint != before


def test_only_a_little_of_a_feed_is_in_memory(tmp_path: Path) -> None:
    for name, row in (("f.csv", "{0},Title of {0},{1}\n"), ("f.jsonl", '{{"id": "{0}", "title": "{1}"}}\n')):
        header = "id,title,description\n" if name == "f.csv" else ""
        path = write(tmp_path, name, header + "".join(row.format(n, "x" * 4_000) for n in range(1_500)))
        feed = open_feed(path)
        tracemalloc.start()
        count = sum(isinstance(found, Row) for found in feed)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (count, peak < 3_000_000) == (1_500, True), peak


def test_limits_are_inclusive(tmp_path: Path) -> None:
    limits = FeedLimits(max_cell=10, max_id=3)
    rows = read(tmp_path, "f.csv", f"id,title\n123,{'x' * 10}\n1234,a\n1,{'x' * 11}\n", limits=limits)
    assert [row.error.code if isinstance(row, BadRow) else "" for row in rows] == [
        "",
        "row_id_invalid",
        "row_cell_too_long",
    ]


def test_a_data_uri_may_be_longer_than_a_cell(tmp_path: Path) -> None:
    uri = "data:image/png;base64," + "A" * 100
    [row] = read(tmp_path, "f.csv", f'id,image\n1,"{uri}"\n', limits=FeedLimits(max_cell=50, max_row=50))
    assert isinstance(row, Row)
    assert row.image_refs == (ImageRef(uri),)
    assert str(row.image_refs[0]) == "data:image/png;base64,…"


def test_reading_feeds_loads_no_heavy_library() -> None:
    heavy = "{'torch', 'pyarrow', 'fsspec', 'httpx', 'httpcore', 'PIL'}"
    code = f"import sys, catalog.feeds, catalog.images; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "[]"
