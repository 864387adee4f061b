"""A feed is written again with new values in some cells, and every other byte of it as it was."""

import gzip
import io
from pathlib import Path

import pytest

from catalog.errors import CatalogError
from catalog.feeds import open_feed
from catalog.feeds.rewriting import Changes, Rewritten, rewrite


def rewritten(path: Path, data: bytes, changes: Changes, encoding: str = "") -> tuple[bytes, Rewritten]:
    path.write_bytes(data)
    out = io.BytesIO()
    found = rewrite(open_feed(path, encoding=encoding), changes, out)
    return out.getvalue(), found


TABLE = (
    b'\xef\xbb\xbfid;title;"color";note\r\n-5;"Red; shoe";"red";=1+1\r\n\r\n=1+1;  Hat;;"two\nlines"\r\n"0012";b;"";x'
)


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({}, b"", b""),
        ({"-5": {"colour": "blue"}}, b'"red"', b'"blue"'),
        ({"=1+1": {"title": 'Cap; "new"'}}, b"  Hat", b'  "Cap; ""new"""'),
        ({"=1+1": {"colour": "-5"}}, b"Hat;;", b"Hat;-5;"),
        ({"0012": {"note": "y"}}, b";x", b";y"),
    ],
)
def test_only_the_changed_cells_of_a_table_are_others(tmp_path: Path, changes: Changes, old: bytes, new: bytes) -> None:
    written, found = rewritten(tmp_path / "feed.csv", TABLE, changes)
    assert written == TABLE.replace(old, new)
    assert (found.products, found.unplaced) == (len(changes), ())


def test_what_a_feed_has_no_column_for_is_a_column_behind_the_others(tmp_path: Path) -> None:
    feed = b'sep=,\nid,title\n1,a\n2,"b"\n3,"c\nd"\n4\n5,e,surplus\n6,"open\n\n'
    written, found = rewritten(tmp_path / "feed.csv", feed, {"2": {"duplicate_of": "1"}, "9": {"title": "x"}})
    assert written == (
        b'sep=,\nid,title,duplicate_of\n1,a,\n2,"b",1\n3,"c\nd",\n4,\n5,e,,surplus\n6,"open,\n\n'
    )  # rows with too many or too few cells are not read by chance
    assert found.added == ("duplicate_of",)
    assert [(one.product, one.why) for one in found.unplaced] == [("9", "no_row")]


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16-le", "utf-16", "gb18030"])
def test_an_encoding_is_kept(tmp_path: Path, encoding: str) -> None:
    feed = "id\ttitle\r\n1\tGröße\r\n2\tb\r\n"
    written, _ = rewritten(tmp_path / "f.tsv", feed.encode(encoding), {"2": {"title": "Übergröße"}}, encoding)
    assert written == feed.replace("\tb", "\tÜbergröße").encode(encoding)
    if encoding == "windows-1252":
        same, left = rewritten(tmp_path / "f.tsv", feed.encode(encoding), {"2": {"title": "红色"}}, encoding)
        assert (same, [one.why for one in left.unplaced]) == (feed.encode(encoding), ["encoding"])


def test_rows_of_one_product_are_changed_where_they_say_what_is_read(tmp_path: Path) -> None:
    feed = b"id,title,brand\n1,a,x\n1,b,x\n2,a,x\n"
    assert rewritten(tmp_path / "twice.csv", feed, {"1": {"title": "c", "brand": "y"}})[0] == (
        b"id,title,brand\n1,c,y\n1,b,y\n2,a,x\n"
    )
    head = b"Handle,Title,Body (HTML),Vendor,Variant Price,Google Shopping / Gender\n"
    shop = head + b"a,Shirt,x,Acme,5,male\na,,,,6,female\nb,Hat,,,7,\n"
    changes = {"a": {"title": "T-shirt", "gender": "unisex"}, "b": {"brand": "Oro"}}
    written, found = rewritten(tmp_path / "shop.csv", shop, changes)
    assert written == shop.replace(b"Shirt", b"T-shirt").replace(b"Hat,,", b"Hat,,Oro")
    assert [(one.product, one.field, one.why) for one in found.unplaced] == [("a", "gender", "rows_differ")]


def test_json_lines_keep_their_spaces_and_kinds_of_values(tmp_path: Path) -> None:
    feed = b'{"id":1,"price":5.0,"attributes":{"Color":"Red"},"tags":["a","b"]}\n\n{ "id": "2" }\r\n'
    changes = {"1": {"price": "6.5", "colour": "blue", "tags": "c"}, "2": {"title": 'Größe "L"'}}
    written, _ = rewritten(tmp_path / "feed.jsonl", feed, changes)
    assert written == (
        b'{"id":1,"price":6.5,"attributes":{"Color":"blue"},"tags":["c"]}\n\n'
        b'{ "id": "2", "title": "Gr\xc3\xb6\xc3\x9fe \\"L\\"" }\r\n'
    )


def test_a_compressed_feed_stays_compressed(tmp_path: Path) -> None:
    written, _ = rewritten(tmp_path / "f.csv.gz", gzip.compress(b"id,title\n1,a\n"), {"1": {"title": "b"}})
    assert gzip.decompress(written) == b"id,title\n1,b\n"


@pytest.mark.parametrize(
    ("name", "feed", "code"),
    [
        ("f.csv", b"shade,title\n1,a\n", "feed_columns_invalid"),
        ("f.csv", b"id,title\n7,a\n", "corrections_unplaced"),
        ("f.xml", b"<r><item><id>1</id><title>a</title></item></r>", "feed_format_unsupported"),
        ("f.json", b'[{"id": "1", "title": "a"}]', "feed_format_unsupported"),
        ("f.csv", b"id,title,failed_line,failed_code,failed_reason\n1,a,1,x,y\n", "feed_format_unsupported"),
        ("f.hz.csv", b"id,title\n1,a\n", "feed_encoding_invalid"),
    ],
)
def test_what_cannot_be_written_again_is_told(tmp_path: Path, name: str, feed: bytes, code: str) -> None:
    with pytest.raises(CatalogError, match=r"\w") as told:
        rewritten(tmp_path / name, feed, {"1": {"title": "b"}}, "hz" if ".hz" in name else "")
    assert told.value.code == code
