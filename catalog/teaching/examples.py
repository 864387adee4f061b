"""The products that a model is taught with: their vectors, where they are filed, and which belong together."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats, Modalities
from catalog.categories.paths import Path

Ints = NDArray[np.int64]
NEAR = 0.98  # cosine from which two products are one, in several offers
BLOCK = 1024
EXACT = 20_000  # rows, up to which all pairs are compared


@dataclass(frozen=True)
class Example:
    """A product that is filed. vectors: its embedding by what was read of it, and where it has both by each alone;
    keys: what it shares with other offers of the same product alone; attributes: its values of those to be taught.
    judged: whether figures and thresholds are measured on it, too; not where the encoders learnt from it.
    """

    id: str
    title: str
    path: Path
    used: Modalities
    vectors: dict[Modalities, Floats]
    keys: tuple[str, ...] = ()
    line: int = 0
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    judged: bool = True


class Filing(NamedTuple):
    """A product as a person filed it. number: of the verdict; vector_E: its embedding by what was read of it; new:
    whether the category may be one that the tree lacks.
    """

    number: int
    path: tuple[str, ...]
    used: Modalities
    vector_E: Floats
    new: bool = False

    @property
    def example(self) -> Example:
        return Example("", "", self.path, self.used, {self.used: self.vector_E})


@dataclass(frozen=True)
class Views:
    """The vectors of all examples, one row for each way that an example can be read.

    vector_VE; example_V: which example a row is of; choice_V: of which modalities; own_V: whether these are all that
    was read of the example; judged_V: see `Example`.
    """

    vector_VE: Floats
    example_V: Ints
    choice_V: NDArray[np.str_]
    own_V: NDArray[np.bool_]
    judged_V: NDArray[np.bool_]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> "Views":
        rows = [
            (vector, number, choice, choice == example.used, example.judged)
            for number, example in enumerate(examples)
            for choice, vector in example.vectors.items()
        ]
        vectors, numbers, choices, own, judged = zip(*rows, strict=True)
        vector_VE = np.stack(vectors).astype(np.float32)
        return cls(vector_VE, np.array(numbers, np.int64), np.array(choices), np.array(own), np.array(judged))

    def only(self, kept_V: NDArray[np.bool_]) -> "Views":
        """Some of the rows, of the examples as they are numbered here."""
        return Views(*(part[kept_V] for part in vars(self).values()))


def own_vectors(examples: Sequence[Example]) -> Floats:
    """(N, E): each example's embedding by all that was read of it."""
    return np.stack([example.vectors[example.used] for example in examples]).astype(np.float32)


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

    for one, other in (*sharing(examples), *near(own_vectors(examples))):
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


def near(vector_NE: Floats, exact: int = EXACT) -> Iterator[tuple[int, int]]:
    """Pairs of vectors as near as NEAR; equal ones are paired with the first alone. Of more than `exact` rows those are
    compared which share one of their two nearest landmarks, as such pairs nearly always do.
    """
    first: dict[bytes, int] = {}
    equal_N = np.array([first.setdefault(vector_E.tobytes(), number) for number, vector_E in enumerate(vector_NE)])
    distinct = np.array(list(first.values()), np.int64)
    yield from ((int(equal_N[copy]), int(copy)) for copy in np.setdiff1d(np.arange(len(vector_NE)), distinct))
    groups = (distinct[some] for some in neighbourhoods(vector_NE[distinct])) if len(distinct) > exact else [distinct]
    for members in groups:
        for start in range(0, len(members), BLOCK):
            rest = members[start:]
            near_BN = vector_NE[rest[:BLOCK]] @ vector_NE[rest].T
            near_BN[np.tri(*near_BN.shape, dtype=np.bool_)] = -1  # itself, and pairs that were seen
            for row in np.flatnonzero(near_BN.max(1) >= NEAR):
                yield from ((int(rest[row]), int(rest[other])) for other in np.flatnonzero(near_BN[row] >= NEAR))


def neighbourhoods(vector_NE: Floats) -> Iterator[Ints]:
    """The rows near each of some landmarks; each row is in two."""
    landmarks = np.random.default_rng(0).permutation(len(vector_NE))[: math.isqrt(len(vector_NE))]
    two = np.concatenate(
        [
            np.argpartition(vector_NE[start : start + BLOCK] @ vector_NE[landmarks].T, -2, axis=1)[:, -2:]
            for start in range(0, len(vector_NE), BLOCK)
        ]
    )
    order = np.argsort(two.ravel(), kind="stable")
    ends = np.searchsorted(two.ravel()[order], np.arange(1, len(landmarks)))
    yield from np.split(order // 2, ends)
