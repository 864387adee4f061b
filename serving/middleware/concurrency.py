"""Admission: no more is begun than can be finished in time, and what is refused costs next to nothing.

Work is refused in two places. `serving.middleware.proxy` counts requests in Ray Serve's proxy, and turns one away
before it is passed on; the desk in the gateway counts products, as a request may hold many, before it decodes their
pictures.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from serving.errors import Overloaded


class Admission:
    """How much is under way, of at most so much. For one event loop."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.under_way = 0

    @contextmanager
    def admitted(self, count: int = 1) -> Iterator[None]:
        """Holds a place for each of `count` for as long as the block runs. With nothing under way any count has one.

        Raises Overloaded.
        """
        if self.under_way and self.under_way + count > self.most:
            raise Overloaded
        self.under_way += count
        try:
            yield
        finally:
            self.under_way -= count
