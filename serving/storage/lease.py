"""Who works on the jobs: of a folder one process at a time, of a database any number, each on a job of its own."""

import fcntl
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.errors import CatalogError
from serving.storage.job_table import RENEW_SECONDS, JobTable, Record

LOOK_SECONDS = 0.25

logger = logging.getLogger(__name__)


@contextmanager
def alone(path: Path, closing: threading.Event) -> Iterator[None]:
    """Wait until no other process is in the block, as while one service takes over from another. It may enter without,
    once `closing` is set.
    """
    with path.open("wb") as lock:
        while not closing.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                closing.wait(LOOK_SECONDS)
        yield


@contextmanager
def renewed(
    table: JobTable, record: Record, progress: Callable[[], tuple[int, float | None]]
) -> Iterator[threading.Event]:
    """Say, while the block runs, that the job's worker is alive. The event tells that another has the job, as after a
    time in which this one could not say so. progress: as of `JobTable.renew`.
    """
    ended, lost = threading.Event(), threading.Event()

    def renew() -> None:
        while not ended.wait(RENEW_SECONDS):
            try:
                if not table.renew(record, *progress()):
                    lost.set()
                    return
            except CatalogError as error:
                logger.warning("a job's lease cannot be renewed", extra={"fields": {"code": error.code}})

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        ended.set()
        thread.join()
