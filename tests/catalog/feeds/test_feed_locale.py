"""Feeds from elsewhere: another encoding, and a sign that two currencies share."""

from pathlib import Path

import pytest

from catalog.errors import ConfigInvalid
from catalog.feeds import BadRow, Row, open_feed

ROWS = [(number, "红色连衣裙", f"¥{number}99") for number in range(1, 41)]
FEEDS = {
    "a Chinese header": "id,商品名称,price\n" + "".join(f"{id},{title},{price}\n" for id, title, price in ROWS),
    "a plain header": "id,title,price\n" + "".join(f"{id},{title},{price}\n" for id, title, price in ROWS),
    "JSON": "".join(f'{{"id": "{id}", "title": "{title}"}}\n' for id, title, _ in ROWS),
}


@pytest.mark.parametrize("text", FEEDS.values(), ids=FEEDS)
def test_a_feed_that_is_not_utf8_is_read_alike(tmp_path: Path, text: str) -> None:
    path, mapping = tmp_path / "feed", {"title": "商品名称"} if "商品名称" in text else {}
    path.write_text(text, encoding="utf-8")
    expected = list(open_feed(path, mapping))
    path.write_bytes(text.encode("gb18030"))
    feed = open_feed(path, mapping)
    assert (feed.encoding, list(feed)) == ("gb18030", expected)
    assert sum(isinstance(row, Row) for row in expected) == 40


def test_one_line_that_is_not_utf8_fails_alone(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(b"id,title\n1,red\n2,gr\xfcn\n3,blue\n")
    assert [type(row) for row in open_feed(path)] == [Row, BadRow, Row]


@pytest.mark.parametrize(
    ("header", "title", "currency", "expected"),
    [
        ("id,title,price", "红色连衣裙", "", "CNY"),
        ("id,title,price", "赤いドレス", "", "JPY"),
        ("id,title,price", "red dress", "", "JPY"),
        ("id,title,price", "red dress", "CNY", "CNY"),
        ("id,title,price,currency", "red dress,CNY", "", "CNY"),
    ],
)
def test_the_currency_of_a_sign_that_two_share(
    tmp_path: Path, header: str, title: str, currency: str, expected: str
) -> None:
    name, _, given = title.partition(",")
    row = ",".join(part for part in ("1", name, "¥5.9", given) if part)
    (tmp_path / "feed.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    [found] = open_feed(tmp_path / "feed.csv", currency=currency)
    assert isinstance(found, Row)
    assert (found.product.price, found.product.currency) == (5.9, expected)


def test_prices_without_a_currency_have_the_one_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text("id,title,price\n1,a,5.9\n2,b,6 USD\n3,c,\n", encoding="utf-8")
    rows = open_feed(tmp_path / "feed.csv", currency="EUR")
    assert [row.product.currency for row in rows if isinstance(row, Row)] == ["EUR", "USD", ""]
    assert rows.fingerprint != open_feed(tmp_path / "feed.csv").fingerprint
    with pytest.raises(ConfigInvalid, match=r"'EURO' is not a currency\. Give its three letters"):
        open_feed(tmp_path / "feed.csv", currency="EURO")
