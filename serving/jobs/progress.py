"""How far a job has to go, and how fast it goes."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from time import monotonic

from catalog.errors import CatalogError
from catalog.feeds import Feed

CHUNKS = 32


class Progress:
    """Rows a second, over the last chunks: rows that are stored already pass much faster than new ones."""

    def __init__(self, done: int) -> None:
        self._marks = deque([(monotonic(), done)], maxlen=CHUNKS)

    def mark(self, done: int) -> None:
        self._marks.append((monotonic(), done))

    def eta(self, total: int) -> float | None:
        """Seconds until `total` rows are done, from now on; None as long as nothing is."""
        (start, before), (now, done) = self._marks[0], self._marks[-1]
        if done <= before:
            return None
        seconds_each = (now - start) / (done - before)
        return max(0.0, (total - done) * seconds_each - (monotonic() - now))


@contextmanager
def counting(feed: Feed, tell: Callable[[int], None]) -> Iterator[None]:
    """Count the rows while the block goes on. That means to parse the feed, unless it says how many there are."""
    if feed.total is not None:
        tell(feed.total)
        yield
        return
    over = Event()

    def count() -> None:
        total = 0
        with suppress(CatalogError):  # which the job itself comes upon, too
            for _ in feed:
                if over.is_set():
                    return
                total += 1
            tell(total)

    thread = Thread(target=count, name="count", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
