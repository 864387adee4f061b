"""Feeds that are documents: XML as shops have it, and JSON over any lines."""

import gzip
import io
import json
import time
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from catalog.errors import FeedDamaged
from catalog.feeds import BadRow, Row, open_feed, preview
from tests.support.feed_files import contents, dead_letters, read, seen, write

RSS = """<?xml version="1.0"?>
<!DOCTYPE rss [<!ENTITY lol "lol"><!ENTITY secret SYSTEM "file:///etc/hostname">]>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title><link>https://x.example</link>
<item>
 <title>Mug &amp; cup</title><link>https://x.example/1</link><guid>ignored</guid><g:id>M1</g:id>
 <g:price>9.90 EUR</g:price><g:image_link>1.jpg</g:image_link>
 <g:additional_image_link>2.jpg</g:additional_image_link><g:additional_image_link>3.jpg</g:additional_image_link>
 <description><![CDATA[<p>Nice &amp; <b>good</b></p>]]></description><g:color>Red</g:color>
 <g:shipping><g:country>US</g:country><g:price>3 USD</g:price></g:shipping>
</item>
<!-- <item><g:id>no product</g:id></item> -->
<item><g:id>M2</g:id><title>Caf&eacute; cup &lol;&secret;</title></item>
</channel></rss>"""
ATOM = """<a:feed xmlns:a="http://www.w3.org/2005/Atom" xmlns:ns0="http://base.google.com/ns/1.0"><a:title>Shop</a:title>
<a:entry><a:id>tag:x</a:id><ns0:id>A1</ns0:id><a:title>Hat</a:title><a:link rel="self" href="https://x.example/self"/>
<a:link href="https://x.example/hat"/><ns0:image_link>hat.jpg</ns0:image_link></a:entry></a:feed>"""
PLAIN = """<catalog><group><name>Lamps</name></group><group><name>Tables</name></group><products>
<product sku="P1"><name>Lamp</name><price currency="EUR">12.50</price><description>Soft <b>light</b></description>
<images><image>a.jpg</image><image>b.jpg</image></images><param name="Colour">Red</param><param name="Size">M</param>
<related><product sku="P9"/></related></product>
<product sku="P2"><name>Desk</name></product></products></catalog>"""
PRODUCTS = [{"id": 1, "title": "Shirt", "variants": [{"price": "9"}], "images": [{"src": "1.jpg"}]}, {"id": 2}]


def good(folder: Path, name: str, content: str | bytes) -> list[Row]:
    return [row for row in read(folder, name, content) if isinstance(row, Row)]


def test_rss(tmp_path: Path) -> None:
    feed = open_feed(write(tmp_path, "feed.xml", RSS))
    first, second = feed
    assert feed.format == "xml"
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    product = first.product
    assert (first.line, product.id, product.title, product.price, product.currency) == (
        4,
        "M1",
        "Mug & cup",
        9.9,
        "EUR",
    )
    assert (product.link, product.description) == ("https://x.example/1", "Nice & good")
    assert first.references == ("1.jpg", "2.jpg", "3.jpg")
    assert first.raw["g:shipping"] == {"g:country": "US", "g:price": "3 USD"}
    assert (second.id, second.product.title) == ("M2", "Café cup &lol;&secret;")


def test_atom_with_other_prefixes(tmp_path: Path) -> None:
    [row] = good(tmp_path, "feed.xml", ATOM)
    assert (row.id, row.product.title, row.product.link) == ("A1", "Hat", "https://x.example/hat")
    assert row.references == ("hat.jpg",)


def test_plain_xml(tmp_path: Path) -> None:
    lamp, table = good(tmp_path, "feed.xml", PLAIN)
    assert (lamp.id, lamp.product.title, lamp.product.price, lamp.product.currency) == ("P1", "Lamp", 12.5, "EUR")
    assert (lamp.product.description, lamp.references) == ("Soft light", ("a.jpg", "b.jpg"))
    assert lamp.raw["param"] == {"Colour": "Red", "Size": "M"}
    assert (table.id, table.product.title) == ("P2", "Desk")


@pytest.mark.parametrize(
    "elements",
    [
        "<title>A &lt;b&gt; &amp;amp; &quot;c&quot; &apos;d&apos;</title>",
        "<title> A\n\tb </title>\r\n<brand></brand>",
        "<title>A\r\nb</title>",
        "<title>A > b</title>",
        "<title>RSS</title><g:title>Google</g:title><h:brand>h</h:brand>",
        "<title>A</title><g:size>S</g:size><g:size>M</g:size>",
        "<title>A\x01b</title>",
        "<title>A\uffffb</title>",
        "<title>A &copy; b</title>",
        "<title>A & b</title>",
        "<title>A]]>b</title>",
        "<title >A</title><brand/>",
        "<title>A</title><brand><name>Acme</name></brand>",
        "<title>A</brand>",
        "stray<title>A</title>",
    ],
)
def test_a_product_reads_alike_by_pattern_and_by_parser(tmp_path: Path, elements: str) -> None:
    """A comment is for the parser alone."""
    feed = '<rss xmlns:g="http://base.google.com/ns/1.0"><channel>{}</channel></rss>'.format
    item = "<item><g:id>1</g:id>{}</item>".format
    by_pattern = read(tmp_path, "pattern.xml", feed(item(elements)))
    by_parser = read(tmp_path, "parser.xml", feed(item(f"<!-- -->{elements}")))
    assert seen(by_pattern) == seen(by_parser)
    if isinstance(by_parser[0], Row):
        assert by_pattern == by_parser
        assert list(by_pattern[0].raw) == list(by_parser[0].raw)


@pytest.mark.parametrize("end", [RSS.index("cup &lol;"), RSS.index("</channel>")])
def test_a_document_that_ends_too_early_gives_what_came_before(tmp_path: Path, end: int) -> None:
    rows: list[Row | BadRow] = []
    with pytest.raises(FeedDamaged, match="The XML document ends"):
        rows.extend(open_feed(write(tmp_path, "feed.xml", RSS[:end])))
    rows = list(open_feed(write(tmp_path, "whole.xml", RSS)))[:1]
    found = iter(open_feed(tmp_path / "feed.xml"))
    assert contents([next(found)]) == contents(rows)
    looked = preview(tmp_path / "feed.xml", {}, cut=True)
    assert (looked.error, looked.format) == (None, "xml")


def test_a_section_that_does_not_end_costs_one_product(tmp_path: Path) -> None:
    text = "<ps><product><id>1</id><name><![CDATA[a</name></product>\n<product><id>2</id><name>b</name></product></ps>"
    assert [(row.line, row.id) for row in read(tmp_path, "feed.xml", text)] == [(1, ""), (2, "2")]


@pytest.mark.parametrize(
    "document",
    [
        PRODUCTS,
        {"products": PRODUCTS},
        {"page": {"size": 2}, "data": {"products": {"edges": [{"node": one, "cursor": "x"} for one in PRODUCTS]}}},
        {"sortiment": PRODUCTS},
    ],
    ids=["list", "Shopify", "GraphQL", "any name"],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_json_documents(tmp_path: Path, document: object, indent: int | None) -> None:
    feed = open_feed(write(tmp_path, "feed.json", json.dumps(document, indent=indent)))
    rows = list(feed)
    lines = "".join(json.dumps(one) + "\n" for one in PRODUCTS)
    assert feed.format == "json"
    assert contents(rows) == contents(read(tmp_path, "feed.jsonl", lines))
    assert rows[0].raw == PRODUCTS[0]


def test_one_product_as_a_document(tmp_path: Path) -> None:
    for document in (PRODUCTS[0], {"product": PRODUCTS[0]}):
        [row] = good(tmp_path, "feed.json", json.dumps(document, indent=1))
        assert (row.id, row.product.title) == ("1", "Shirt")


def test_a_line_with_a_list_of_its_own_is_a_product(tmp_path: Path) -> None:
    feed = open_feed(write(tmp_path, "feed.json", '{"id": 1, "title": "Set", "items": [{"id": 2}]}\n'))
    assert [row.id for row in feed] == ["1"]


@pytest.mark.parametrize(("name", "text"), [("f.xml", RSS), ("f.xml", PLAIN), ("f.json", json.dumps(PRODUCTS))])
def test_dead_letters_of_documents_come_back(tmp_path: Path, name: str, text: str) -> None:
    rows = read(tmp_path, name, text)
    assert contents(read(tmp_path, "failed.jsonl", dead_letters(rows))) == contents(rows)
    assert len(rows) == 2


def zip_of(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [("f.csv", b"id,title\n1,a\n"), ("f.xml", RSS.encode()), ("f.json", json.dumps(PRODUCTS).encode())],
)
def test_gzip(tmp_path: Path, name: str, content: bytes) -> None:
    plain, packed = read(tmp_path, name, content), read(tmp_path, f"{name}.gz", gzip.compress(content))
    assert packed == plain
    assert preview(tmp_path / f"{name}.gz", {}).columns == preview(tmp_path / name, {}).columns

    zipped = write(tmp_path, "f.zip", zip_of({f"shop/{name}.gz": gzip.compress(content)}))
    assert list(open_feed(zipped)) == plain


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"feed.gz": gzip.compress(b"id,title\n1,a\n")}, ['2: 1 "a"']),
        ({"feed.csv": gzip.compress(b"id,title\n1,a\n")}, ['2: 1 "a"']),
        ({"feed.csv.gz": b"id,title\n1,a\n"}, ['2: 1 "a"']),
        ({"feed.csv": b"id,title\n1,a\n", "map.xml.gz": gzip.compress(b"<x/>")}, ['2: 1 "a"']),
    ],
)
def test_gzip_within_a_zip_is_told_by_its_content(tmp_path: Path, files: dict[str, bytes], told: list[str]) -> None:
    assert seen(read(tmp_path, "f.zip", zip_of(files))) == told


def test_a_preview_tells_the_columns_of_a_document(tmp_path: Path) -> None:
    found = preview(write(tmp_path, "feed.xml", RSS), {})
    fields = {column.name: column.field for column in found.columns}
    assert (found.format, fields["g:id"], fields["g:image_link"]) == ("xml", "id", "images")
    assert [row.id for row in found.rows] == ["M1", "M2"]


def test_only_a_little_of_a_document_is_in_memory(tmp_path: Path) -> None:
    item = "<item><id>{0}</id><title>{1}</title></item>\n"
    documents = {
        "f.xml": "<rss><channel>" + "".join(item.format(n, "x" * 4_000) for n in range(1_500)) + "</channel></rss>",
        "f.json": json.dumps({"products": [{"id": n, "title": "x" * 4_000} for n in range(1_500)]}),
    }
    for name, text in documents.items():
        feed = open_feed(write(tmp_path, name, text))
        tracemalloc.start()
        count = sum(isinstance(row, Row) for row in feed)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (count, peak < 4_000_000) == (1_500, True), (name, peak)


@pytest.mark.parametrize(
    "bomb", ["<item>" * 5_000, "<item" * 50_000, "<item><![CDATA[" * 20_000, "<item " + "a='" * 50_000]
)
def test_xml_bombs_are_linear(tmp_path: Path, bomb: str) -> None:
    started = time.process_time()
    with suppress(FeedDamaged):
        seen(read(tmp_path, "f.xml", f"<rss><item><id>1</id><title>a</title></item>{bomb}"))
    assert time.process_time() - started < 20
