"""Reviews as they are kept: in a file, and in a database that several processes share."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.errors import StateDamaged
from catalog.language.reviews import LexiconReader, Review
from catalog.language.reviews.reading import claimed, read_new
from catalog.language.reviews.store import NAME, Kept, ReviewQuery, ReviewStore
from catalog.storage.postgres import StateDatabase

READER = LexiconReader()
GOOD, BAD = Review("1", "The strap is great.", 5.0, 1_700_000_000.0), Review("2", "The strap broke.")


@pytest.fixture
def store(tmp_path: Path, database: StateDatabase | None) -> Iterator[ReviewStore]:
    store = ReviewStore(database or tmp_path / NAME)
    yield store
    store.close()


def add(store: ReviewStore, *reviews: Review, product: str = "a") -> Kept:
    known = store.known(product, claimed(reviews, READER))
    return store.add(product, read_new(reviews, known, READER))


def listed(store: ReviewStore, **asked: object) -> list[str]:
    return [review.id for review in store.page(ReviewQuery("a", **asked)).reviews]  # type: ignore[arg-type]


def test_a_review_that_comes_again_replaces_itself(store: ReviewStore) -> None:
    assert add(store, GOOD, BAD) == Kept(added=2)
    assert add(store, GOOD, BAD) == Kept(unchanged=2)
    assert store.summary("a").negative == 1
    changed = replace(BAD, text="The strap is lovely.")
    assert add(store, GOOD, changed) == Kept(changed=1, unchanged=1)
    assert store.summary("a").negative == 0
    (kept, _) = store.page(ReviewQuery("a")).reviews
    assert (kept.text, kept.sentiment) == ("The strap is lovely.", "positive")
    assert add(store, GOOD, product="b") == Kept(added=1)
    assert store.page(ReviewQuery("b")).reviews[0] == replace(
        GOOD, passages=READER.read([GOOD.text])[0], read_by=READER.name
    )


def test_reviews_are_listed_by_aspect_and_sentiment(store: ReviewStore) -> None:
    add(store, GOOD, BAD, Review("3", "Nothing to say about it"), Review("4", "The screen is great."))
    assert listed(store) == ["4", "3", "2", "1"]
    assert listed(store, limit=2, offset=1) == ["3", "2"]
    assert listed(store, aspect="strap") == ["2", "1"]
    assert listed(store, aspect="strap", sentiment="negative") == ["2"]
    assert listed(store, sentiment="positive") == ["4", "1"]
    assert listed(store, aspect="pump") == []
    assert store.page(ReviewQuery("a", aspect="strap", limit=1)).total == 2
    assert store.page(ReviewQuery("nobody")) == ([], 0)


def test_what_is_removed_counts_no_more(store: ReviewStore) -> None:
    add(store, GOOD, BAD)
    assert store.summary("a").aspects[0].reviews == 2
    assert store.remove("a", "2")
    assert not store.remove("a", "2")
    assert store.summary("a").aspects[0].reviews == 1
    add(store, BAD)
    assert store.summary("a").aspects[0].reviews == 2


def test_an_erased_product_leaves_nothing(store: ReviewStore, tmp_path: Path) -> None:
    add(store, Review("1", "The Zyvolan strap broke."))
    add(store, GOOD, product="b")
    store.erase(["a"])
    assert store.file.scrub()
    assert store.summary("a").reviews == 0
    assert store.summary("b").reviews == 1
    assert not any(b"Zyvolan" in file.read_bytes() for file in tmp_path.iterdir())


def test_no_file_is_made_by_who_only_asks(tmp_path: Path) -> None:
    store = ReviewStore(tmp_path / NAME)
    assert store.summary("a").reviews == 0
    assert store.page(ReviewQuery("a", aspect="strap")).total == 0
    assert not store.remove("a", "1")
    assert store.known("a", [GOOD]) == set()
    store.erase(["a"])
    assert store.file.scrub()
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_disk_has_changed_is_told(tmp_path: Path) -> None:
    store = ReviewStore(tmp_path / NAME)
    add(store, GOOD)
    with sqlite3.connect(tmp_path / NAME) as db:
        db.execute("UPDATE reviews SET document = replace(document, '5.0', '\"x\"')")
    with pytest.raises(StateDamaged, match=NAME):
        store.page(ReviewQuery("a"))
    assert "reviews of products may be missing" in store.file.damage
    store.close()
