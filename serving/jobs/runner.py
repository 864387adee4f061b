"""The thread that works jobs off, one after another, with the steps of `catalog.ingest`."""

import asyncio
import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic

from catalog.errors import CatalogError, FeedRowsInvalid, LedgerTaken, StateDamaged, StateUnavailable
from catalog.feeds import Feed
from catalog.ingest.dry_run import DryRunSink, DryRunWorker
from catalog.ingest.ledger import Ledger, Run, Tally
from catalog.ingest.pipeline import LocalWorker
from catalog.ingest.replace import find_gone
from catalog.ingest.run import IngestRun, counting
from catalog.quality.audit import audit
from catalog.quality.audit.checks import shipped_checks
from catalog.storage.database import StorePlace
from catalog.teaching.examples import Filing
from serving.error_responses import ErrorDetail, detail
from serving.errors import ModelFailed, ModelNotReady, ModelNotTaught
from serving.inference.models import Model, Models
from serving.jobs.auditing import StoredCatalogue
from serving.jobs.files import JobFiles
from serving.jobs.loop_bridge import LoopBridge, Stopped
from serving.jobs.progress import Progress
from serving.jobs.steps import ModelChanged, ServedReader, StoreSink, WatchedFeed, WatchedImages
from serving.jobs.teaching import Lesson
from serving.jobs.uploads import Uploads
from serving.settings.schema import Settings
from serving.storage.job_table import JobTable, Record, State, learning
from serving.storage.lease import alone, renewed
from serving.storage.outbox import Event
from serving.storage.store_api import StoreApi
from serving.storage.taught_models import publish

# Rows: what is stored at once, told as progress, and repeated after a crash.
CHUNK = 32
LOADERS = 2  # threads that read images
LOOK_SECONDS = 0.25
READ_TWICE = 2  # by an audit, each product
# How often a model may turn out to be another one before a job gives up.
MODEL_CHANGES = 20
IDLE_SECONDS = 1.0
LEARN_LOOK_SECONDS = 5.0
AFTER_FAILURE_SECONDS = 5.0
SWEEP_SECONDS = 600.0

logger = logging.getLogger(__name__)


class Runner:
    """Works on the jobs of a state folder while no other process does, or on some of those of a database."""

    def __init__(
        self,
        folder: Path,
        place: StorePlace,
        table: JobTable,
        files: JobFiles,
        uploads: Uploads,
        models: Models,
        store: StoreApi,
        settings: Settings,
        tell: Callable[[Event], None],
    ) -> None:
        """place: of the table and the ledger; tell: takes the event of a job that has ended."""
        self._name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._folder, self._place = folder, place
        self._sole = isinstance(place, Path)  # nobody else works on its jobs
        self._table, self._files, self._uploads = table, files, uploads
        self._swept = 0.0
        self._models, self._store, self._settings, self._tell = models, store, settings, tell
        self._closing, self._waking = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._paces: dict[str, Progress] = {}
        self._looked, self._tried = 0.0, 0  # for verdicts to learn from

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._thread = threading.Thread(target=self._run, args=(loop,), name="jobs", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._waking.set()

    def close(self) -> None:
        """What is being stored is stored whole; the job goes on from there at the next start."""
        self._closing.set()
        self._waking.set()
        if self._thread:
            self._thread.join()

    def eta(self, record: Record) -> float | None:
        """Seconds until it ends, of one that runs here or elsewhere."""
        if record.state != "running" or record.total is None:
            return None
        pace = self._paces.get(record.id)
        return pace.eta(record.total) if pace else record.eta

    def read(self, record: Record) -> int:
        """How many rows of a job that stores nothing were read, which no ledger tells."""
        if not (record.teaching or record.auditing):
            return 0
        if record.id in self._paces:
            return self._read(record.id)
        return (record.total or 0) if record.state == "complete" else record.done

    def _read(self, id: str) -> int:
        pace = self._paces.get(id)
        return pace.done if pace else 0

    def _progress(self, id: str) -> tuple[int, float | None]:
        return self._read(id), self.eta(self._table.get(id))

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._closing.is_set() and loop.is_running():
            try:
                with alone(self._folder / "lock", self._closing) if self._sole else nullcontext():
                    if self._sole and not self._closing.is_set():
                        self._table.release()
                    self._work_off(loop)
            except Exception:
                # A full disk, most likely. A job that cannot be recorded as ended still runs: it is tried again.
                logger.exception("the jobs cannot go on")
                self._closing.wait(AFTER_FAILURE_SECONDS)

    def _work_off(self, loop: asyncio.AbstractEventLoop) -> None:
        self._swept = 0.0
        while not self._closing.is_set() and loop.is_running():
            self._waking.clear()
            self._sweep()
            record = self._table.take(self._name)
            if record:
                self._work(record, loop)
            else:
                self._learn_by_itself(loop)
                self._waking.wait(IDLE_SECONDS)

    def _sweep(self) -> None:
        """Now and then: what was abandoned, and what crashes have left."""
        if self._swept and monotonic() - self._swept < SWEEP_SECONDS:
            return
        self._swept = monotonic()
        self._uploads.sweep()
        jobs = [record.upload for record in self._table.unfinished()]
        self._files.sweep([*jobs, *self._uploads.names()])

    def _work(self, record: Record, loop: asyncio.AbstractEventLoop) -> None:
        lesson = Lesson(record, self._folder / "models", self._settings)
        alive = renewed(self._table, record, lambda: self._progress(record.id))
        with nullcontext(threading.Event()) if self._sole else alive as lost:
            found = self._outcome(record, lesson, loop, lost)
            if found is None:
                self._table.release(self._name)
                self._closing.wait(LOOK_SECONDS)
                return
            state, error = found
            self._paces.pop(record.id, None)
            if not self._table.finish(record, state, error):
                return
        self._tell(ended(record, state, error))
        lesson.end()
        self._files.remove(record.upload)
        self._forget_old()

    def _outcome(
        self, record: Record, lesson: Lesson, loop: asyncio.AbstractEventLoop, lost: threading.Event
    ) -> tuple[State, ErrorDetail | None] | None:
        """How the job ended; None for one that has not, and that somebody is to go on with. lost: as of `_check`.

        Raises StateUnavailable: the job goes on once the database does.
        """
        check = self._check(record.id, lost)
        try:
            self._do(record, lesson, LoopBridge(loop, self._closing, check, self._settings.job_patience_seconds))
        except (Stopped, LedgerTaken):
            now = self._table.get(record.id)
            return ("cancelled", None) if now.cancelling and now.worker == record.worker else None
        except StateUnavailable:
            raise
        except CatalogError as found:
            return "failed", detail(found)
        except Exception:
            logger.exception("the job %s failed", record.id)
            return "failed", detail(ModelFailed())
        return "complete", None

    def _do(self, record: Record, lesson: Lesson, call: LoopBridge) -> None:
        """Raises FeedRowsInvalid where nothing came in."""
        if record.verdicts:
            self._learn(record, lesson, call)
        elif record.auditing:
            self._audit(record, call)
        elif record.category:
            self._teach(record, lesson, call.check)
        elif nothing_is_stored(tally := self._ingest(record, call)):
            raise nothing_came_in(tally)

    def _check(self, id: str, lost: threading.Event) -> Callable[[], None]:
        """lost: whether another worker has the job."""
        looked = 0.0

        def check() -> None:
            nonlocal looked
            if self._closing.is_set() or lost.is_set():
                raise Stopped
            if monotonic() - looked > LOOK_SECONDS:
                looked = monotonic()
                if self._table.get(id).cancelling:
                    looked = 0.0
                    raise Stopped

        return check

    def _teach(self, record: Record, lesson: Lesson, check: Callable[[], None]) -> None:
        check()
        feed = self._files.open(record.upload, record.source, record.reading, record.encoding)
        pace = self._paces[record.id] = Progress(0)
        images = WatchedImages(self._files.source(record.upload, feed), check)

        def mark(rows: int) -> None:
            check()
            pace.mark(pace.done + rows)

        with counting(feed, partial(self._table.counted, record.id)):
            taught = lesson.teach(WatchedFeed(feed, record.id, check), images, check, mark)
        publish(self._place, Path(taught["folder"]))
        self._table.counted(record.id, pace.done)
        self._table.learnt(record.id, taught)

    def _learn(self, record: Record, lesson: Lesson, call: LoopBridge) -> None:
        """Raises ModelNotTaught, TooFewProducts or CheckpointInvalid."""
        store = call(self._store.describe)
        if store.learner is None:
            raise ModelNotTaught
        filings: list[Filing] = []
        after: int | None = store.learner.verdicts
        while after is not None:
            part, after = call(partial(self._store.filings, after))
            filings += part
        taught = lesson.learn(Path(store.learner.folder), filings, call.check)
        publish(self._place, Path(taught["folder"]))
        self._table.counted(record.id, len(filings))
        self._table.learnt(record.id, taught)
        if self._settings.auto_promote and taught["comparison"]["never_worse"]:
            call(partial(self._store.choose_model, taught["version"]))
            logger.info("a model that has learnt is active", extra={"fields": taught["comparison"]})

    def _audit(self, record: Record, call: LoopBridge) -> None:
        products = call(self._store.describe).products
        self._table.counted(record.id, products)
        pace = self._paces[record.id] = Progress(0)
        read = 0

        def mark(count: int) -> None:
            nonlocal read
            call.check()
            read += count
            pace.mark(min(read // READ_TWICE, products))

        catalogue = StoredCatalogue(self._store, call)
        done = audit(shipped_checks(call(self._index_model).taxonomy), catalogue.scan, catalogue, mark)
        self._table.counted(record.id, done.products)

    def _learn_by_itself(self, loop: asyncio.AbstractEventLoop) -> None:
        """Once there are enough verdicts that no model has learnt from, and more than at the last try."""
        enough = self._settings.learn_after_verdicts
        if not enough or monotonic() - self._looked < LEARN_LOOK_SECONDS:
            return
        self._looked = monotonic()
        call = LoopBridge(loop, self._closing, lambda: None, 0)
        with suppress(CatalogError, Stopped):
            store = call(self._store.describe)
            self._tried = min(self._tried, store.unlearnt)
            if store.learner and store.unlearnt - self._tried >= enough:
                self._tried = store.unlearnt
                learning(self._table)

    def _ingest(self, record: Record, call: LoopBridge) -> Tally:
        call.check()
        feed = self._files.open(record.upload, record.source, record.mapping, record.encoding)
        told = partial(self._table.counted, record.id)
        with closing(Ledger(self._place, StateDamaged)) as ledger, counting(feed, told):
            before = ledger.run(record.run) if record.run is not None else None
            if before and before.complete:  # it was killed before it could be recorded as ended
                told(before.tally.rows)
                return self._replaced(record, feed, before, call)
            for _ in range(MODEL_CHANGES):
                try:
                    return self._go_on(record, feed, ledger, call)
                except ModelChanged:
                    self._closing.wait(LOOK_SECONDS)
            raise ModelNotReady

    def _go_on(self, record: Record, feed: Feed, ledger: Ledger, call: LoopBridge) -> Tally:
        """From where the ledger says."""
        sink, dry, strict = StoreSink(self._store, call), record.dry_run, bool(record.strict)
        reader = ServedReader(call(self._index_model), call)
        ingest = IngestRun(WatchedFeed(feed, record.id, call.check), DryRunSink(sink) if dry else sink, ledger)
        self._table.begun(record.id, ingest.run.number)
        pace = self._paces[record.id] = Progress(ingest.resumed_after)
        source = WatchedImages(self._files.source(record.upload, feed), call.check)
        worker = LocalWorker(
            reader, source, LOADERS, CHUNK, in_turn=True, thumbnails=not dry, strict=strict, chunk=CHUNK
        )
        chosen = DryRunWorker(worker) if dry else worker
        tally = ingest.execute(chosen, lambda tally: pace.mark(tally.rows), sink.keep_thumbnails)
        self._table.counted(record.id, tally.rows)
        return self._replaced(record, feed, ingest.run, call)

    def _replaced(self, record: Record, feed: Feed, run: Run, call: LoopBridge) -> Tally:
        """With what the feed no longer has taken out, if that was asked for. Raises ReplaceRefused."""
        before = run.tally
        if not record.replacing or nothing_is_stored(before):
            return before
        sink = StoreSink(self._store, call)
        added, removed = (0, 0) if record.dry_run else (before.outcomes["added"], before.removed)
        gone = find_gone(WatchedFeed(feed, record.id, call.check), sink, added)
        gone.check(self._settings.max_replace_share)
        for count in [len(gone.ids)] if record.dry_run else gone.take_out(sink):
            run.commit(run.position, replace(before, removed=removed + count), [])
            call.check()
        return run.tally

    async def _index_model(self) -> Model:
        """The model of the index's space, the active one if both are; of an empty one, the active model."""
        await self._models.ready()
        store = await self._store.describe()
        await self._models.follow(store.chosen, store.spaces)
        return await self._models.of_space(store.space)

    def _forget_old(self) -> None:
        with closing(Ledger(self._place, StateDamaged)) as ledger:
            for record in self._table.beyond(self._settings.max_finished_jobs):
                if record.run is not None:
                    ledger.forget(record.run)
                self._table.forget(record.id)


def ended(record: Record, state: State, error: ErrorDetail | None = None) -> Event:
    about = {"id": record.id, "state": state, "source": record.source, "error": error and error.code}
    return Event("job.ended", record.id, about)


def nothing_is_stored(tally: Tally) -> bool:
    return tally.rows > 0 and tally.outcomes["failed"] == tally.rows


def nothing_came_in(tally: Tally) -> FeedRowsInvalid:
    reasons = ", ".join(f"{code} {count:,}" for code, count in tally.codes.most_common(3))
    return FeedRowsInvalid(f"None of the {tally.rows:,} rows could be ingested: {reasons}. See the failed rows.")
