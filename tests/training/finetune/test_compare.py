"""Which products are held out of the fine-tuning, and when tuned encoders count as better."""

import numpy as np
import pytest

from catalog.errors import TooFewProducts
from catalog.teaching.report import Answer
from training.finetune.compare import ACCEPTED, RIGHT, compare, held_out

ROOT, LEAF, OTHER = "clothes", "clothes.shirt", "clothes.shoe"


def answers(right: int, accepted: int = 0, count: int = 100) -> list[Answer]:
    """So many are right, and so many accepted unseen."""
    return [
        Answer((ROOT, LEAF if n < right else OTHER), (ROOT, LEAF), (n < right) if n < accepted else None)
        for n in range(count)
    ]


def groups(count: int = 100) -> np.ndarray:
    return np.arange(count, dtype=np.int64)


def test_more_that_is_right_is_kept() -> None:
    found = compare(answers(60), answers(80), groups(), 300, 10)
    assert found.better
    assert (found.changes[RIGHT].before, found.changes[RIGHT].after) == (pytest.approx(0.6), pytest.approx(0.8))
    assert list(found.changes) == [RIGHT, "right at level 1", "right at level 2", ACCEPTED]
    assert found.table().split("\n")[0].split() == [
        "100",
        "held-out",
        "products",
        "usual",
        "tuned",
        "change",
        "90",
        "%",
        "interval",
    ]
    assert found.to_dict()["kept"] is True
    assert found.to_dict()["changes"][RIGHT]["low"] > 0


def test_a_gain_that_may_be_chance_is_refused() -> None:
    assert compare(answers(60), answers(60), groups(), 300, 10).reasons == (
        "it files no more products right, beyond chance",
    )
    assert not compare(answers(60), answers(61), groups(), 300, 10).better


def test_a_gain_that_is_paid_for_with_promises_is_refused() -> None:
    found = compare(answers(60, accepted=50), answers(80, accepted=10), groups(), 300, 10)
    assert found.reasons == (f"'{ACCEPTED}' fell",)


def test_offers_of_one_product_count_once() -> None:
    """All that is gained is twenty offers of one product."""
    groups_N = np.where(np.arange(100) < 80, np.arange(100), 80)
    found = compare(answers(80), answers(100), groups_N, 300, 10)
    assert round(found.changes[RIGHT].after - found.changes[RIGHT].before, 3) == round(1 / 81, 3)
    assert not found.better


def test_a_quarter_of_each_category_is_held_out_by_groups() -> None:
    paths = [("a",)] * 400 + [("b",)] * 160 + [("c",)]
    groups_N = np.arange(561) // 2  # pairs of offers
    held_N = held_out(groups_N, paths, 0)
    assert (held_N[:400].sum(), held_N[400:560].sum(), held_N[560]) == (100, 40, False)
    assert all(len(set(held_N[groups_N == group])) == 1 for group in set(groups_N))
    np.testing.assert_array_equal(held_N, held_out(groups_N, paths, 0))
    assert (held_N != held_out(groups_N, paths, 1)).any()


def test_a_group_that_is_much_of_the_shop_is_trained_on() -> None:
    groups_N = np.where(np.arange(400) < 100, 0, np.arange(400))
    for seed in range(5):
        assert not held_out(groups_N, [("a",)] * 400, seed)[:100].any()


def test_too_few_to_measure_on_are_refused() -> None:
    with pytest.raises(TooFewProducts, match=r"a quarter of each category; here are 25\. Teach without it"):
        held_out(groups(), [("a",)] * 100, 0)
