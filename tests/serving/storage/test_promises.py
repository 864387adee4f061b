"""Verdicts on what was accepted unseen end a promise that does not hold."""

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.index.backend import IndexModel
from catalog.index.product_index import open_index
from catalog.model.contract import Claim, Contract, Promise, Unpromised
from catalog.model.contract.binomial import lower_bound
from catalog.product import Decision, StoredProduct
from serving.storage import store as store_module
from serving.storage.review.feedback import FeedbackQuery
from serving.storage.review.verdicts import Correction, Said, category_of
from serving.storage.store import CatalogStore
from tests.support import postgres
from tests.support.stored import WIDTH, stored_product
from tests.support.tiny import tiny_taxonomy

VERSION = "contracted"
PROMISE = Promise(0.95, 0.5, 100, 0, lower_bound(100, 0), 1.0)
CLAIMS = (
    Claim("text", "leaves", ("clothes.shoe",), PROMISE),
    Claim("text", "leaves", ("food.apple",), PROMISE),
    Claim("both", "leaves", ("clothes.shoe",), Unpromised(0.95, 20, 0, 59)),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    Contract(CLAIMS).save(tmp_path / "model")
    return tmp_path


def opened(folder: Path) -> CatalogStore:
    models = [IndexModel(VERSION, str(folder / "model"))]
    return CatalogStore(open_index(folder / "index", WIDTH), folder, models)


@pytest.fixture
def store(folder: Path) -> Iterator[CatalogStore]:
    store = opened(folder)
    yield store
    store.close()


def product(id: str, node: str = "clothes.shoe", decision: Decision = "auto") -> StoredProduct:
    stored = stored_product(id, node=node)
    found = replace(stored.understanding, decision=decision, modalities_used=("text",))
    return replace(stored, model=VERSION, understanding=found)


def decision(store: CatalogStore, id: str) -> str:
    (stored,) = store.get([id])
    assert stored
    return stored.understanding.decision


def test_a_branch_that_falls_below_its_target_goes_to_review(
    store: CatalogStore, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.upsert([*(product(str(n)) for n in range(12)), product("apple", "food.apple")])
    assert store.describe().promises == {"kept": 2, "ended": 0}
    store.judge([Said("0", "accept"), Said("1", "reject")])
    assert store.describe().promises == {"kept": 2, "ended": 0}, "one of 102 is wrong"
    shirt = Correction(category_of(tiny_taxonomy(), "clothes.shirt"))
    with caplog.at_level(logging.WARNING, logger="serving"):
        store.judge([Said(str(n), "correct", shirt) for n in range(2, 6)])
    assert store.describe().promises == {"kept": 1, "ended": 1}
    [record] = [one for one in caplog.records if one.message == "a promise has ended"]
    fields = record.fields  # type: ignore[attr-defined]
    assert (fields["nodes"], fields["wrong"], fields["products"]) == (["clothes.shoe"], 2, 103)
    store.put(product("new"), None)
    store.put(product("other", "food.apple"), None)
    assert (decision(store, "new"), decision(store, "other"), decision(store, "apple")) == ("review", "auto", "auto")
    store.close()
    again = opened(folder)  # which waits for what was begun
    assert again.describe().promises == {"kept": 1, "ended": 1}
    again.close()
    last = opened(folder)
    assert [decision(last, str(n)) for n in (6, 11)] == ["review", "review"], "they were stored before"
    assert decision(last, "0") == "auto", "a person accepted it"
    last.close()


def test_a_promise_that_ends_at_one_node_ends_at_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "FOLLOW_SECONDS", 0.05)
    place, models = postgres.location(), [IndexModel(VERSION, str(folder / "model"))]
    with ExitStack() as stack:
        databases = [stack.enter_context(postgres.state(place)) for _ in range(2)]
        here, there = (
            stack.enter_context(
                closing(CatalogStore(open_index(place, WIDTH), folder / str(node), models, database=database))
            )
            for node, database in enumerate(databases)
        )
        here.upsert([product(str(n)) for n in range(12)])
        deadline = time.monotonic() + 30
        while there.describe().space != here.describe().space:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        there.judge([Said(str(n), "reject") for n in range(5)])
        while here.describe().promises != {"kept": 1, "ended": 1} or decision(there, "7") != "review":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        here.put(product("new"), None)
        assert decision(there, "new") == "review"
        there.delete("0", erase=True)
        assert [one.comment for one in here.feedback(FeedbackQuery()) if one.product_id == "0"] == [""]


def test_a_verdict_that_is_taken_back_counts_no_more(store: CatalogStore) -> None:
    store.upsert([product(str(n)) for n in range(5)])
    store.judge([Said(str(n), "reject") for n in range(5)])
    assert store.describe().promises == {"kept": 1, "ended": 1}
    for verdict in store.feedback(FeedbackQuery()):
        store.take_back(verdict.id)
    assert store.describe().promises == {"kept": 2, "ended": 0}


def test_a_verdict_counts_once_and_the_last_one_does(store: CatalogStore) -> None:
    store.upsert([product("1")])
    for _ in range(4):
        store.judge([Said("1", "reject"), Said("1", "reject", comment="no")])
    assert store.describe().promises == {"kept": 2, "ended": 0}


def test_only_what_was_accepted_unseen_counts(store: CatalogStore) -> None:
    store.upsert([product(str(n), decision="review") for n in range(8)])
    store.judge([Said(str(n), "reject") for n in range(8)])
    assert store.describe().promises == {"kept": 2, "ended": 0}


def test_nothing_of_an_erased_product_is_counted(store: CatalogStore, folder: Path) -> None:
    store.upsert([product(str(n)) for n in range(8)])
    store.judge([Said(str(n), "reject") for n in range(5)])
    for n in range(5):
        store.delete(str(n), erase=True)
    store.close()
    again = opened(folder)
    assert again.describe().promises == {"kept": 2, "ended": 0}
    again.close()


def test_a_rejection_of_another_answer_says_nothing_of_a_promise(store: CatalogStore) -> None:
    store.upsert([product(str(n), "food.apple") for n in range(8)])
    store.judge([Said(str(n), "reject") for n in range(5)])
    assert store.describe().promises == {"kept": 1, "ended": 1}
    store.upsert([product(str(n)) for n in range(8)])
    assert decision(store, "0") == "auto"
    for kept in store.judge([Said(str(n), "accept") for n in range(5)]):
        store.take_back(kept.id)  # type: ignore[union-attr]
    assert store.describe().promises == {"kept": 2, "ended": 0}
