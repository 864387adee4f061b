"""An LRU cache of encoder outputs: images and texts that come again are not encoded again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

Row = dict[str, NDArray[Any]]  # of one image or text: output name -> array


class Cache:
    """At most `max_bytes`; the least recently used rows are evicted. Safe to share between threads."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._rows: OrderedDict[bytes, Row] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def rows(self, keys: Sequence[bytes], read: Callable[[list[int]], Sequence[Row]]) -> list[Row]:
        """One row for each key, in order. Equal keys mean equal rows; b"" is never cached.

        read: computes the rows at these positions (at least one), in order.
        """
        with self._lock:
            found = [self._find(key) for key in keys]
        missing = [position for position, row in enumerate(found) if row is None]
        for position, row in zip(missing, read(missing) if missing else (), strict=True):
            found[position] = row
            if keys[position]:
                with self._lock:
                    self._keep(keys[position], row)
        return [row for row in found if row is not None]

    def _find(self, key: bytes) -> Row | None:
        row = self._rows.get(key)
        if row is not None:
            self._rows.move_to_end(key)
        return row

    def _keep(self, key: bytes, row: Row) -> None:
        if key in self._rows or _size(row) > self.max_bytes:
            return
        # A copy: the row is a view into the arrays of a whole batch.
        self._rows[key] = {name: array.copy() for name, array in row.items()}
        self._bytes += _size(row)
        while self._bytes > self.max_bytes:
            self._bytes -= _size(self._rows.popitem(last=False)[1])


def _size(row: Row) -> int:
    return sum(array.nbytes for array in row.values())
