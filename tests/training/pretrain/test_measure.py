"""Figures of held-out products, and when a model counts as better."""

import numpy as np

from training.pretrain.measure import FINDS, NEIGHBOURS, RANKS, SCORE, Measured, compare, nearest, same_type, score


def measured(hits: int, types: int | None = None, order: int = 0, categories: str = "a") -> Measured:
    """Of 100 products: how many titles find their image and the reverse; how many neighbours have the same type."""
    one_N = (np.arange(100) < hits).astype(np.float32)
    figures = dict.fromkeys((*FINDS, *RANKS), one_N)
    if types is not None:
        figures |= dict.fromkeys(NEIGHBOURS, (np.arange(100) < types).astype(np.float32))
    nearest_NK = np.tile(np.arange(order, order + 10), (100, 1))
    return Measured(figures | {SCORE: score(figures)}, nearest_NK, [categories] * 100)


def test_nearest_leaves_a_product_itself_out() -> None:
    vectors_NE = np.array([[1, 0], [0.9, 0.1], [0, 1]], np.float32)
    assert nearest(vectors_NE).tolist() == [[1, 2], [0, 2], [1, 0]]


def test_types_count_where_another_product_has_the_same() -> None:
    vectors_NE = np.eye(24, dtype=np.float32)[:, :12] + np.eye(24, dtype=np.float32)[:, 12:]
    types = [str(row % 12) for row in range(24)]
    found_N = same_type(vectors_NE, [*types[:-1], "alone"])
    assert found_N is not None
    assert np.flatnonzero(np.isnan(found_N)).tolist() == [11, 23]
    assert np.nanmean(found_N) == 1
    assert same_type(vectors_NE, [""] * 24) is None
    assert same_type(vectors_NE, ["shirt"] * 24) is None


def test_the_score_is_half_of_each_kind() -> None:
    assert measured(100, 0).figures[SCORE].mean() == 0.5
    assert measured(40).figures[SCORE].mean() == np.float32(0.4)


def test_a_better_model_is_accepted() -> None:
    verdict = compare(measured(40, 50), measured(60, 50))
    assert verdict.reasons == ()
    assert verdict.changes[SCORE].low > 0
    assert "100 held-out products" in verdict.table()


def test_the_same_model_and_a_hair_more_are_refused() -> None:
    for after in (measured(40, 50), measured(41, 50)):
        assert compare(measured(40, 50), after).reasons == ("the score did not rise by more than noise",)


def test_a_model_that_finds_more_but_spoils_neighbours_is_refused() -> None:
    assert compare(measured(40, 50), measured(90, 40)).reasons == tuple(f"{name!r} fell" for name in NEIGHBOURS)


def test_without_types_neighbours_must_stay() -> None:
    assert compare(measured(40), measured(60, order=5)).reasons == ()
    assert compare(measured(40), measured(60, order=6)).reasons == ("only 40% of the neighbours stayed",)
    assert compare(measured(40, 50), measured(60, 50, order=6)).reasons == ()


def test_categories_must_stay() -> None:
    assert compare(measured(40), measured(60, categories="b")).reasons == ("100% of the categories changed",)
