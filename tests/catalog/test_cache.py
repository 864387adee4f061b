"""What is kept of what was read, and what is read again."""

import numpy as np
import pytest

from catalog.cache import Cache
from catalog.model.runtime.cache import Row, row_cache

ROW_BYTES = 80


class Reader:
    """Makes a row of each position, and remembers which it was asked for."""

    def __init__(self) -> None:
        self.read: list[list[int]] = []

    def __call__(self, positions: list[int]) -> list[Row]:
        self.read.append(positions)
        return [{"pooled": np.full(ROW_BYTES // 8, position, np.float64)} for position in positions]


def values(rows: list[Row]) -> list[float]:
    return [float(row["pooled"][0]) for row in rows]


@pytest.fixture
def reader() -> Reader:
    return Reader()


def test_only_what_is_missing_is_read(reader: Reader) -> None:
    cache = row_cache(10 * ROW_BYTES)
    assert values(cache.rows([b"a", b"b"], reader)) == [0, 1]
    assert values(cache.rows([b"c", b"b", b"d"], reader)) == [0, 1, 2]
    assert values(cache.rows([b"a", b"b"], reader)) == [0, 1]
    assert reader.read == [[0, 1], [0, 2]]


def test_what_was_asked_for_the_longest_ago_goes_first(reader: Reader) -> None:
    cache = row_cache(2 * ROW_BYTES)
    for key in (b"a", b"b", b"a", b"c", b"a", b"b"):
        cache.rows([key], reader)
    assert len(reader.read) == 4


def test_without_a_key_nothing_is_kept(reader: Reader) -> None:
    cache = row_cache(10 * ROW_BYTES)
    for _ in range(2):
        cache.rows([b"", b""], reader)
    assert reader.read == [[0, 1], [0, 1]]


@pytest.mark.parametrize("max_bytes", [0, ROW_BYTES - 1])
def test_what_has_no_room_is_read_each_time(reader: Reader, max_bytes: int) -> None:
    cache = row_cache(max_bytes)
    for _ in range(2):
        assert values(cache.rows([b"a"], reader)) == [0]
    assert len(reader.read) == 2


def test_a_kept_row_is_not_a_view_of_the_whole_batch() -> None:
    cache = row_cache(10 * ROW_BYTES)
    whole = np.zeros((2, 3))
    cache.rows([b"a"], lambda _: [{"pooled": whole[0]}])
    whole[:] = 7
    assert values(cache.rows([b"a"], lambda _: [])) == [0]


def test_nothing_is_asked_for_nothing(reader: Reader) -> None:
    assert row_cache(0).rows([], reader) == []
    assert reader.read == []


def test_what_was_begun_before_a_clearing_is_not_kept() -> None:
    cache: Cache[str, int] = Cache(10)

    def read(_: list[int]) -> list[int]:
        cache.clear()
        return [1]

    assert cache.rows(["a"], read) == [1]
    assert cache.get("a") is None
    assert cache.rows(["a"], lambda _: [2]) == [2]
    assert cache.get("a") == 2
    cache.clear()
    assert cache.get("a") is None
    cache.put("a", 3)
    assert cache.rows(["a"], lambda _: []) == [3]
