"""Which of many examples vote, and what is said of those that were held out."""

from dataclasses import replace
from itertools import product, starmap

import numpy as np

from catalog.arrays import unit
from catalog.teaching.examples import Views
from catalog.teaching.head.fit import NAMES, PENALTIES, USUAL, Lesson, Settings, fit, rightness

WIDTH, VOTERS = 32, 64


def lesson(vector_NE: np.ndarray, leaf_N: np.ndarray) -> Lesson:
    count, classes = len(vector_NE), int(leaf_N.max()) + 1
    every_N = np.ones(count, bool)
    views = Views(vector_NE, np.arange(count), np.full(count, "both"), every_N, every_N)
    names_CE = unit(np.random.default_rng(9).standard_normal((classes, WIDTH)).astype(np.float32))
    return Lesson(views, np.eye(classes, dtype=np.float32)[leaf_N], np.arange(count), names_CE)


def test_examples_between_two_categories_vote_before_those_within_one() -> None:
    draw = np.random.default_rng(0)
    noise_NE = 0.02 * draw.standard_normal((600, WIDTH))
    share_N = np.concatenate([np.zeros(290), np.ones(290), draw.uniform(0.45, 0.55, 20)])
    ends_NE = np.stack([1 - share_N, share_N], axis=1) @ np.eye(2, WIDTH)
    vector_NE = unit((ends_NE + noise_NE).astype(np.float32))
    voters_SE = fit(lesson(vector_NE, (share_N > 0.5).astype(np.int64)), USUAL, VOTERS).head.examples_SE
    between_NE = vector_NE[580:].astype(np.float16).astype(np.float32)
    assert len(voters_SE) == VOTERS
    assert all((voters_SE == one_E).all(1).any() for one_E in between_NE)


def test_held_out_scores_know_nothing_of_labels_that_mean_nothing() -> None:
    draw = np.random.default_rng(1)
    vector_NE = unit(draw.standard_normal((2_000, WIDTH)).astype(np.float32))
    leaf_N = draw.integers(0, 4, 2_000)
    found = fit(lesson(vector_NE, leaf_N), USUAL, VOTERS)
    right = (found.held_out_VC.argmax(1) == leaf_N).mean()
    assert abs(right - 0.25) < 0.04  # four standard errors


def test_where_names_mislead_the_settings_are_those_whose_own_fit_is_best() -> None:
    draw = np.random.default_rng(2)
    centre_CE = unit(draw.standard_normal((4, WIDTH)).astype(np.float32))
    leaf_N = draw.integers(0, 4, 200)
    vector_NE = unit((centre_CE[leaf_N] + 0.25 * draw.standard_normal((200, WIDTH))).astype(np.float32))
    misled = replace(lesson(vector_NE, leaf_N), names_CE=np.roll(centre_CE, 1, axis=0))
    right = {
        one: rightness(fit(misled, one).held_out_VC, misled) for one in starmap(Settings, product(PENALTIES, NAMES))
    }
    found = fit(misled)
    assert found.settings == max(right, key=lambda one: right[one])
    assert found.settings.names < USUAL.names
    np.testing.assert_allclose(found.held_out_VC, fit(misled, found.settings).held_out_VC, atol=1e-4)
