"""Encoder outputs that are kept: images and texts that come again are not encoded again."""

from typing import Any

from numpy.typing import NDArray

from catalog.cache import Cache

Row = dict[str, NDArray[Any]]  # of one image or text: output name -> array


def row_cache(max_bytes: int) -> Cache[bytes, Row]:
    return Cache(max_bytes, size, copied)


def size(row: Row) -> int:
    return sum(array.nbytes for array in row.values())


def copied(row: Row) -> Row:
    """The row is a view into the arrays of a whole batch, which would be kept with it."""
    return {name: array.copy() for name, array in row.items()}
