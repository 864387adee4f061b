"""How much one client may ask: so many requests a minute, so many at once.

The counts are this process's own: the limits hold for each joined replica, and for Ray Serve's proxy on each node.
"""

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from serving.errors import RateLimited, TooManyConcurrent


class ClientLimits:
    """Both limits, each off at 0. A client is an API key's name; those without a key are one client together."""

    def __init__(self, rate_per_minute: int, concurrent: int) -> None:
        self.concurrent = concurrent
        self._running: Counter[str] = Counter()
        self._rate = RateLimitItemPerMinute(rate_per_minute) if rate_per_minute else None
        # The window moves: at no moment have more than `rate_per_minute` requests begun in the minute before it. They
        # may come all at once, and when one is refused it is known when the next will not be.
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    @contextmanager
    def admitted(self, client: str) -> Iterator[None]:
        """One request, from its beginning to its end. Raises RateLimited or TooManyConcurrent."""
        if self.concurrent and self._running[client] >= self.concurrent:
            raise TooManyConcurrent(f"This client has reached its limit of concurrent requests ({self.concurrent}).")
        self._count(client)
        self._running[client] += 1
        try:
            yield
        finally:
            self._running[client] -= 1
            if not self._running[client]:
                del self._running[client]

    def _count(self, client: str) -> None:
        """Raises RateLimited, with the seconds after which a request is taken."""
        if self._rate is None or self._windows.hit(self._rate, client):
            return
        until, _ = self._windows.get_window_stats(self._rate, client)
        seconds = max(1, math.ceil(until - time.time()))
        raise RateLimited(f"This client may send {self._rate.amount} requests per minute.", seconds)
