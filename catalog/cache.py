"""An LRU cache that several threads share: what was worked out once is not worked out again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """At most `max_size` of values; the least recently used are evicted. An empty key is never kept."""

    def __init__(self, max_size: int, size: Callable[[V], int] = lambda _: 1, kept: Callable[[V], V] | None = None):
        """size: of a value; kept: what to keep of it, itself without."""
        self.max_size = max_size
        self._size_of = size
        self._kept = kept
        self._values: OrderedDict[K, V] = OrderedDict()
        self._size = 0
        self._clearings = 0
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        with self._lock:
            return self._find(key)

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._keep(key, value)

    def rows(self, keys: Sequence[K], read: Callable[[list[int]], Sequence[V]]) -> list[V]:
        """One value for each key, in order. Equal keys mean equal values.

        read: works out the values at these positions (at least one), in order. If the cache is cleared meanwhile, they
        are not kept.
        """
        with self._lock:
            clearings = self._clearings
            found: list[Any] = [self._find(key) for key in keys]
        missing = [position for position, value in enumerate(found) if value is None]
        for position, value in zip(missing, read(missing) if missing else (), strict=True):
            found[position] = value
            with self._lock:
                if clearings == self._clearings:
                    self._keep(keys[position], value)
        return [value for value in found if value is not None]

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self._size = 0
            self._clearings += 1

    def _find(self, key: K) -> V | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def _keep(self, key: K, value: V) -> None:
        size = self._size_of(value)
        if not key or key in self._values or size > self.max_size:
            return
        self._values[key] = self._kept(value) if self._kept else value
        self._size += size
        while self._size > self.max_size:
            self._size -= self._size_of(self._values.popitem(last=False)[1])
