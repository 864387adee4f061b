"""How fast a job goes, and how long it will take."""

from collections import deque
from time import monotonic

CHUNKS = 32


class Progress:
    """Rows a second, over the last chunks: rows that are stored already pass much faster than new ones."""

    def __init__(self, done: int) -> None:
        self._marks = deque([(monotonic(), done)], maxlen=CHUNKS)

    def mark(self, done: int) -> None:
        self._marks.append((monotonic(), done))

    @property
    def done(self) -> int:
        return self._marks[-1][1]

    def eta(self, total: int) -> float | None:
        """Seconds until `total` rows are done, from now on; None as long as nothing is."""
        (start, before), (now, done) = self._marks[0], self._marks[-1]
        if done <= before:
            return None
        seconds_each = (now - start) / (done - before)
        return max(0.0, (total - done) * seconds_each - (monotonic() - now))
