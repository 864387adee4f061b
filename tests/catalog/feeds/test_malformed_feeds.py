"""Malformed feeds: what the user sees of each, and that good neighbours come through."""

import gzip
import io
import json
import random
import re
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.errors import CatalogError
from catalog.feeds import BadRow, FeedLimits, Row, open_feed
from tests.support.feed_files import HEADER, dead_letters, read, seen, write
from tests.support.malformed.images import blank_png

GOOD = ['2: a "First"', '4: c "Third"']
NOT_CLOSED = 'A quoted cell does not end where it should. Write a quotation mark inside it twice: "".'
NOT_JSON = "The line is not valid JSON, or is truncated."
INEXACT = "The row's id is a number that its type cannot hold exactly. Store ids as text."
SMALL = FeedLimits(max_cell=1_000, max_row=5_000, max_line=20_000, max_quoted_lines=5, max_reread=2_000)


@dataclass(frozen=True)
class Malformed:
    """name: the test's; seen: what the rows come to, or the code and the message of the feed's error."""

    name: str
    file: str
    content: bytes | str | Callable[[], bytes]
    seen: list[str]
    limits: FeedLimits | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def data(self) -> bytes:
        content = self.content() if callable(self.content) else self.content
        return content.encode() if isinstance(content, str) else content


def second(row: str | bytes) -> bytes:
    """A CSV with this as its second row, between two good ones."""
    middle = row.encode() if isinstance(row, str) else row
    return HEADER.encode() + b"a,First,x\n" + middle + b"\nc,Third,x\n"


def second_json(row: str | bytes) -> bytes:
    middle = row.encode() if isinstance(row, str) else row
    return b'{"id": "a", "title": "First"}\n' + middle + b'\n{"id": "c", "title": "Third"}\n'


def bad_second(text: str) -> list[str]:
    return [GOOD[0], text, GOOD[1]]


def json_seen(text: str) -> list[str]:
    return ['1: a "First"', text, '3: c "Third"']


def parquet(**columns: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def many_rows_parquet() -> bytes:
    rng = random.Random(1)
    titles = ["".join(rng.choices("abcdefgh ", k=400)) for _ in range(200)]
    file = io.BytesIO()
    table = pa.table({"id": [str(n) for n in range(200)], "title": titles})
    pq.write_table(table, file, row_group_size=64, use_dictionary=False, compression="none", data_page_size=4096)
    return file.getvalue()


def damaged_parquet() -> bytes:
    """The pages of its last row groups overwritten."""
    data = bytearray(many_rows_parquet())
    place = len(data) * 2 // 3
    data[place : place + 9_000] = b"\xff" * 9_000
    return bytes(data)


def zipped(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def encrypted_zip() -> bytes:
    data = bytearray(zipped(**{"a.png": blank_png(9, 9)}))
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def bomb() -> bytes:
    """Packed to a thousandth, as far as deflate goes."""
    return zipped(**{"feed.csv": HEADER.encode() + b"a,First," + bytes([32]) * 24_000_000})


def endless_directory() -> bytes:
    data = bytearray(zipped(**{"a.png": blank_png(9, 9)}))
    struct.pack_into("<L", data, data.rfind(b"PK\x05\x06") + 12, 0x7FFFFFFF)
    return bytes(data)


def damaged_zip() -> bytes:
    """The feed's packed bytes overwritten, the list of entries whole."""
    rows = "".join(f"{n},{random.Random(n).random()},x\n" for n in range(2_000))
    data = bytearray(zipped(**{"feed.csv": (HEADER + rows).encode()}))
    data[200:400] = bytes(200)
    return bytes(data)


EMPTY = ["feed_empty: The feed has no products."]
UNSUPPORTED = "feed_format_unsupported: The feed is "
MALFORMED = [
    # Tables: rows
    Malformed(
        "too few cells", "f.csv", second("b,Second"), bad_second("3: b row_ragged: The row has 2 cells, the header 3.")
    ),
    Malformed(
        "too many cells",
        "f.csv",
        second("b,Se,cond,x"),
        bad_second("3: b row_ragged: The row has 4 cells, the header 3."),
    ),
    Malformed("empty cells beyond the header", "f.csv", second("b,Second,x,,"), bad_second('3: b "Second"')),
    Malformed("empty lines", "f.csv", second(" \n\n,,"), ['2: a "First"', '6: c "Third"']),
    Malformed("no id", "f.csv", second(",Second,x"), bad_second("3:  row_id_missing: The row has no id.")),
    Malformed(
        "id with a control character",
        "f.csv",
        second("b\x07b,Second,x"),
        bad_second("3:  row_id_invalid: The row's id has more than 256 characters or contains control characters."),
    ),
    Malformed("id of 256 characters", "f.csv", second("b" * 256 + ",Second,x"), bad_second(f'3: {"b" * 256} "Second"')),
    Malformed(
        "id of 257 characters",
        "f.csv",
        second("b" * 257 + ",Second,x"),
        bad_second("3:  row_id_invalid: The row's id has more than 256 characters or contains control characters."),
    ),
    Malformed(
        "invalid UTF-8",
        "f.csv",
        second(b"b,Caf\xe9,x"),
        bad_second("3: b row_encoding_invalid: The row is not valid UTF-8: byte 6 of line 3."),
    ),
    Malformed(
        "invalid UTF-8 in a quoted cell of two lines",
        "f.csv",
        second(b'b,Second,"one\ntw\xff"'),
        ['2: a "First"', "3: b row_encoding_invalid: The row is not valid UTF-8: byte 3 of line 4.", '5: c "Third"'],
    ),
    Malformed(
        "NUL",
        "f.csv",
        second("b,Sec\0ond,x"),
        bad_second('3: b row_invalid: The column "title" contains a NUL character.'),
    ),
    Malformed(
        "cell of 10 MB",
        "f.csv",
        lambda: second("b,Second," + "x" * 10_000_000),
        bad_second(
            '3: b row_cell_too_long: The column "description" has 10,000,000 characters; the limit is 1,000,000.'
        ),
    ),
    Malformed(
        "quoted cell of 10 MB",
        "f.csv",
        lambda: second('b,Second,"' + "x" * 10_000_000 + '"'),
        bad_second(
            '3: b row_cell_too_long: The column "description" has 10,000,000 characters; the limit is 1,000,000.'
        ),
    ),
    Malformed(
        "cell of a million characters",
        "f.csv",
        lambda: second("b,Second," + "x" * 1_000_000),
        bad_second('3: b "Second"'),
    ),
    Malformed(
        "line longer than any may be",
        "f.csv",
        second("b,Second," + "x" * 2_000_000),
        bad_second("3:  row_cell_too_long: The line is longer than the limit of 1,000,000 bytes."),
        FeedLimits(max_line=1_000_000),
    ),
    Malformed(
        "row of many long cells",
        "f.csv",
        "id,title,description,a,b,c,d\na,First,,,,,\nb,Second" + f",{'x' * 900}" * 5 + "\nc,Third,,,,,\n",
        bad_second("3: b row_invalid: The row has 4,507 characters; the limit is 4,000."),
        FeedLimits(max_row=4_000),
    ),
    Malformed(
        "a million cells",
        "f.csv",
        second("b" + "," * 1_000_000),
        bad_second("3:  row_ragged: The row has more than 200,000 cells."),
    ),
    Malformed(
        "price that a program wrote for no value",
        "f.csv",
        "id,title,price\na,First,1\nb,Second,NaN\nc,Third,3\n",
        bad_second('3: b "Second"'),
    ),
    Malformed(
        "formula",
        "f.csv",
        second("""=cmd|' /C calc'!A0,@SUM(A1),+1"""),
        bad_second("""3: =cmd|' /C calc'!A0 "@SUM(A1)\""""),
    ),
    # Tables: quotation marks
    Malformed(
        "quote closed by a later row's", "f.csv", second('b,"Second,x'), bad_second(f"3:  row_invalid: {NOT_CLOSED}")
    ),
    Malformed(
        "quote that the next row's first quote closes",
        "f.csv",
        HEADER + 'a,First,x\nb,"Second,x\nc,"Third","x"\nd,"Fourth",x\n',
        ['2: a "First"', f"3:  row_invalid: {NOT_CLOSED}", '4: c "Third"', '5: d "Fourth"'],
    ),
    Malformed(
        "quote closed at the end of a later line",
        "f.csv",
        HEADER + 'a,First,x\nb,"Second,x\nc,Third,8"\nd,Fourth,x\n',
        [
            '2: a "First"',
            "3:  row_ragged: The row has 2 cells, the header 3. A quoted cell of it runs on to line 4.",
            '4: c "Third"',
            '5: d "Fourth"',
        ],
    ),
    Malformed("quote not doubled", "f.csv", second('b,"Pipe 5" wide",x'), bad_second(f"3:  row_invalid: {NOT_CLOSED}")),
    Malformed(
        "inches in a cell without quotes", "f.csv", second('b,Pipe 5" wide,8"'), bad_second('3: b "Pipe 5" wide"')
    ),
    Malformed(
        "quote open for more lines than allowed",
        "f.csv",
        HEADER + 'a,"First\n' + "".join(f"{n},T,x\n" for n in range(8)) + 'z,Last",x\n',
        [f"2:  row_invalid: {NOT_CLOSED}", *(f'{n + 3}: {n} "T"' for n in range(8)), '11: z "Last""'],
        SMALL,
    ),
    Malformed(
        "a quote open on every line",
        "f.csv",
        HEADER + 'a,"First\n' * 500,
        ["feed_damaged: Too many quoted cells do not end where they should, the last from line 113 on."],
        SMALL,
    ),
    # Tables: the file
    Malformed("empty file", "f.csv", b"", EMPTY),
    Malformed("only white space", "f.csv", b"\n  \r\n\t", EMPTY),
    Malformed("only a byte order mark", "f.csv", b"\xef\xbb\xbf", EMPTY),
    Malformed("only a header", "f.csv", HEADER, EMPTY),
    Malformed("only Excel's hint", "f.csv", "sep=;\n", EMPTY),
    Malformed("CR ends lines", "f.csv", second("b,Second,x").replace(b"\n", b"\r"), bad_second('3: b "Second"')),
    Malformed(
        "mixed line ends",
        "f.csv",
        b"id,title\r\na,First\rb,Second\n\rc,Third",
        ['2: a "First"', '3: b "Second"', '5: c "Third"'],
    ),
    Malformed("no line end at the end", "f.csv", second("b,Second,x").rstrip(), bad_second('3: b "Second"')),
    Malformed(
        "UTF-8 with byte order mark", "f.csv", b"\xef\xbb\xbf" + second("b,Second,x"), bad_second('3: b "Second"')
    ),
    Malformed("UTF-16", "f.csv", second("b,Zwölf €,x").decode().encode("utf-16"), bad_second('3: b "Zwölf €"')),
    Malformed(
        "UTF-16 with half a pair",
        "f.csv",
        b"\xff\xfe" + second("b,X,x").decode().encode("utf-16-le").replace(b"X\0", b"\0\xd8"),
        bad_second("3: b row_encoding_invalid: The row is not valid UTF-8: byte 3 of line 3."),
    ),
    Malformed(
        "UTF-16 without byte order mark",
        "f.csv",
        second("b,Second,x").decode().encode("utf-16-le"),
        bad_second('3: b "Second"'),
    ),
    Malformed(
        "no header",
        "f.csv",
        "1,Shirt,Blue\n2,Hat,Red\n",
        [
            'feed_columns_invalid: No column gives the id. The columns are "1", "Shirt", "Blue". '
            "Map a column to the field id."
        ],
    ),
    Malformed(
        "column twice",
        "f.csv",
        "id,title,title\n1,a,b\n",
        ['feed_columns_invalid: The feed has more than one column named "title".'],
    ),
    Malformed(
        "header too wide",
        "f.csv",
        "id,title" + "".join(f",c{n}" for n in range(999)) + "\n1,a\n",
        ["feed_columns_invalid: The feed has 1,001 columns; the limit is 1,000."],
    ),
    Malformed(
        "header not UTF-8",
        "f.csv",
        b"id,tit\xffle\n1,a\n",
        ["feed_columns_invalid: The first line, which should name the columns, is not valid UTF-8."],
    ),
    Malformed(
        "header with an open quote",
        "f.csv",
        'id,"title\n1,a\n',
        ["feed_columns_invalid: The first line, which should name the columns, has an unclosed quotation mark."],
    ),
    Malformed(
        "endless header",
        "f.csv",
        lambda: b"id,title," + b"x" * 1_100_000 + b"\n1,a,b\n",
        ["feed_columns_invalid: The first line, which should name the columns, is too long."],
    ),
    # JSON lines
    Malformed(
        "JSON cut in the middle", "f.jsonl", second_json('{"id": "b", "tit'), json_seen(f"2:  row_invalid: {NOT_JSON}")
    ),
    Malformed(
        "last line cut",
        "f.jsonl",
        '{"id": "a", "title": "First"}\n{"id": "b", "title": "Sec',
        ['1: a "First"', f"2:  row_invalid: {NOT_JSON}"],
    ),
    Malformed(
        "JSON that is no object",
        "f.jsonl",
        second_json('["b"]'),
        json_seen("2:  row_invalid: The line is JSON, but not an object with columns."),
    ),
    Malformed(
        "key twice",
        "f.jsonl",
        second_json('{"id": "b", "id": "x", "title": "Second"}'),
        json_seen('2:  row_invalid: The key "id" occurs more than once in the row.'),
    ),
    Malformed("depth bomb", "f.jsonl", second_json("[" * 100_000), json_seen(f"2:  row_invalid: {NOT_JSON}")),
    Malformed(
        "deep but closed",
        "f.jsonl",
        second_json('{"id": "b", "x": ' + "[" * 40 + "]" * 40 + "}"),
        json_seen("2:  row_invalid: The row is nested more than 32 levels deep."),
    ),
    Malformed(
        "number bomb", "f.jsonl", second_json('{"id": ' + "9" * 5_000 + "}"), json_seen(f"2:  row_invalid: {NOT_JSON}")
    ),
    Malformed(
        "NaN as price",
        "f.jsonl",
        second_json('{"id": "b", "title": "Second", "price": NaN}'),
        json_seen('2: b "Second"'),
    ),
    Malformed("title is a number", "f.jsonl", second_json('{"id": "b", "title": 501}'), json_seen('2: b "501"')),
    Malformed(
        "title is an object",
        "f.jsonl",
        second_json('{"id": "b", "title": {"en": "Second"}}'),
        json_seen('2: b row_invalid: The column "title" holds an object where text is expected.'),
    ),
    Malformed(
        "attributes are a list",
        "f.jsonl",
        second_json('{"id": "b", "title": "Second", "attributes": ["red"]}'),
        json_seen('2: b row_invalid: The column "attributes" does not hold attributes, such as {"colour": "Red"}.'),
    ),
    Malformed(
        "image is a number",
        "f.jsonl",
        second_json('{"id": "b", "title": "Second", "image": 7}'),
        json_seen('2: b row_invalid: The column "image" does not hold an image\'s path, address or bytes.'),
    ),
    Malformed(
        "id is null",
        "f.jsonl",
        second_json('{"id": null, "title": "x"}'),
        json_seen("2:  row_id_missing: The row has no id."),
    ),
    Malformed(
        "id is a list",
        "f.jsonl",
        second_json('{"id": ["b"], "title": "x"}'),
        json_seen("2:  row_id_invalid: The row's id is neither text nor a number."),
    ),
    Malformed(
        "id is a huge integer",
        "f.jsonl",
        second_json('{"id": 12345678901234567890, "title": "Second"}'),
        json_seen('2: 12345678901234567890 "Second"'),
    ),
    Malformed(
        "id is a huge float",
        "f.jsonl",
        second_json('{"id": 1e30, "title": "Second"}'),
        json_seen(f"2:  row_id_invalid: {INEXACT}"),
    ),
    Malformed(
        "JSON not UTF-8",
        "f.jsonl",
        second_json(b'{"id": "b", "title": "Caf\xe9"}'),
        json_seen("2: b row_encoding_invalid: The row is not valid UTF-8: byte 26 of line 2."),
    ),
    Malformed(
        "half a surrogate pair",
        "f.jsonl",
        second_json('{"id": "b", "title": "\\ud83d"}'),
        json_seen('2: b row_encoding_invalid: The column "title" contains characters that are not valid Unicode.'),
    ),
    Malformed(
        "no id in one of the rows",
        "f.jsonl",
        '{"nr": "a"}\n{"ID": "b", "Title": "Second"}\n',
        ["1:  row_id_missing: The row has no id.", '2: b "Second"'],
    ),
    Malformed(
        "JSON document that ends within a product",
        "f.json",
        '[{"id": 1, "title": "a"},\n{"id": 2, "ti',
        ["feed_damaged: The JSON document ends within the product that starts in line 2."],
    ),
    Malformed(
        "JSON document with products that are none",
        "f.json",
        '{"products": [{"id": 1, "title": "a"}, {"id": 2, "title": "b" "c"},\n{"id": 3, "id": 3}, 7,'
        ' {"id": 4, "title": "d"}]}',
        [
            '1: 1 "a"',
            "1:  row_invalid: The product is not valid JSON.",
            '2:  row_invalid: The key "id" occurs more than once in the row.',
            "2:  row_invalid: The list holds what is no object with columns.",
            '2: 4 "d"',
        ],
    ),
    Malformed(
        "JSON document without a list",
        "f.json",
        '{\n "a": {"b": 1}\n}',
        ['feed_format_unsupported: The JSON document holds no list of products. It holds "a".'],
    ),
    Malformed(
        "no row has an id",
        "f.jsonl",
        '{"nr": 1, "title": "x"}\n' * 3,
        ['feed_columns_invalid: No column gives the id. The columns are "nr", "title". Map a column to the field id.'],
    ),
    # Parquet
    Malformed(
        "Parquet cut short",
        "f.parquet",
        lambda: many_rows_parquet()[:-50],
        ["feed_damaged: The Parquet file is corrupt or truncated."],
    ),
    Malformed(
        "Parquet without rows",
        "f.parquet",
        lambda: parquet(id=pa.array([], pa.string()), title=pa.array([], pa.string())),
        EMPTY,
    ),
    Malformed(
        "Parquet with ids as floats",
        "f.parquet",
        lambda: parquet(id=[123.0, 1.5, 2.0**60, float("nan"), None], title=["a", "b", "c", "d", "e"]),
        [
            '1: 123 "a"',
            '2: 1.5 "b"',
            f"3:  row_id_invalid: {INEXACT}",
            f"4:  row_id_invalid: {INEXACT}",
            "5:  row_id_missing: The row has no id.",
        ],
    ),
    Malformed(
        "Parquet with a title that is a structure",
        "f.parquet",
        lambda: parquet(id=["a", "b"], title=[{"en": "First"}, None]),
        ['1: a row_invalid: The column "title" holds an object where text is expected.', '2: b ""'],
    ),
    # Zip
    Malformed(
        "zip that is encrypted",
        "f.zip",
        encrypted_zip,
        ["feed_format_unsupported: The zip is encrypted. Create it without a password."],
    ),
    Malformed(
        "zip bomb",
        "f.zip",
        bomb,
        ["feed_invalid: The zip would decompress to 24,000,029 bytes, more than 200 times its size."],
    ),
    Malformed(
        "zip with an endless directory",
        "f.zip",
        endless_directory,
        ["feed_damaged: The zip is corrupt or truncated."],
    ),
    Malformed(
        "zip cut short",
        "f.zip",
        lambda: zipped(**{"f.csv": HEADER.encode()})[:-30],
        ["feed_damaged: The zip is corrupt or truncated."],
    ),
    Malformed("zip without anything", "f.zip", zipped, EMPTY),
    Malformed(
        "zip with two feeds",
        "f.zip",
        lambda: zipped(**{"a.csv": b"id,title", "b.jsonl": b"{}"}),
        ["feed_format_unsupported: The zip holds 2 feeds ('a.csv', 'b.jsonl'); it must hold exactly one."],
    ),
    Malformed(
        "zip whose feed lies outside",
        "f.zip",
        lambda: zipped(**{"../a.csv": HEADER.encode() + b"a,b,c\n"}),
        ["feed_format_unsupported: The path of the feed in the zip leads outside the zip."],
    ),
    Malformed(
        "zip with images outside",
        "f.zip",
        lambda: zipped(**{"a.png": b"x", "../b.png": b"x", "/c.png": b"x"}),
        [
            '1: a ""',
            "2: ../b image_outside_root: The image's name leads outside the zip.",
            "3: /c image_outside_root: The image's name leads outside the zip.",
        ],
    ),
    Malformed("zip damaged inside", "f.zip", damaged_zip, ["feed_damaged: The feed is corrupt or truncated."]),
    Malformed(
        "Excel workbook that is none",
        "f.xlsx",
        lambda: zipped(**{"[Content_Types].xml": b"x", "xl/workbook.xml": b"x"}),
        ["feed_damaged: The Excel workbook is corrupt or truncated."],
    ),
    Malformed(
        "Word document",
        "f.docx",
        lambda: zipped(**{"[Content_Types].xml": b"x", "word/document.xml": b"x"}),
        [UNSUPPORTED + "a document of Office. Save it as .xlsx or as CSV (UTF-8)."],
    ),
    Malformed(
        "OpenDocument sheet",
        "f.ods",
        lambda: zipped(**{"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"x"}),
        [UNSUPPORTED + "an OpenDocument sheet. Save it as .xlsx or as CSV (UTF-8)."],
    ),
    # Other formats
    Malformed(
        "old Excel workbook",
        "f.xls",
        b"\xd0\xcf\x11\xe0\xa1\xb1",
        [UNSUPPORTED + "an old or protected Excel workbook. Save it as .xlsx or as CSV (UTF-8)."],
    ),
    Malformed("gzip cut short", "f.csv.gz", b"\x1f\x8b\x08\0", ["feed_damaged: The feed is corrupt or truncated."]),
    Malformed(
        "gzip bomb",
        "f.csv.gz",
        lambda: gzip.compress(HEADER.encode() + b"a,First," + bytes([32]) * 48_000_000),
        ["feed_invalid: The feed decompresses to more than 200 times its size."],
    ),
    Malformed(
        "gzip bomb in a zip",
        "f.zip",
        lambda: zipped(**{"f.csv.gz": gzip.compress(HEADER.encode() + b"a,First," + bytes([32]) * 19_000_000)}),
        ["feed_invalid: The feed decompresses to more than 200 times its size."],
    ),
    Malformed(
        "gzip cut short in a zip",
        "f.zip",
        lambda: zipped(**{"f.csv.gz": b"\x1f\x8b\x08\0"}),
        ["feed_damaged: The feed is corrupt or truncated."],
    ),
    Malformed(
        "Parquet as gzip in a zip",
        "f.zip",
        lambda: zipped(**{"f.parquet.gz": gzip.compress(parquet(id=["a"], title=["First"]))}),
        ["feed_format_unsupported: The feed is Parquet that is compressed with gzip. Decompress it first."],
    ),
    Malformed(
        "zip with two feeds as gzip",
        "f.zip",
        lambda: zipped(**{"a.csv.gz": b"", "b.CSV.GZ": b""}),
        ["feed_format_unsupported: The zip holds 2 feeds ('a.csv.gz', 'b.CSV.GZ'); it must hold exactly one."],
    ),
    Malformed(
        "one image", "f.png", blank_png(9, 9), [UNSUPPORTED + "a single image. Give the folder that contains it."]
    ),
    Malformed(
        "XML without products",
        "f.xml",
        "<?xml version='1.0'?>\n<rss/>",
        ["feed_empty: The XML document has no element that is a product, such as <item>, <entry> or <product>."],
    ),
    Malformed("HTML", "f.xml", "<html><body/></html>", [UNSUPPORTED + "HTML. Send CSV, TSV, JSON, XML or Parquet."]),
    Malformed(
        "XML with a product that is not well-formed, and one without an end",
        "f.xml",
        "<products>\n<product><id>1</id></product>\n<product><id>2</product>\n<product><id>3</id>\n"
        "<product><id>4</id><title>H&M &eacute;</title></product></products>",
        [
            '2: 1 ""',
            "3:  row_invalid: The product is not well-formed XML, in line 3.",
            "4:  row_invalid: The product is not well-formed XML, in line 5.",
            '5: 4 "H&M é"',
        ],
    ),
    Malformed(
        "prose",
        "f.md",
        "Hello world\n",
        [UNSUPPORTED + "not a CSV, TSV, JSON, XML, Parquet or zip file, nor a folder of images."],
    ),
]


def outcome(path: Path, limits: FeedLimits | None) -> list[str]:
    try:
        return seen(list(open_feed(path, limits=limits)))
    except CatalogError as error:
        return [f"{error.code}: {error.message}"]


@pytest.mark.parametrize("malformed", MALFORMED, ids=str)
def test_what_the_user_sees(malformed: Malformed, tmp_path: Path) -> None:
    path = write(tmp_path, malformed.file, malformed.data)
    assert outcome(path, malformed.limits) == malformed.seen


def test_there_are_enough_and_their_names_differ() -> None:
    assert len({str(malformed) for malformed in MALFORMED}) == len(MALFORMED) >= 28


@pytest.mark.parametrize(
    "malformed", [item for item in MALFORMED if re.search(r"[0-9]+:  |: \w+ row_", str(item.seen))], ids=str
)
def test_a_dead_letter_that_nobody_corrected_fails_again(malformed: Malformed, tmp_path: Path) -> None:
    path = write(tmp_path, malformed.file, malformed.data)
    bad = [row for row in open_feed(path, limits=malformed.limits) if isinstance(row, BadRow)]
    again = read(tmp_path, "failed.jsonl", dead_letters(bad), limits=malformed.limits)
    assert [row.id for row in again] == [row.id for row in bad]
    assert not [row for row in again if isinstance(row, Row)]


def test_rows_before_the_damage_come_through(tmp_path: Path) -> None:
    path = write(tmp_path, "f.parquet", damaged_parquet())
    rows: list[Row | BadRow] = []
    with pytest.raises(CatalogError, match=r"^The Parquet file is corrupt: no row can be read after row 1\d\d\.$"):  # noqa: PT012
        for row in open_feed(path):
            rows.append(row)
    assert len(rows) >= 100


@pytest.mark.parametrize("name", ["missing.csv", "pipe.csv"])
def test_what_is_no_file(tmp_path: Path, name: str) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(CatalogError, match=f'^"{name}" does not exist or cannot be read'):
        open_feed(tmp_path / name)


def everything(path: Path) -> None:
    """Read it all; nothing but our own errors may come of it, and dead letters must be JSON."""
    try:
        rows = list(open_feed(path, limits=SMALL))
    except CatalogError:
        return
    for row in rows:
        json.dumps(row.raw, allow_nan=False).encode()
        if isinstance(row, BadRow):
            assert row.error.message.endswith((".", "COLUMN"))
        else:
            row.product.title.encode()


STARTS = {
    "xml": b'<rss><channel><item><g:id>1</g:id><title>A<![CDATA[<b>]]></title><p:q r="s"/></item></channel></rss>',
    "json": b'{"page": 1, "products": [{"id": 1, "title": "a", "images": [{"src": "x"}]}, {"id": 2}]}',
    "gzip": gzip.compress(second("b,Second,x")),
    "csv": second('b,"Sec""ond",x'),
    "jsonl": second_json('{"id": "b", "attributes": {"colour": "x"}, "image": ["a", {"path": "b"}], "price": 1}'),
    "parquet": parquet(id=["a", "b"], title=["First", "Second"], image=[{"bytes": b"x", "path": "a"}, None]),
    "zip": zipped(**{"feed.csv": second("b,Second,x"), "a.png": b"x"}),
    "shopify": b"Handle,Title,Variant Price,Image Src,Option1 Name,Option1 Value\na,A,1,x,Color,Red\na,,,y,,Blue\n",
}


@settings(max_examples=120, deadline=None, database=None)
@given(name=st.sampled_from(["f.csv", "f.jsonl", "f.parquet", "f.zip", "f"]), data=st.binary(max_size=400))
@example(name="f", data=b"PAR1" * 4)
@example(name="f", data=b"PK\x03\x04" + bytes(60))
@example(name="f", data=b"\xff\xfe")
@example(name="f.csv", data=b'id,title\n"\0')
def test_random_bytes(name: str, data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    everything(write(tmp_path_factory.mktemp("random"), name, data))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A feed with some bytes overwritten, a part removed or repeated, or cut short."""
    data = bytearray(STARTS[draw(st.sampled_from(sorted(STARTS)))])
    position = st.integers(0, len(data) - 1)
    for place, value in draw(
        st.lists(st.tuples(position, st.integers(0, 255) | st.sampled_from(b'",\n\r\0{}[]')), max_size=8)
    ):
        data[place] = value
    start, end = sorted((draw(position), draw(position)))
    act = draw(st.sampled_from(["keep", "keep", "remove", "repeat", "cut"]))
    if act == "remove":
        del data[start:end]
    elif act == "repeat":
        data[end:end] = data[start:end]
    elif act == "cut":
        del data[end:]
    return bytes(data)


@settings(max_examples=200, deadline=None, database=None)
@given(data=mutated())
def test_mutated_feeds(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    everything(write(tmp_path_factory.mktemp("mutated"), "f.csv", data))
