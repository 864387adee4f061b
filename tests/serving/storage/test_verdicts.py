"""Verdicts as the store keeps them: on which category they were given, for a group, and by several people."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.errors import CatalogError, ProductNotFound
from catalog.index.product_index import open_index
from catalog.product import Decision, StoredProduct, Verdict
from catalog.storage.postgres import StateDatabase
from serving.errors import FeedbackNotFound, NothingToAccept
from serving.storage.review.feedback import FeedbackQuery
from serving.storage.review.verdicts import Correction, Feedback, Said, category_of
from serving.storage.review.waiting import QueueQuery
from serving.storage.store import CatalogStore
from tests.support.stored import WIDTH, category, embedding, quick_folder, stored_product
from tests.support.tiny import tiny_taxonomy

SHIRT, SHOE = "clothes.shirt", "clothes.shoe"


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


def opened(folder: Path, database: StateDatabase | None = None) -> CatalogStore:
    return CatalogStore(open_index(folder / "index", WIDTH), folder, database=database)


@pytest.fixture
def store(folder: Path, database: StateDatabase | None) -> Iterator[CatalogStore]:
    store = opened(folder, database)
    yield store
    store.close()


def product(id: str, node: str = SHOE, decision: Decision = "review", seed: int = 1) -> StoredProduct:
    stored = stored_product(id, node=node, vector=embedding(seed))
    return replace(stored, understanding=replace(stored.understanding, decision=decision))


def say(
    store: CatalogStore, id: str, verdict: Verdict = "correct", node: str = "", by: str = "", **right: object
) -> Feedback:
    chosen = category_of(tiny_taxonomy(), node) if node else None
    (kept,) = store.judge([Said(id, verdict, Correction(chosen, **right), "", by)])  # type: ignore[arg-type]
    assert isinstance(kept, Feedback)
    return kept


def stored(store: CatalogStore, id: str) -> StoredProduct:
    (found,) = store.get([id])
    assert found
    return found


def filed(store: CatalogStore, id: str) -> tuple[str | None, str]:
    found = stored(store, id).understanding
    return found.category and found.category.id, found.decision


def said(store: CatalogStore, id: str) -> str:
    judgement = stored(store, id).judgement
    return judgement.verdict if judgement else ""


def waiting(store: CatalogStore) -> list[str]:
    return sorted(one.id for one in store.review(QueueQuery()).products)


def ids(store: CatalogStore, **asked: object) -> list[str]:
    return [one.product_id for one in store.feedback(FeedbackQuery(**asked))]  # type: ignore[arg-type]


@pytest.mark.parametrize("right", [{}, {"tags": ("plain",)}])
def test_what_was_accepted_stays_when_another_model_answers_otherwise(
    store: CatalogStore, right: dict[str, object]
) -> None:
    store.upsert([product("a")])
    kept = say(store, "a", "correct" if right else "accept", **right)
    assert kept.seen == (category_of(tiny_taxonomy(), SHOE),)
    store.upsert([product("a", "food.apple", "auto")])
    assert filed(store, "a") == (SHOE, "auto")
    assert stored(store, "a").understanding.category == category_of(tiny_taxonomy(), SHOE)
    store.take_back(kept.id)
    assert filed(store, "a") == ("food.apple", "auto")


def test_a_rejection_is_of_the_answer_that_was_seen(store: CatalogStore) -> None:
    store.upsert([product("a"), product("b")])
    for id in "ab":
        say(store, id, "reject")
    store.upsert([product("a", "food.apple", "auto"), product("b", "food.apple")])
    assert (stored(store, "a").judgement, filed(store, "a")) == (None, ("food.apple", "auto"))
    assert waiting(store) == ["b"]
    assert ids(store, verdict="reject") == ["a", "b"], "what was said is kept"
    store.upsert([product("a"), product("b", "clothes.shoe.boot")])
    assert [said(store, id) for id in "ab"] == ["reject", "reject"]
    assert waiting(store) == [], "what lies in it was rejected, too"


def test_another_answer_can_be_rejected_in_its_turn(store: CatalogStore) -> None:
    store.upsert([product("a")])
    first = say(store, "a", "reject")
    assert say(store, "a", "reject") == first, "a request may come twice"
    store.upsert([product("a", "food.apple")])
    second = say(store, "a", "reject")
    assert second.id != first.id
    assert (waiting(store), said(store, "a")) == ([], "reject")
    store.upsert([product("a", "food.apple", "auto")])
    assert said(store, "a") == "reject"


def test_who_rejects_what_a_person_put_right_says_that_both_are_wrong(store: CatalogStore) -> None:
    store.upsert([product("a")])
    say(store, "a", node=SHIRT)
    say(store, "a", "reject")
    assert (filed(store, "a")[0], said(store, "a")) == (SHOE, "reject")
    store.upsert([product("a")])
    assert said(store, "a") == "reject"
    store.upsert([product("a", "food.apple")])
    assert waiting(store) == ["a"]


def test_a_rejection_of_no_category_is_over_with_the_first_one(store: CatalogStore) -> None:
    bare = product("a", decision="abstain")
    bare = replace(bare, understanding=replace(bare.understanding, category=None))
    store.upsert([bare])
    say(store, "a", "reject")
    store.upsert([bare])
    assert said(store, "a") == "reject"
    store.upsert([product("a")])
    assert waiting(store) == ["a"]


def test_what_one_rejects_of_one_answer_another_may_accept_of_the_next(store: CatalogStore) -> None:
    store.upsert([product("a")])
    say(store, "a", "reject", by="anna")
    store.upsert([product("a", "food.apple")])
    assert not say(store, "a", "accept", by="ben").conflicting
    assert filed(store, "a") == ("food.apple", "auto")
    assert say(store, "a", node=SHOE, by="cleo").conflicting


def test_an_accept_is_of_what_the_product_shows_also_of_what_a_person_put_right(store: CatalogStore) -> None:
    store.upsert([product("a")])
    say(store, "a", node=SHIRT)
    say(store, "a", "accept")
    assert filed(store, "a") == (SHIRT, "auto")


def test_tags_alone_accept_no_category_where_there_was_none(store: CatalogStore) -> None:
    bare = product("a", decision="abstain")
    store.upsert([replace(bare, understanding=replace(bare.understanding, category=None))])
    say(store, "a", tags=("plain",))
    store.upsert([product("a", SHIRT)])
    found = stored(store, "a").understanding
    assert (filed(store, "a"), [tag.name for tag in found.tags]) == ((SHIRT, "review"), ["plain"])
    assert found.category == category(SHIRT), "with the model's own scores"


def test_a_verdict_of_a_release_before_is_read_as_it_was(folder: Path) -> None:
    store = opened(folder)
    store.upsert([product("a")])
    say(store, "a", "accept")
    store.close()
    with sqlite3.connect(folder / "feedback.sqlite") as db:
        db.execute("UPDATE feedback SET document = json_remove(document, '$.seen')")
        for column in ("given_by", "batch", "settles", "conflicting"):
            db.execute(f"ALTER TABLE feedback DROP COLUMN {column}")
    again = opened(folder)
    again.upsert([product("a", "food.apple")])
    assert filed(again, "a") == ("food.apple", "auto")
    (old,) = again.feedback(FeedbackQuery())
    assert (old.seen, old.given_by, old.group, old.conflicting) == (None, "", 0, False)
    again.close()


def test_one_verdict_for_all_that_wait_and_are_alike_is_taken_back_as_one(store: CatalogStore) -> None:
    store.upsert([*(product(name) for name in "abc"), product("shirt", SHIRT), product("far", seed=2)])
    results = store.judge_alike(Said("a", "accept"), None, 0.98)
    kept = [one for one in results if isinstance(one, Feedback)]
    assert (kept[0].product_id, sorted(one.product_id for one in kept)) == ("a", ["a", "b", "c", "shirt"])
    assert {one.group for one in kept} == {kept[0].id}
    assert {filed(store, one.product_id) for one in kept} == {(SHOE, "auto")}, "what was accepted holds for all"
    assert waiting(store) == ["far"]
    again = store.judge_alike(Said("a", "accept"), [one.product_id for one in kept[1:]], 0.98)
    assert again == kept, "a request may come twice"
    assert sorted(ids(store, group=kept[0].id)) == ["a", "b", "c", "shirt"]
    store.take_back(kept[-1].id)
    assert waiting(store) == sorted(["far", kept[-1].product_id])
    store.take_back(kept[1].id, group=True)
    assert waiting(store) == ["a", "b", "c", "far", "shirt"]
    assert filed(store, "shirt") == (SHIRT, "review")
    with pytest.raises(FeedbackNotFound):
        store.take_back(kept[0].id, group=True)


def test_of_a_group_that_is_named_each_has_its_own_error(store: CatalogStore) -> None:
    store.upsert([product("a"), product("far", seed=2)])
    results = store.judge_alike(Said("a", "reject"), ["far", "nobody", "a"], 0.98)
    assert [getattr(one, "product_id", None) for one in results] == ["a", "far", None]
    assert isinstance(results[2], CatalogError)
    with pytest.raises(ProductNotFound):
        store.judge_alike(Said("nobody", "reject"), ["a"], 0.98)
    bare = product("bare")
    store.upsert([replace(bare, understanding=replace(bare.understanding, category=None))])
    with pytest.raises(NothingToAccept):
        store.judge_alike(Said("bare", "accept"), ["a"], 0.98)


def test_verdicts_of_two_people_that_contradict_are_both_shown_and_the_product_waits(store: CatalogStore) -> None:
    store.upsert([product("a", decision="auto"), product("b")])
    first = say(store, "a", "accept", by="anna")
    second = say(store, "a", node=SHIRT, by="ben")
    assert second.conflicting
    assert (filed(store, "a"), waiting(store)) == ((SHOE, "review"), ["a", "b"])
    judgement = stored(store, "a").judgement
    assert judgement
    assert (judgement.conflicting, judgement.answer.decision) == (True, "auto")
    both = store.feedback(FeedbackQuery(conflicting=True))
    assert [(one.id, one.given_by) for one in both] == [(first.id, "anna"), (second.id, "ben")]
    assert ids(store) == ["a", "a"]
    assert store.labelled().left_out == {"of which people say different things": 1}
    store.upsert([product("a", "food.apple", "auto")])
    assert filed(store, "a") == ("food.apple", "review"), "nor does another model settle it"


@pytest.mark.parametrize(("node", "by"), [(SHIRT, "anna"), (SHOE, "anna"), (SHIRT, "cleo"), ("food.pear", "cleo")])
def test_the_next_verdict_settles_a_conflict_whoever_gives_it(store: CatalogStore, node: str, by: str) -> None:
    store.upsert([product("a")])
    say(store, "a", node=SHOE, by="anna")
    say(store, "a", node=SHIRT, by="ben")
    last = say(store, "a", node=node, by=by)
    assert (filed(store, "a"), waiting(store), ids(store, conflicting=True)) == ((node, "auto"), [], [])
    store.take_back(last.id)
    assert (waiting(store), ids(store, conflicting=True)) == (["a"], ["a", "a"])


def test_a_conflict_is_over_when_one_of_both_takes_his_verdict_back(store: CatalogStore) -> None:
    store.upsert([product("a")])
    first = say(store, "a", node=SHOE, by="anna")
    say(store, "a", node=SHIRT, by="ben")
    store.take_back(first.id)
    assert (filed(store, "a"), waiting(store), ids(store, conflicting=True)) == ((SHIRT, "auto"), [], [])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("correct", SHOE, "anna"), ("correct", SHIRT, "anna")),
        (("correct", SHOE, ""), ("correct", SHIRT, "")),
        (("correct", SHOE, ""), ("correct", SHIRT, "ben")),
        (("accept", "", "anna"), ("correct", SHOE, "ben")),
        (("accept", "", "anna"), ("accept", "", "ben")),
        (("reject", "", "anna"), ("correct", SHIRT, "ben")),
        (("reject", "", "anna"), ("reject", "", "ben")),
        (("correct", "clothes", "anna"), ("correct", SHIRT, "ben")),
    ],
)
def test_who_says_the_same_or_is_the_same_is_in_no_conflict(
    store: CatalogStore, first: tuple[Verdict, str, str], second: tuple[Verdict, str, str]
) -> None:
    store.upsert([product("a")])
    for verdict, node, by in (first, second):
        assert not say(store, "a", verdict, node, by).conflicting
    assert waiting(store) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("accept", {}), ("reject", {})),
        (("reject", {}), ("correct", {"node": SHOE})),
        (("correct", {"node": SHIRT}), ("reject", {})),
        (("correct", {"proposed_category": "Toys"}), ("correct", {"node": SHIRT})),
        (("correct", {"tags": ("plain",)}), ("correct", {"tags": ()})),
        (("correct", {"attributes": {"colour": "red"}}), ("correct", {"attributes": {"colour": "blue"}})),
    ],
)
def test_what_contradicts(
    store: CatalogStore, first: tuple[Verdict, dict[str, object]], second: tuple[Verdict, dict[str, object]]
) -> None:
    store.upsert([product("a")])
    for by, (verdict, right) in zip(("anna", "ben"), (first, second), strict=True):
        kept = say(store, "a", verdict, by=by, **right)  # type: ignore[arg-type]
    assert kept.conflicting
    assert waiting(store) == ["a"]


def test_a_conflict_about_what_a_product_was_is_none_about_what_it_is(store: CatalogStore) -> None:
    store.upsert([product("a")])
    say(store, "a", node=SHOE, by="anna")
    say(store, "a", node=SHIRT, by="ben")
    new = product("a")
    store.upsert([replace(new, hashes=new.hashes._replace(text="other words"))])
    assert stored(store, "a").judgement is None
    assert not say(store, "a", node=SHIRT, by="ben").conflicting
    assert ids(store, conflicting=True) == []
