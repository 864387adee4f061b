"""The order of the queue in which verdicts teach most."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from catalog.index.product_index import ProductIndex, open_index
from catalog.product import StoredProduct
from serving.storage.review import informative
from serving.storage.review.informative import InformativeOrder, by_information
from serving.storage.review.waiting import restricted
from tests.support.stored import WIDTH, category, embedding, quick_folder, stored_product, unit

WAITING = restricted(None, "")


@pytest.fixture
def index() -> Iterator[ProductIndex]:
    with quick_folder() as folder, open_index(folder, WIDTH) as index:
        yield index


def product(id: str, seed: int, score: float, near: float = 0.0) -> StoredProduct:
    """near: how far from the vector of the seed."""
    vector = unit(embedding(seed) + near * embedding(hash(id) % 1000 + 1000))
    stored = stored_product(id, vector=vector, decision="review")
    return replace(
        stored, understanding=replace(stored.understanding, category=None, alternatives=(category("food.pear", score),))
    )


def pages(order: InformativeOrder, limit: int) -> list[list[str]]:
    found, after = list[list[str]](), ""
    while True:
        products, after = order.page(WAITING, after, limit)
        found.append([one.id for one in products])
        if not after:
            return found


def test_what_stands_for_many_comes_first_and_those_near_it_later() -> None:
    crowd, lonely, known = embedding(1), embedding(2), embedding(3)
    vector_NE = np.stack([lonely, crowd, crowd, crowd, known])
    order = by_information(vector_NE, np.array([0.6, 0.5, 0.5, 0.5, 0.01], np.float32))
    assert (order[0] in {1, 2, 3}, order[1], sorted(order)) == (True, 0, [0, 1, 2, 3, 4])


def test_each_product_comes_once_also_behind_those_that_are_chosen_one_by_one() -> None:
    draw = np.random.default_rng(0)
    vector_NE = np.stack([embedding(seed) for seed in range(30)])
    unsure_N = draw.random(30).astype(np.float32)
    whole, some = by_information(vector_NE, unsure_N), by_information(vector_NE, unsure_N, 4)
    assert sorted(whole) == sorted(some) == list(range(30))
    assert whole[:4] == some[:4]


def test_the_queue_in_pages_over_several_samples(index: ProductIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(informative, "SAMPLE", 8)
    index.upsert([product(str(n), n % 5, 0.1 + n / 100, 0.1) for n in range(20)])
    index.upsert([replace(stored_product("sure"), judgement=None)])
    order = InformativeOrder(index)
    found = pages(order, 3)
    assert max(map(len, found)) == 3
    assert sorted(id for page in found for id in page) == sorted(map(str, range(20)))


def test_what_was_judged_meanwhile_is_left_out_and_nothing_else(index: ProductIndex) -> None:
    index.upsert([product(str(n), n % 5, 0.1 + n / 100, 0.1) for n in range(12)])
    order = InformativeOrder(index)
    first, after = order.page(WAITING, "", 4)
    for stored in index.get([one.id for one in first]):
        assert stored
        index.upsert([replace(stored, understanding=replace(stored.understanding, decision="auto"))])
    rest = list[str]()
    while after:
        products, after = order.page(WAITING, after, 4)
        rest += [one.id for one in products]
    assert sorted([*rest, *(one.id for one in first)]) == sorted(map(str, range(12)))
    again, _ = InformativeOrder(index).page(WAITING, "|4", 4)
    assert len(again) == 4, "a ranking that is no longer known is made anew, from its first product on"


def test_an_empty_queue_has_no_order(index: ProductIndex) -> None:
    assert InformativeOrder(index).page(WAITING, "", 4) == ([], "")
