"""Erasing products for good: what was asked for is written down first, and goes on after a crash until it is done.

erasing         the ids of products whose traces are being removed
"""

import json
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from catalog.behaviour.log import NAME as EVENTS
from catalog.behaviour.log import EventLog
from catalog.errors import CatalogError
from catalog.index.product_index import ProductIndex
from catalog.ingest.ledger import Ledger
from catalog.knowledge.store import NAME as DOCUMENTS
from catalog.knowledge.store import DocumentStore
from catalog.language.reviews.store import NAME as REVIEWS
from catalog.language.reviews.store import ReviewStore
from catalog.quality.audit import History
from catalog.quality.audit.history import NAME as AUDITS
from catalog.storage.database import State, StorePlace
from catalog.storage.notes import Notes
from catalog.storage.seal import Unsealed
from serving.storage.job_table import JobTable
from serving.storage.review.feedback import NAME as FEEDBACK
from serving.storage.review.feedback import FeedbackLog
from serving.storage.thumbnails import NAME as IMAGES
from serving.storage.thumbnails import ThumbnailStore

MARKER = "erasing"
SOMEBODY = ""  # among the ids: a person was forgotten, of whom only the files that are given have anything
JOBS = "jobs/jobs.sqlite"  # in the state folder
# How soon what is in use elsewhere is tried again, and what has failed.
BUSY_SECONDS, FAILED_SECONDS = 0.2, 60.0

Erase: TypeAlias = Callable[[Any, Sequence[str]], object]

logger = logging.getLogger(__name__)


class Scrubbed(Protocol):
    """A store of which nothing is left on disk that was deleted."""

    def scrub(self) -> bool: ...


class Erasure:
    """Works in a thread of its own, from `begin` on and, for what an earlier process left, from the start."""

    def __init__(
        self, index: ProductIndex, files: Sequence[Scrubbed], notes: Notes, jobs: StorePlace, ledger: Path
    ) -> None:
        """files: from which whoever calls `begin` has removed the products itself; jobs: where they are kept; ledger:
        of ingests by command. damage: what is wrong with what an earlier process left to be done, or "".
        """
        self._index, self._files = index, files
        self._notes, self._jobs, self._ledger = notes, jobs, ledger
        self._closing = threading.Event()
        self._thread = ThreadPoolExecutor(1, "erase")
        self.damage = ""
        if self._left():
            self._thread.submit(self._finish)

    def note(self, id: str) -> None:
        """Write down that traces of a product are to be removed. Raises DiskFull or FileNotWritable."""
        self._notes.change(MARKER, lambda before: json.dumps([*self._noted(before), id]))

    def begin(self) -> None:
        """The products that were noted are deleted; now their traces go, too."""
        self._thread.submit(self._finish)

    def close(self) -> None:
        """What is not done yet is done at the next start."""
        self._closing.set()
        self._thread.shutdown()

    def _finish(self) -> None:
        while not self._closing.is_set():
            try:
                ids = self._left()
                if ids is None:
                    return
                if self._done(ids):
                    return self._notes.change(MARKER, partial(self._without, ids))
                self._closing.wait(BUSY_SECONDS)
            except CatalogError:
                logger.exception("what was deleted is not erased yet; it is tried again")
                self._closing.wait(FAILED_SECONDS)

    def _done(self, ids: Sequence[str]) -> bool:
        """False where another process was using a file."""
        clean = all([file.scrub() for file in self._files])
        products = [id for id in ids if id != SOMEBODY]
        if products or not ids:
            clean &= erase_rows(self._jobs, self._ledger, products)
            if clean:
                self._index.erase([])
        return clean

    def _left(self) -> list[str] | None:
        """None where nothing is to be erased."""
        try:
            written = self._notes.read(MARKER)
        except Unsealed:
            return self._told()
        return None if written is None else self._noted(written)

    def _noted(self, written: str | None) -> list[str]:
        try:
            return list(json.loads(written)) if written else []  # earlier versions wrote nothing
        except ValueError:
            return self._told()

    def _without(self, ids: Sequence[str], written: str | None) -> str | None:
        left = [id for id in self._noted(written) if id not in ids]
        return json.dumps(left) if left else None

    def _told(self) -> list[str]:
        if not self.damage:
            logger.error("a file of the state is damaged", extra={"fields": {"file": MARKER}})
        self.damage = (
            f"{MARKER} is damaged: which products were being erased is not known. To repair, erase them again."
        )
        return []


def erase_rows(jobs: StorePlace, ledger: Path, ids: Sequence[str]) -> bool:
    """Erase the failed rows of products, and the names of uploads. False where another process was using a file."""
    there = [place for place in (ledger, jobs) if not isinstance(place, Path) or place.exists()]
    clean = True
    if jobs in there:
        with closing(JobTable(jobs)) as table:
            table.erase_names()
    for place in there:
        with closing(Ledger(place)) as rows:
            rows.erase(ids)
            clean &= rows.file.scrub()
    return clean


def erase_beside(state: State, ledger: Path, ids: Sequence[str]) -> bool:
    """Erase products from all that is kept beside an index, where no service runs. Nothing is made where nothing is.
    False where another process was using a file, which may then still have some of it.
    """
    clean = all([_erased(state.place(name), kind, erase, ids) for name, kind, erase in BESIDE if state.has(name)])
    return erase_rows(state.place(JOBS), ledger, ids) and clean


def _erased(place: StorePlace, kind: Callable[[StorePlace], Any], erase: Erase, ids: Sequence[str]) -> bool:
    with closing(kind(place)) as store:
        erase(store, ids)
        return bool(store.file.scrub())


# What is beside an index: its name in the state, what opens it, and how products go from it.
BESIDE: tuple[tuple[str, Callable[[StorePlace], Any], Erase], ...] = (
    (IMAGES, ThumbnailStore, ThumbnailStore.delete),
    (FEEDBACK, FeedbackLog, FeedbackLog.erase),
    (AUDITS, History, partial(History.forget, verdicts=True)),
    (EVENTS, EventLog, EventLog.erase),
    (REVIEWS, ReviewStore, ReviewStore.erase),
    (DOCUMENTS, DocumentStore, DocumentStore.erase),
)
