"""What shoppers came to as rows of numbers, and the questions that a model is measured by."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats, unit
from catalog.behaviour.events import Event
from catalog.behaviour.sequence import CONTEXT, going_on, steps_of
from catalog.behaviour.sources import HISTORY, Situation, situation

Longs = NDArray[np.int64]
QUESTIONS, OF_A_SHOPPER = 3_000, 5  # at most


class Question(NamedTuple):
    """What a shopper had come to, and what he came to next."""

    shopper: str
    now: Situation
    target: str


class Known(NamedTuple):
    """Products with vectors. vectors_NE: of unit length; popularity_N: the logarithm of 1 + the number of events."""

    ids: list[str]
    vectors_NE: Floats
    popularity_N: Floats

    @property
    def rows(self) -> dict[str, int]:
        return {id: row for row, id in enumerate(self.ids)}


class Sequences(NamedTuple):
    """Windows of histories, each of at most CONTEXT + 1 rows of products; goes_on: see `going_on`."""

    products: list[Longs]
    goes_on: list[Longs]


class Asked(NamedTuple):
    """A question in rows of products; goes_on: see `going_on`."""

    before: Longs
    goes_on: Longs
    target: int


def known_products(histories: Sequence[Sequence[Event]], vectors: Mapping[str, Floats]) -> Known:
    """Of those that events name, the ones with a vector, in the order of their ids."""
    counts = Counter(event.product for events in histories for event in events)
    ids = sorted(id for id in counts if id in vectors)
    popularity_N = np.log1p(np.array([counts[id] for id in ids], np.float32))
    vectors_NE = np.stack([vectors[id] for id in ids]) if ids else np.zeros((0, 1))
    return Known(ids, unit(vectors_NE.astype(np.float32)), popularity_N.astype(np.float32))


def sequences_of(histories: Sequence[Sequence[Event]], known: Known) -> Sequences:
    """The windows of a history follow each other; each begins where the one before ended, which it is to foretell."""
    found, rows = Sequences([], []), known.rows
    for events in histories:
        steps = [step for step in steps_of(events) if step.product in rows]
        flags = going_on(steps, False)
        for start in range(0, len(steps) - 1, CONTEXT):
            part = slice(start, start + CONTEXT + 1)
            found.products.append(np.array([rows[step.product] for step in steps[part]], np.int64))
            found.goes_on.append(np.array(flags[part], np.int64))
    return found


def questions_between(histories: Sequence[Sequence[Event]], start: float, end: float, seed: int) -> list[Question]:
    """What shoppers came to from `start` on and before `end`, seconds since 1970, each with all that they came to
    before; without what they had met in the same visit. Of a shopper, and in all, a sample.
    """
    dice, found = random.Random(f"{seed}/{start}"), list[Question]()
    for events in histories:
        places = [at for at in range(1, len(events)) if start <= events[at].time < end]
        for at in sorted(dice.sample(places, min(OF_A_SHOPPER, len(places)))):
            target = events[at]
            now = situation(events[max(0, at - HISTORY) : at], target.time)
            if target.product not in {event.product for event in now.visit}:
                found.append(Question(target.shopper, now, target.product))
    return dice.sample(found, min(QUESTIONS, len(found)))


def rows_of(questions: Sequence[Question], known: Known) -> list[Asked]:
    """Of those questions that can be put to the network: what came before and what came next have vectors."""
    found, rows = [], known.rows
    for question in questions:
        now = question.now
        steps = [step for step in steps_of([*now.earlier, *now.visit]) if step.product in rows][-CONTEXT:]
        if steps and question.target in rows:
            before = np.array([rows[step.product] for step in steps], np.int64)
            goes_on = np.array(going_on(steps, bool(now.visit)), np.int64)
            found.append(Asked(before, goes_on, rows[question.target]))
    return found
