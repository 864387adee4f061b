"""The products that a model is taught with: their vectors, where they are filed, and which belong together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats, Modalities
from catalog.teaching.tree import Path

Ints = NDArray[np.int64]
NEAR = 0.98  # cosine from which two products are one, in several offers
BLOCK = 1024


@dataclass(frozen=True)
class Example:
    """A product that is filed. vectors: its embedding by what was read of it, and where it has both by each alone;
    keys: what it shares with other offers of the same product alone.
    """

    id: str
    title: str
    path: Path
    used: Modalities
    vectors: dict[Modalities, Floats]
    keys: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True)
class Views:
    """The vectors of all examples, one row for each way that an example can be read.

    vector_VE; example_V: which example a row is of; choice_V: of which modalities.
    """

    vector_VE: Floats
    example_V: Ints
    choice_V: NDArray[np.str_]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> "Views":
        rows = [
            (vector, number, choice)
            for number, example in enumerate(examples)
            for choice, vector in example.vectors.items()
        ]
        vectors, numbers, choices = zip(*rows, strict=True)
        return cls(np.stack(vectors).astype(np.float32), np.array(numbers, np.int64), np.array(choices))


def groups_of(examples: Sequence[Example]) -> Ints:
    """(N,): a number for each example; those that are the same product, or nearly, have the same.

    They are if they share a key or if their vectors are as near as NEAR: such a pair is never taken apart by a split.
    """
    parents = list(range(len(examples)))

    def root(one: int) -> int:
        while parents[one] != one:
            parents[one] = parents[parents[one]]
            one = parents[one]
        return one

    for one, other in (*sharing(examples), *near([example.vectors[example.used] for example in examples])):
        parents[root(other)] = root(one)
    return np.array([root(one) for one in range(len(examples))], np.int64)


def sharing(examples: Sequence[Example]) -> Iterator[tuple[int, int]]:
    """Pairs that share a key."""
    by_key: dict[str, list[int]] = {}
    for number, example in enumerate(examples):
        for key in example.keys:
            by_key.setdefault(key, []).append(number)
    for numbers in by_key.values():
        yield from pairwise(numbers)


def near(vectors: Iterable[Floats]) -> Iterator[tuple[int, int]]:
    """Pairs of vectors as near as NEAR."""
    vector_NE = np.stack(list(vectors)).astype(np.float32)
    for start in range(0, len(vector_NE), BLOCK):
        near_BN = vector_NE[start : start + BLOCK] @ vector_NE[start:].T
        for one, other in np.argwhere(near_BN >= NEAR):
            if one < other:
                yield start + int(one), start + int(other)
