"""Every field's text is cleaned alike, and what cannot be mended is told."""

import json
import time
from pathlib import Path

import pytest

from catalog.feeds import Row
from catalog.feeds.texts.words import misdecoded, words
from tests.support.feed_files import read

FAMILY = "\U0001f469\u200d\U0001f4bb"
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("<p>One</p><p>Two</p>", "One Two"),
        ("<p>cot<b>ton</b></p>", "cotton"),
        ("<ul><li>a<li>b</ul>&lt;3 &amp; more&nbsp;x", "a b <3 & more x"),
        ("<p>a</p><script>alert('<b>')</script><style>p {}</style>b", "a b"),
        ("<p>a<!-- note <b>of</b> ours -->b", "a b"),
        ('<a href="x">link</a> <img src="y" alt="a > b">', "link"),
        ("<p>unclosed <script>never seen", "unclosed"),
        ("<br/>a<br />b<OPTION selected>c<o:p>d</o:p>", "a b c d"),
        ("<![CDATA[Red <b>shoe</b>]]>", "Red shoe"),
        ("<?xml version='1.0'?><!DOCTYPE html><html><body>x", "x"),
        ("Acme<sup>&reg;</sup>", "Acme®"),
        ("<b>New!</b> Shirt", "New! Shirt"),
        ("&lt;b>New!&lt;/b> Shirt", "New! Shirt"),
        ("Salt &amp;amp; Pepper &amp;amp;#8211; Oak", "Salt & Pepper \u2013 Oak"),
        ("CAF&EACUTE; H&AMP;M 5&quot &#39;x&#x27;", "CAFÉ H&M 5\" 'x'"),
    ],
)
def test_markup_and_entities_are_resolved(written: str, text: str) -> None:
    assert words(written, "title") == text


@pytest.mark.parametrize(
    "text",
    [
        "size < 40 and > 38",
        "a<b",
        "a<b and c>d",
        "I <3 this",
        "AT&T",
        "R&D &c.",
        "page?a=1&copy=2&reg=3",
        "&bogus; &notit;",
        "<unknown>",
        "Fits <Model 5> only",
        "<me@shop.example> <https://shop.example>",
    ],
)
def test_what_is_no_markup_stays(text: str) -> None:
    assert words(text, "title") == text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("A castle.\\n\\nWith a moat.\\nAges 9+", "A castle. With a moat. Ages 9+"),
        ("<ul>\\n<li>90 pieces</li>\\n</ul>", "90 pieces"),
        ("a\\r\\nb\\tC\\\\nd", "a b C d"),
        ("Men\\'s 15\\\" bag <\\/p>", "Men's 15\" bag"),
        ("Caf\\u00e9 \\ud83d\\ude00 \\ud83d", "Café \U0001f600 \\ud83d"),
        ("one_x000D_\ntwo", "one two"),
        ("'-20 % off", "-20 % off"),
        ('="Red ""Runner"""', 'Red "Runner"'),
    ],
)
def test_escapes_of_exporters_are_resolved(written: str, text: str) -> None:
    assert words(written, "title") == text


@pytest.mark.parametrize(
    "text",
    [
        "C:\\new",
        "In C:\\new\\temp now",
        "images\\new.jpg",
        "\\\\server\\notes",
        "shoes\\red",
        "10 \\times 20",
        "'47 Cap",
    ],
)
def test_a_path_and_a_name_are_no_escapes(text: str) -> None:
    assert words(text, "title") == text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("\ufeffred\u200b\u00ad\u200e shoe\u202c\u2060", "red shoe"),
        ("red\u200d shoe\u200c", "red shoe"),
        (f"{FAMILY} {PERSIAN}", f"{FAMILY} {PERSIAN}"),
        ("a\x07b\x0bc\x1fd\u2028e", "ab c d e"),
        ("red \n\t\u00a0\u3000 shoe", "red shoe"),
        ("cafe\u0301", "caf\u00e9"),
        ("\uff26\uff35\uff2a\uff29 ½", "\uff26\uff35\uff2a\uff29 ½"),
        ("<p>&nbsp;</p>", ""),
        ("<p>N/A</p>", ""),
    ],
)
def test_what_nobody_sees_goes(written: str, text: str) -> None:
    assert words(written, "title") == text


@pytest.mark.parametrize(
    "text",
    [
        "Café",
        "it\u2019s",
        "Français",
        "Größe: Straße",
        "抹茶",
        "\u041f\u0440\u0438\u0432\u0435\u0442",
        "über Café",
        "à la carte",
        "5 €",
        "Acme™",
    ],
)
@pytest.mark.parametrize("encoding", ["sloppy-windows-1252", "latin-1"])
@pytest.mark.parametrize("times", [1, 2])
def test_text_decoded_wrongly_is_mended(text: str, encoding: str, times: int) -> None:
    wrong = text
    for _ in range(times):
        wrong = wrong.encode().decode(encoding)
    assert words(wrong, "title") == text
    assert not misdecoded(text)


@pytest.mark.parametrize(
    "text",
    [
        "Caf\ufffd",
        "Stra\u00c3e",
        "\u00ca\u00f0\u00e0\u00f1\u00ed\u00fb\u00e9",
        "Stra?enschuh",
        "???? red",
        "1\u00c2000",
    ],
)
def test_text_whose_letters_are_lost_is_told(tmp_path: Path, text: str) -> None:
    [row] = read(tmp_path, "f.jsonl", json.dumps({"id": "a", "title": "x", "Color": text}))
    assert isinstance(row, Row)
    assert row.product.attributes["colour"] == text
    assert [warning.code for warning in row.warnings] == ["text_misdecoded"]
    assert "Letters of the colour" in row.warnings[0].message


@pytest.mark.parametrize(
    "text",
    [
        "CAFÉ® \u201cNoël\u201d \u2013 20 °C ± ½",
        "PÃO DE AÇÚCAR São",
        "jäääär",
        "Why? Because??? page?id=1",
        "https://x.example/a?some",
        "Łódź",
        "手工制作",
        "\u041f\u0440\u0438\u0432\u0435\u0442",
        "ÅLEN\u2019S",
    ],
)
def test_rightly_decoded_text_stays_and_nothing_is_told(text: str) -> None:
    assert words(text, "title") == text
    assert not misdecoded(text)


def test_every_field_is_cleaned_alike(tmp_path: Path) -> None:
    written, text = "Salt&amp;amp;<b>Pep</b>per\\nCafÃ©\u200b", "Salt&Pepper Café"
    cells = {
        "id": "a",
        "title": written,
        "description": written,
        "brand": written,
        "category": written,
        "size": written,
    }
    cells |= {"option1 name": written, "option1 value": written, "link": "https://x.example/?a=1&amp;b=2"}
    [row] = read(tmp_path, "f.jsonl", json.dumps(cells))
    assert isinstance(row, Row)
    product = row.product
    assert {product.title, product.description, product.brand, product.product_type} == {text}
    assert dict(product.attributes) == {"size": text, text: text}
    assert product.link == "https://x.example/?a=1&b=2"
    assert row.raw["title"] == written


BOMBS = [
    "<!--",
    "<a ",
    "<",
    "<script>",
    "</",
    "&#",
    "<p<p",
    '<p "',
    "<b x=",
    "&amp;lt;",
    "\\",
    "\\n",
    "C:\\",
    "a?",
    "Ã©",
    "_x00",
]


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_linear(bomb: str) -> None:
    started = time.process_time()
    misdecoded(words("<p>" + bomb * 100_000, "title"))
    assert time.process_time() - started < 5
