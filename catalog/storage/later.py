"""Tables that are made by the first who writes to them: whoever never uses them has no file of them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.storage.database import Statements, StateStore, StorePlace, open_store


class LaterStore:
    """A `StateStore`. What lies on the disk is opened, and so checked, at once."""

    def __init__(self, place: StorePlace, schema: str, holds: str) -> None:
        """Raises DiskFull."""
        self._place, self._schema, self._holds = place, schema, holds
        self._lock = threading.Lock()
        self._opened: StateStore | None = None
        if isinstance(place, Path) and place.exists():
            self._open()

    @property
    def damage(self) -> str:
        return self._opened.damage if self._opened else ""

    @property
    def may_hold(self) -> bool:
        """Whether anything may have been written: False of a file that is not there."""
        return self._opened is not None or not isinstance(self._place, Path)

    @contextmanager
    def use(self) -> Iterator[Statements]:
        with self._open().use() as db:
            yield db

    @contextmanager
    def transaction(self) -> Iterator[Statements]:
        with self._open().transaction() as db:
            yield db

    def now(self) -> float:
        return self._open().now()

    def scrub(self) -> bool:
        return self._open().scrub() if self.may_hold else True

    def close(self) -> None:
        if self._opened:
            self._opened.close()

    def _open(self) -> StateStore:
        with self._lock:
            if self._opened is None:
                self._opened = open_store(self._place, self._schema, self._holds)
            return self._opened
