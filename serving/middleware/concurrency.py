"""A limit on concurrent work: no more is begun than can be finished in time, and a refusal costs next to nothing.

Work is refused in two places. `serving.middleware.proxy` counts requests where clients reach the service, and turns one
away before its body is looked at; the routes count products, as a request may hold many, before it decodes their
images.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from serving.errors import Overloaded


class ConcurrencyLimit:
    """At most `limit` requests or products at once. For one event loop."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_flight = 0

    @contextmanager
    def admitted(self, count: int = 1) -> Iterator[None]:
        """Holds a place for each of `count` for as long as the block runs. With nothing under way any count has one.

        Raises Overloaded.
        """
        if self.in_flight and self.in_flight + count > self.limit:
            raise Overloaded
        self.in_flight += count
        try:
            yield
        finally:
            self.in_flight -= count
