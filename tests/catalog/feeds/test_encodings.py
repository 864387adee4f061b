"""Feeds that are not UTF-8: read where their encoding is certain, refused with its candidates where it is not."""

from pathlib import Path

import pytest

from catalog.errors import ConfigInvalid, FeedEncodingInvalid
from catalog.feeds import BadRow, Row, open_feed, preview
from tests.support.feed_files import seen, write

WORDS = {
    "windows-1252": "Größe Jacke für Männer, weiß, 12 €; écharpe élégante",
    "iso-8859-1": "Größe Jacke für Männer weiß Küche Öl Bügel",
    "iso-8859-15": "Écharpe crème à côté, 12,50 € le cœur, étoile brodée",
    "iso-8859-2": "Židle dřevěná šátek žlutý příliš kůň tričko těžký",
    "windows-1250": "Łóżko dziecięce żółte świeca sukienka długa kość",
    "windows-1251": "Куртка мужская красная платье сумка кожаная",
    "windows-1253": "Κόκκινα παπούτσια τσάντα δερμάτινη μπλε φόρεμα",
    "windows-1254": "Kırmızı ayakkabı şık çanta gömlek büyük ağır kadın",  # noqa: RUF001
    "koi8-r": "Куртка мужская красная платье сумка кожаная",
    "macintosh": "Größe Rot Jacke für Männer weiß Écharpe élégante",
    "shift_jis": "赤い靴 男性用かばん 革シャツ 抹茶クッキー",
    "euc-jp": "赤い靴 男性用かばん 革シャツ 抹茶クッキー",
    "gbk": "红色连衣裙 蓝色牛仔裤 男士皮鞋 手提包",
    "big5": "紅色連身裙 藍色牛仔褲 男士皮鞋 手提包",
    "euc-kr": "빨간 신발 남성용 가방 가죽 셔츠 여성 원피스",
    "utf-16": "Größe 红色",
    "utf-16-le": "Größe 红色",
    "utf-16-be": "Größe 红色",
    "utf-32": "Größe 红色",
    "utf-32-le": "Größe 红色",
}


def feed_of(words: str, count: int = 8) -> str:
    return "id,title,price\n" + "".join(f'{n},"{words} {n}",{n}.50\n' for n in range(1, count))


def titles(path: Path, encoding: str = "") -> list[str]:
    return [row.product.title for row in open_feed(path, encoding=encoding) if isinstance(row, Row)]


@pytest.mark.parametrize("encoding", WORDS)
def test_an_encoding_is_recognised(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "feed.csv", feed_of(WORDS[encoding]).encode(encoding))
    assert titles(path) == [f"{WORDS[encoding]} {n}" for n in range(1, 8)]
    assert preview(path, {}).error is None


@pytest.mark.parametrize("encoding", ["windows-1252", "shift_jis", "windows-1251"])
def test_the_first_foreign_byte_may_come_late(tmp_path: Path, encoding: str) -> None:
    text = "id,title,price\n" + "".join(f"{n},plain,1\n" for n in range(200_000)) + feed_of(WORDS[encoding], 60)[15:]
    path = write(tmp_path, "feed.csv", text.encode(encoding))
    assert path.read_bytes().decode(open_feed(path).encoding) == text


def test_a_few_lines_that_are_not_utf8_fail_alone(tmp_path: Path) -> None:
    lines = [f"{n},Größe {n}".encode("latin-1" if n in (3, 7) else "utf-8") for n in range(12)]
    feed = open_feed(write(tmp_path, "feed.csv", b"id,title\n" + b"\n".join(lines)))
    assert feed.encoding == "utf-8"
    assert [row.id for row in feed if isinstance(row, BadRow)] == ["3", "7"]


def test_what_two_encodings_fit_is_refused_with_both(tmp_path: Path) -> None:
    path = write(tmp_path, "feed.csv", b"id,title\n1,ni\xf1o\n2,ni\xf1a\n")
    with pytest.raises(FeedEncodingInvalid, match=r"windows-1252 or .*name it \(--encoding\)"):
        open_feed(path)
    assert titles(path, "latin1") == ["niño", "niña"]
    assert titles(path, "windows-1250") == ["nińo", "nińa"]
    assert open_feed(path, encoding="latin1").fingerprint != open_feed(path, encoding="cp1250").fingerprint


def test_bytes_that_no_encoding_reads_are_refused(tmp_path: Path) -> None:
    noise = bytes(range(128, 256)) * 3
    path = write(tmp_path, "feed.csv", b"id,title\n1,a" + noise + b"\n2," + noise[::-1] + b"\n")
    with pytest.raises(FeedEncodingInvalid, match="not certain"):
        open_feed(path)


@pytest.mark.parametrize("name", ["klingon", "rot13", "base64", "utf-7", ""])
def test_names_that_are_no_encoding(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, "feed.csv", "id,title\n1,a\n")
    if not name:
        assert open_feed(path, encoding=name).encoding == "utf-8"
        return
    with pytest.raises(ConfigInvalid, match="is not an encoding"):
        open_feed(path, encoding=name)


def test_bytes_that_the_named_encoding_does_not_have_fail_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "feed.csv", b"id,title\n1,a\x81b\n2,\x80\n")
    assert seen(list(open_feed(path, encoding="windows-1252"))) == [
        "2: 1 row_encoding_invalid: The row is not valid UTF-8: byte 4 of line 2.",
        '3: 2 "€"',
    ]


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("ISO-8859-1", "latin-1"), ("windows-1250", "cp1250"), ("UTF-16", "utf-16"), ("x", "utf-8")],
)
def test_what_an_xml_document_declares(tmp_path: Path, declared: str, encoding: str) -> None:
    product = '<product id="1"><title>Größe</title></product>'
    text = f'<?xml version="1.0" encoding="{declared}"?><products>{product}</products>'
    assert titles(write(tmp_path, "feed.xml", text.encode(encoding))) == ["Größe"]


def test_a_declaration_that_the_bytes_refute(tmp_path: Path) -> None:
    rows = "".join(f"<product><id>{n}</id>\n<title>Größe</title></product>\n" for n in range(3))
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?><products>{rows}</products>'
    assert titles(write(tmp_path, "feed.xml", text)) == ["Größe"] * 3
