"""Where a request's images are decoded: in threads of their own, within a budget of processor time, and no longer
than somebody waits for them.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from catalog.cores import usable_cores
from catalog.errors import CatalogError
from serving.errors import DeadlineExceeded, ImagesTooCostly, ModelFailed

# Pillow lets the interpreter go meanwhile, so threads will do; each may take 160 MB, so they are few.
DECODERS = min(4, usable_cores())

T = TypeVar("T")

logger = logging.getLogger(__name__)


def decoders() -> ThreadPoolExecutor:
    """Apart from the threads that take bodies apart: what has no images never waits for an image."""
    return ThreadPoolExecutor(DECODERS, "decode")


def attempted(work: Callable[[], T]) -> T | CatalogError:
    """One item's work before the batch. Whatever goes wrong is this item's own error."""
    try:
        return work()
    except CatalogError as error:
        return error
    except Exception:
        logger.exception("a product could not be prepared")
        return ModelFailed()


class Allowance:
    """Processor time, in seconds, that the images of one request may take together. Threads share it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._spent, self._ended = 0.0, False
        self._lock = threading.Lock()

    def end(self) -> None:
        """Nobody waits any more: what is under way stops at the next 64 KB of its file."""
        self._ended = True

    @contextmanager
    def charged(self) -> Iterator[Callable[[], None]]:
        """Charges what this thread does in the block. It is given what to call within the work, which, as the block
        does at its beginning, raises ImagesTooCostly or DeadlineExceeded.
        """
        charged = time.thread_time()

        def charge() -> None:
            nonlocal charged
            now = time.thread_time()
            with self._lock:
                self._spent += now - charged
            charged = now

        def check() -> None:
            charge()
            if self._ended:
                raise DeadlineExceeded
            if self._spent >= self.seconds:
                raise ImagesTooCostly(
                    f"The images of the request took {self.seconds:g} seconds of processor time before this one was"
                    " decoded, the limit. Send fewer or smaller ones at once."
                )

        check()
        try:
            yield check
        finally:
            charge()
