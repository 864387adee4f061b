"""From a job's threads into the service's event loop, where the model and the store are asked."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from threading import Event
from time import monotonic
from typing import Any, TypeVar

from catalog.errors import CatalogError, IndexLocked, IndexUnavailable
from serving.errors import DeadlineExceeded, IndexNotReady, ModelNotReady, Overloaded

T = TypeVar("T")
# What passes by itself: interactive requests go first, and what has crashed is being replaced.
PASSING: tuple[type[CatalogError], ...] = (
    Overloaded,
    DeadlineExceeded,
    ModelNotReady,
    IndexNotReady,
    IndexUnavailable,
    IndexLocked,
)
SHORTEST_SECONDS, LONGEST_SECONDS = 0.05, 2.0
LOOK_SECONDS = 1.0


class Stopped(Exception):
    """The job is not to go on: it was cancelled, or the service ends."""


class LoopBridge:
    """Asks for a job, again and again for `patience` seconds while the service is too busy to answer.

    check: raises Stopped once the job is not to go on. A call that was made is always waited for, so that what is being
    stored is stored whole.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, closing: Event, check: Callable[[], None], patience: float
    ) -> None:
        self.loop, self.closing, self.check, self.patience = loop, closing, check, patience

    def __call__(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Raises Stopped, and whatever the coroutine does."""
        deadline, pause = monotonic() + self.patience, SHORTEST_SECONDS
        while True:
            try:
                return self._wait(ask)
            except PASSING:
                if monotonic() + pause > deadline:
                    raise
            self.check()
            self.closing.wait(pause)
            pause = min(2 * pause, LONGEST_SECONDS)

    def _wait(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        asked = ask()
        try:
            future = asyncio.run_coroutine_threadsafe(asked, self.loop)
        except RuntimeError:  # the loop is closed
            asked.close()
            raise Stopped from None
        while True:
            try:
                return future.result(LOOK_SECONDS)
            except CancelledError:
                raise Stopped from None
            except TimeoutError:
                if future.done():  # meanwhile, or with a TimeoutError of its own
                    return future.result()
                if not self.loop.is_running():
                    future.cancel()
                    raise Stopped from None
