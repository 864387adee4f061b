"""Down the category tree as far as each level is sure."""

import numpy as np
import pytest

from catalog.product import CategoryScore
from catalog.taxonomy.descent import Descent
from catalog.taxonomy.tree import Node, Taxonomy

TREE = Taxonomy(
    "deep-1",
    (
        Node("clothes", "Clothes", "服装", None),
        Node("shirts", "Shirts", "衬衫", "clothes"),
        Node("polo", "Polo", "马球衫", "shirts"),
        Node("blouse", "Blouse", "女衫", "shirts"),
        Node("hat", "Hat", "帽", "clothes"),
        Node("food", "Food", "食品", None),
        Node("apple", "Apple", "苹果", "food"),
        Node("gift", "Gift", "礼品", None),
    ),
)
DESCENT = Descent(TREE)  # leaves: polo, blouse, hat, apple, gift


def promised(*leaves: float, least: float = 0.5) -> CategoryScore | None:
    return DESCENT.promised(DESCENT.scores(np.array(leaves, np.float32)), lambda level: least)


def likeliest(under: CategoryScore | None, *leaves: float, count: int = 9) -> list[str]:
    scores = DESCENT.scores(np.array(leaves, np.float32))
    return [found.id for found in DESCENT.likeliest(scores, under, count)]


def test_the_answer_is_the_deepest_sure_node() -> None:
    found = promised(0.4, 0.3, 0.1, 0.15, 0.05)
    assert found is not None
    assert (found.id, found.path, found.path_ids) == ("shirts", ("Clothes", "Shirts"), ("clothes", "shirts"))
    assert found.path_scores == pytest.approx((0.8, 0.7))
    leaf = promised(0.6, 0.1, 0.1, 0.1, 0.1)
    assert leaf is not None
    assert leaf.id == "polo"


def test_the_answer_never_lies_elsewhere_than_its_path() -> None:
    """The likeliest leaf is a gift; the likeliest department is clothes."""
    found = promised(0.2, 0.2, 0.15, 0.05, 0.4)
    assert found is not None
    assert found.path == ("Clothes",)


def test_where_no_department_is_sure_nothing_is_promised() -> None:
    assert promised(0.2, 0.1, 0.1, 0.3, 0.3) is None


def test_each_level_has_its_own_bound_and_includes_it() -> None:
    scores = DESCENT.scores(np.array((0.5, 0.25, 0.25, 0, 0), np.float32))
    found = DESCENT.promised(scores, (1.0, 0.75, 0.51).__getitem__)
    assert found is not None
    assert found.id == "shirts"


def test_alternatives_are_leaves_below_the_answer() -> None:
    leaves = (0.3, 0.4, 0.1, 0.15, 0.05)
    assert likeliest(promised(*leaves), *leaves) == ["blouse", "polo"]
    assert likeliest(promised(*leaves), *leaves, count=1) == ["blouse"]


def test_alternatives_to_a_leaf_are_the_other_leaves() -> None:
    leaves = (0.6, 0.1, 0.02, 0.2, 0.08)
    assert likeliest(promised(*leaves), *leaves) == ["apple", "blouse", "gift", "hat"]


def test_without_an_answer_the_likeliest_of_all_leaves_are_guesses() -> None:
    assert likeliest(None, 0.2, 0.1, 0.05, 0.35, 0.3, count=3) == ["apple", "gift", "polo"]


def test_a_parent_is_the_sum_of_its_leaves_and_never_above_one() -> None:
    probability_NC = np.random.default_rng(0).dirichlet(np.ones(5), 50).astype(np.float32)
    scores_NM = DESCENT.scores(probability_NC)
    np.testing.assert_allclose(scores_NM[:, 0], probability_NC[:, :3].sum(1), rtol=1e-5)
    assert scores_NM.max() <= 1
    assert (scores_NM[:, 0] >= scores_NM[:, 1]).all()
