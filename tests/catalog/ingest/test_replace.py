"""A feed that replaces the index takes out what it no longer has, and nothing that it may only have lost."""

from pathlib import Path

import pytest

from catalog.errors import ReplaceRefused
from catalog.feeds import open_feed
from catalog.ingest.replace import Gone, find_gone
from tests.support.ingest_shop import Shop


def gone(shop: Shop, feed: Path | None = None, added: int = 0) -> Gone:
    with shop.index() as index:
        return find_gone(open_feed(feed or shop.feed), index, added)


def test_what_the_feed_lacks_is_gone_and_what_failed_in_it_is_not(shop: Shop) -> None:
    shop.ingest()
    lost = {str(row["id"]) for row in shop.rows[:3]}
    del shop.rows[:3]
    shop.rows[0]["price"] = "not a price at all"
    shop.rows[1] |= {"title": "", "image_link": "missing.png"}
    shop.rows[2]["id"] = ""
    lost.add("Shirt-blue-1")
    shop.write()
    shop.ingest()
    found = gone(shop)
    assert (set(found.ids), found.share) == (lost, 4 / 24)
    with shop.index() as index:
        assert list(found.take_out(index)) == [4]
        assert index.count() == 20
    assert gone(shop) == Gone((), 0.0)


def test_new_products_do_not_make_the_share_of_the_old_ones_smaller(shop: Shop) -> None:
    shop.ingest()
    for row in shop.rows:
        row["id"] += " of another scheme"
    shop.write()
    run = shop.ingest()
    found = gone(shop, added=run.tally.outcomes["added"])
    assert (len(found.ids), found.share) == (24, 1.0)
    with pytest.raises(ReplaceRefused, match=r"no longer has 24 products, 100% .* the limit is 30%\."):
        found.check(0.3)
    found.check(1.0)


@pytest.mark.parametrize(
    ("name", "cut", "message"),
    [
        ("feed.csv", "id,title,brand\nShirt-red-0,Shirt,Halden\nShirt-red-1,Sh", "last row is not whole"),
        ("feed.jsonl", '{"id": "Shirt-red-0", "title": "Shirt"}\n{"id": "Shirt-r', "ids of 1 rows cannot be read"),
        ("feed.csv", "id,title\nShirt-red-0,Shirt\n" + "x" * 300 + ",Shoe\na,Shoe\n", "ids of 1 rows cannot be read"),
    ],
)
def test_nothing_is_gone_as_far_as_a_damaged_feed_can_tell(shop: Shop, name: str, cut: str, message: str) -> None:
    shop.ingest()
    feed = shop.folder / name
    feed.write_text(cut, encoding="utf-8")
    with pytest.raises(ReplaceRefused, match=message):
        gone(shop, feed)
