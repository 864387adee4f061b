"""Intents by examples: what is near one has its intent, what is near none is unknown."""

from collections import Counter

import numpy as np
import pytest

from catalog.arrays import Floats
from catalog.language.intents import UNKNOWN, Example, Prototypes, shipped_examples


def vectors(kinds: list[int], seed: int = 0, width: int = 16) -> Floats:
    """A direction of its own for each kind, with some noise."""
    draw = np.random.default_rng(seed)
    found = np.eye(width, dtype=np.float32)[kinds] + 0.15 * draw.normal(size=(len(kinds), width))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


KINDS = [0] * 8 + [1] * 8 + [2] * 8
EXAMPLES = [Example(f"kind {kind}", f"example {n} of {kind}") for n, kind in enumerate(KINDS)]


def test_a_text_has_the_intent_of_the_nearest_examples() -> None:
    known = Prototypes(EXAMPLES, vectors(KINDS))
    found = known.classify(vectors([0, 1, 2], seed=1))
    assert [one.name for one in found] == ["kind 0", "kind 1", "kind 2"]
    assert all(one.nearest.endswith(f"of {kind}") for kind, one in enumerate(found))
    assert all(0 <= one.score <= 1 for one in found)


def test_what_is_far_from_all_or_cannot_be_read_is_unknown() -> None:
    known = Prototypes(EXAMPLES, vectors(KINDS))
    far, unread = known.classify(np.concatenate([vectors([9]), np.zeros((1, 16), np.float32)]))
    assert (far.name, far.nearest) == (UNKNOWN, "")
    assert (unread.name, unread.score) == (UNKNOWN, 0.0)


def test_examples_that_cannot_be_read_are_left_out() -> None:
    given = vectors(KINDS)
    given[KINDS.index(2) :] = 0
    known = Prototypes(EXAMPLES, given)
    assert known.names == ["kind 0", "kind 1"]
    assert Prototypes(EXAMPLES, 0 * given).classify(given)[0] == (UNKNOWN, 0.0, "")


def test_how_sure_an_intent_must_be_follows_from_examples_that_are_left_out() -> None:
    clear = Prototypes(EXAMPLES, vectors(KINDS))
    assert (clear.unseen_NC.argmax(1) == clear.intent_N).all()
    assert clear.min_score == pytest.approx(clear.unseen_NC.max(1).min())
    mixed = Prototypes(EXAMPLES, vectors([0] * len(KINDS), seed=2))  # the vectors say nothing of the intents
    told_N = mixed.unseen_NC.max(1) >= mixed.min_score
    assert told_N.mean() < 0.5


def test_the_shipped_examples_are_of_ten_intents_in_two_languages() -> None:
    counts = Counter((example.intent, example.text.isascii()) for example in shipped_examples())
    assert len(counts) == 20
    assert min(counts.values()) >= 10
    assert len({example.text for example in shipped_examples()}) == counts.total()
