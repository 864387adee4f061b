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
NAMES = ("refund", "size", "praise")
WORDS = ("money back", "too large", "thank you")
EXAMPLES = [Example(NAMES[kind], f"{'abcdefgh'[n % 8]} {WORDS[kind]}") for n, kind in enumerate(KINDS)]
NOTHING = np.zeros((len(KINDS), 16), np.float32)


def test_a_text_has_the_intent_of_the_nearest_examples() -> None:
    known = Prototypes(EXAMPLES, vectors(KINDS))
    found = known.classify([f"z {words}" for words in WORDS], vectors([0, 1, 2], seed=1))
    assert [one.name for one in found] == list(NAMES)
    assert all(word in one.nearest for word, one in zip(WORDS, found, strict=True))
    assert all(0 <= one.score <= 1 for one in found)


def test_what_is_far_from_all_is_unknown() -> None:
    (far,) = Prototypes(EXAMPLES, vectors(KINDS)).classify(["xyz"], vectors([9]))
    assert (far.name, far.nearest) == (UNKNOWN, "")


def test_what_the_encoder_cannot_read_is_told_by_its_letters() -> None:
    known = Prototypes(EXAMPLES, NOTHING)
    found = known.classify(["a money back", "b too large", "12345"], NOTHING[:3])
    assert [one.name for one in found] == ["refund", "size", UNKNOWN]
    assert known.classify([], NOTHING[:0]) == []


def test_vectors_that_say_nothing_are_left_out() -> None:
    assert Prototypes(EXAMPLES, vectors(KINDS)).share == 0.5
    draw = np.random.default_rng(0).normal(size=(len(KINDS), 16))
    noise = (draw / np.linalg.norm(draw, axis=1, keepdims=True)).astype(np.float32)
    letters = [Example(NAMES[kind], f"{n * 7919} {'abc'[kind]}") for n, kind in enumerate(KINDS)]
    assert Prototypes(letters, noise).share != 1.0
    assert Prototypes(letters, vectors(KINDS)).share != 0.0


def test_how_sure_an_intent_must_be_follows_from_examples_that_are_left_out() -> None:
    clear = Prototypes(EXAMPLES, vectors(KINDS))
    assert (clear.unseen_NC.argmax(1) == clear.intent_N).all()
    assert clear.min_score == pytest.approx(clear.unseen_NC.max(1).min())
    alike = [Example(NAMES[kind], "the same") for kind in KINDS]  # neither letters nor vectors tell them apart
    mixed = Prototypes(alike, vectors([0] * len(KINDS), seed=2))
    assert (mixed.unseen_NC.max(1) >= mixed.min_score).mean() < 0.5


def test_the_shipped_examples_are_of_ten_intents_and_of_none_in_two_languages() -> None:
    counts = Counter((example.intent, example.text.isascii()) for example in shipped_examples())
    assert len(counts) == 22
    assert min(counts.values()) >= 10
    assert len({example.text for example in shipped_examples()}) == counts.total()
