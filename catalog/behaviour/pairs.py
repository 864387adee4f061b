"""Pairs of products that one shopper came to, counted in whole numbers.

What a shopper adds to the counts is a sum over his own events alone, and of whole numbers: subtracting it gives back
the very rows that were there without him.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from catalog.behaviour.events import VISIT_SECONDS, Event

PairKind = Literal["bought", "visit", "later"]
# So many of a shopper's events before an event make pairs with it.
WINDOW = 30
# What a pair of two visits counts, by the number of events from one to the other: the nearer, the more.
LATER = (0, *(max(60 // distance, 1) for distance in range(1, WINDOW + 1)))


class Pair(NamedTuple):
    """kind: both bought in one visit, both met in one visit, or `second` in a later visit than `first`. The first two
    have no direction, and are counted in both.
    """

    kind: PairKind
    first: str
    second: str


Counts = Counter[Pair]


def pairs_of(events: Sequence[Event], start: int = 0) -> Counts:
    """Of events of one shopper, the oldest first, each with a product: the pairs that those from `start` on make."""
    counts = Counts()
    for at in range(start, len(events)):
        later, together = events[at], True
        for distance in range(1, min(at, WINDOW) + 1):
            earlier = events[at - distance]
            together = together and events[at - distance + 1].time - earlier.time <= VISIT_SECONDS
            if earlier.product == later.product:
                continue
            if together:
                kind: PairKind = "bought" if earlier.kind == later.kind == "purchase" else "visit"
                counts[Pair(kind, earlier.product, later.product)] += 1
                counts[Pair(kind, later.product, earlier.product)] += 1
            else:
                counts[Pair("later", earlier.product, later.product)] += LATER[distance]
    return counts


def added(before: Counts, after: Counts) -> Counts:
    """What is to be added to counts, which may be below zero, so that `after` is in them in place of `before`."""
    return Counts({pair: after[pair] - before[pair] for pair in before | after if after[pair] != before[pair]})
