"""Erasing products for good: what was asked for is written down first, and goes on after a crash until it is done.

erasing         the ids of products whose traces are being removed
"""

import json
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from catalog.errors import CatalogError
from catalog.index.product_index import ProductIndex
from catalog.ingest.ledger import Ledger
from catalog.quality.audit import History
from catalog.quality.audit.history import NAME as AUDITS
from catalog.storage.files import write_durably
from catalog.storage.seal import sealed, unsealed
from catalog.storage.sqlite import StateFile
from serving.storage.job_table import JobTable
from serving.storage.review.feedback import FeedbackLog
from serving.storage.thumbnails import ThumbnailStore

# How soon what is in use elsewhere is tried again, and what has failed.
BUSY_SECONDS, FAILED_SECONDS = 0.2, 60.0

logger = logging.getLogger(__name__)


class Erasure:
    """Works in a thread of its own, from `begin` on and, for what an earlier process left, from the start."""

    def __init__(self, index: ProductIndex, files: Sequence[StateFile], state: Path, ledger: Path) -> None:
        """files: from which whoever calls `begin` has removed the products itself; ledger: of ingests by command.
        damage: what is wrong with what an earlier process left to be done, or "".
        """
        self._index, self._files = index, files
        self._marker, self._state, self._ledger = state / "erasing", state, ledger
        self._marking, self._closing = threading.Lock(), threading.Event()
        self._thread = ThreadPoolExecutor(1, "erase")
        self.damage = ""
        if self._marker.exists():
            self._noted()
            self._thread.submit(self._finish)

    def note(self, id: str) -> None:
        """Write down that traces of a product are to be removed. Raises DiskFull or FileNotWritable."""
        with self._marking:
            self._write([*self._noted(), id])

    def begin(self) -> None:
        """The products that were noted are deleted; now their traces go, too."""
        self._thread.submit(self._finish)

    def close(self) -> None:
        """What is not done yet is done at the next start."""
        self._closing.set()
        self._thread.shutdown()

    def _finish(self) -> None:
        while not self._closing.is_set():
            with self._marking:
                if not self._marker.exists():
                    return
                ids = self._noted()
            try:
                if self._done(ids):
                    with self._marking:
                        self._write([id for id in self._noted() if id not in ids])
                    return
                self._closing.wait(BUSY_SECONDS)
            except CatalogError:
                logger.exception("what was deleted is not erased yet; it is tried again")
                self._closing.wait(FAILED_SECONDS)

    def _done(self, ids: Sequence[str]) -> bool:
        """False where another process was using a file."""
        clean = all([file.scrub() for file in self._files])
        clean &= erase_rows(self._state, self._ledger, ids)
        if clean:
            self._index.erase([])
        return clean

    def _noted(self) -> list[str]:
        try:
            written = self._marker.read_bytes()
            return list(json.loads(unsealed(written.decode()))) if written else []  # earlier versions wrote nothing
        except FileNotFoundError:
            return []
        except (OSError, ValueError):
            if not self.damage:
                logger.error("a file of the state is damaged", extra={"fields": {"file": self._marker.name}})
            self.damage = (
                f"{self._marker.name} is damaged: which products were being erased is not known. To repair, erase them"
                " again."
            )
            return []

    def _write(self, ids: Sequence[str]) -> None:
        if ids:
            write_durably(self._marker, sealed(json.dumps(ids)).encode())
        else:
            self._marker.unlink(missing_ok=True)


def erase_rows(state: Path, ledger: Path, ids: Sequence[str]) -> bool:
    """Erase the failed rows of products, and the names of uploads. False where another process was using a file."""
    jobs, clean = state / "jobs" / "jobs.sqlite", True
    if jobs.exists():
        with closing(JobTable(jobs)) as table:
            table.erase_names()
    for path in (ledger, jobs):
        if path.exists():
            with closing(Ledger(path)) as rows:
                rows.erase(ids)
                clean &= rows.file.scrub()
    return clean


def erase_beside(state: Path, ledger: Path, ids: Sequence[str]) -> bool:
    """Erase products from all that is kept beside an index, where no service runs. Nothing is made where nothing is.
    False where another process was using a file, which may then still have some of it.
    """
    images, verdicts = state / "pictures.sqlite", state / "feedback.sqlite"
    clean = True
    if images.exists():
        with closing(ThumbnailStore(images)) as thumbnail_store:
            thumbnail_store.delete(ids)
            clean &= thumbnail_store.file.scrub()
    if verdicts.exists():
        with closing(FeedbackLog(verdicts)) as feedback:
            feedback.erase(ids)
            clean &= feedback.file.scrub()
    if (state / AUDITS).exists():
        with closing(History(state / AUDITS)) as audits:
            audits.forget(ids, verdicts=True)
            clean &= audits.file.scrub()
    return erase_rows(state, ledger, ids) and clean
