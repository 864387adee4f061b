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
    [found] = DESCENT.promised(DESCENT.scores(np.array([leaves], np.float32)), lambda root, level: least)
    return found


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
    scores = DESCENT.scores(np.array([(0.5, 0.25, 0.25, 0, 0)], np.float32))
    [found] = DESCENT.promised(scores, lambda root, level: {"clothes": (1.0, 0.75, 0.51)}[root][level])
    assert found is not None
    assert found.id == "shirts"


def test_products_descend_together_as_each_alone() -> None:
    descent = Descent(random_tree(300))
    draw = np.random.default_rng(4)
    scores_NM = descent.scores(draw.dirichlet(np.full(len(random_tree(300).leaves), 0.02), 40).astype(np.float32))
    together = descent.promised(scores_NM, lambda root, level: 0.4 + 0.1 * level)
    assert together == [
        descent.promised(one_1M, lambda root, level: 0.4 + 0.1 * level)[0] for one_1M in scores_NM[:, None]
    ]
    assert {len(found.path) for found in together if found} >= {1, 2, 3}
    assert None in together


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


def random_tree(nodes: int) -> Taxonomy:
    """Each node below a random earlier one, so that the leaves below a node are scattered over the file."""
    draw = np.random.default_rng(1)
    parents = [None if n < 4 else f"n{draw.integers(n)}" for n in range(nodes)]
    return Taxonomy("random", tuple(Node(f"n{n}", f"Name {n}", f"名{n}", p) for n, p in enumerate(parents)))


def test_scores_of_a_tree_in_any_order_are_plain_sums() -> None:
    tree = random_tree(300)
    probability_NC = np.random.default_rng(2).dirichlet(np.full(len(tree.leaves), 0.1), 20).astype(np.float32)
    expected = [probability_NC[:, list(tree.leaves_under(node.id))].sum(1, np.float64) for node in tree.nodes]
    scores_NM = Descent(tree).scores(probability_NC)
    assert scores_NM.dtype == np.float32
    np.testing.assert_allclose(scores_NM, np.minimum(np.stack(expected, 1), 1), rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(Descent(tree).scores(probability_NC[3]), scores_NM[3])


def test_of_many_leaves_the_likeliest_are_found_in_any_order() -> None:
    tree = random_tree(300)
    descent = Descent(tree)
    scores_M = descent.scores(np.random.default_rng(3).dirichlet(np.ones(len(tree.leaves))).astype(np.float32))
    [under] = descent.promised(scores_M[None], lambda root, level: 0.1)
    assert under is not None
    assert not descent.is_leaf(under)
    best = [found.id for found in descent.likeliest(scores_M, under, 5)]
    order = {node.id: scores_M[place] for place, node in enumerate(tree.nodes)}
    below = [tree.leaves[leaf].id for leaf in tree.leaves_under(under.id)]
    assert best == sorted(below, key=lambda leaf: -order[leaf])[:5]


def test_equally_likely_leaves_come_in_the_order_of_the_file() -> None:
    assert likeliest(None, 0.2, 0.2, 0.2, 0.2, 0.2, count=3) == ["polo", "blouse", "hat"]
