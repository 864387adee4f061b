"""The jobs of the service: taken in, told of, cancelled, and worked off in the background."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from catalog.errors import StateDamaged
from catalog.feeds import Preview
from catalog.feeds.rewriting import Changes, Rewritten
from catalog.ingest.ledger import Ledger, Tally, line_of
from catalog.storage.database import SharedDatabase
from serving.error_responses import ErrorDetail
from serving.errors import IdempotencyConflict, ModelNotTaught, Overloaded
from serving.inference.models import Models
from serving.jobs.files import JobFiles, Source, name_of, shown_name
from serving.jobs.job import Job, RowLines, Submission
from serving.jobs.runner import Runner, ended
from serving.jobs.uploads import Upload, Uploads
from serving.settings.schema import Settings
from serving.storage.job_table import JobTable, Record, auditing, learning
from serving.storage.outbox import Event
from serving.storage.shared_files import FolderFiles, SharedFiles
from serving.storage.store_api import StoreApi
from serving.webhooks import webhook

T = TypeVar("T")
WARNINGS_AT_ONCE = 5_000


class Jobs:
    """Nothing is lost when the process dies: what was accepted is on the disk, and goes on where it was.

    Arguments and answers can be pickled. Every method may raise StateDamaged or DiskFull.
    """

    def __init__(
        self,
        folder: Path,
        models: Models,
        store: StoreApi,
        settings: Settings,
        database: SharedDatabase | None = None,
    ) -> None:
        """folder: of the jobs alone. Two processes may share it for as long as one takes over from the other.
        database: what holds the jobs instead, of any number of processes, each with a folder of its own.

        Raises ConfigInvalid for a place in an object store that cannot be read.
        """
        self._settings = settings
        place = database or folder / "jobs.sqlite"
        self._table = JobTable(place)
        self._ledger = Ledger(place, StateDamaged)
        uploads = folder / "uploads"
        kept = SharedFiles(database, "uploads", uploads) if database else FolderFiles(uploads)
        self._files = JobFiles(kept, settings)
        self._uploads = Uploads(place, kept, settings.max_upload_bytes, settings.max_queued_jobs)
        self._store = store
        self._webhook = webhook(settings, database)
        self._tell: Callable[[Event], None] = self._webhook.outbox.add if self._webhook else lambda event: None
        self._runner = Runner(
            folder, place, self._table, self._files, self._uploads, models, store, settings, self._tell
        )
        # One thread each: submissions go one after another, and nobody who asks waits for one, or for a part that is
        # being written.
        self._submitting, self._asking = ThreadPoolExecutor(1, "submit"), ThreadPoolExecutor(1, "ask")
        self._receiving, self._looking = ThreadPoolExecutor(1, "receive"), ThreadPoolExecutor(1, "look")

    async def start(self) -> None:
        """Work jobs off from now on, those first that an earlier process left. Models and store are asked in this event
        loop, so it is that in which they live.
        """
        if not self._damage():
            self._runner.start(asyncio.get_running_loop())
        if self._webhook:
            self._webhook.start()

    async def damage(self) -> list[str]:
        """What is wrong with the file of the jobs, and how to repair it; empty as long as it is sound."""
        return [damage] if (damage := self._damage()) else []

    async def submit(self, asked: Submission) -> Job:
        """Accept a feed, and keep it if it came along. Of equal submissions with one key the first makes the job.

        Raises FeedInvalid for a feed of which it can be told at once, SourcesOff, SourceOutside, SourceNotFound,
        UploadNotFound, UploadIncomplete, IdempotencyConflict, or Overloaded when as many jobs wait as may.
        """
        self._check_files()
        id = await self._in(self._submitting, self._submit, asked)
        self._runner.wake()
        return await self.get(id)

    async def learn(self) -> Job:
        """A job that teaches the active model what people said; the one that is under way, if there is one. Raises
        ModelNotTaught.
        """
        self._check_files()
        if (await self._store.describe()).learner is None:
            raise ModelNotTaught
        id = await self._in(self._submitting, learning, self._table)
        self._runner.wake()
        return await self.get(id)

    async def audit(self) -> Job:
        """A job that looks through what is stored; the one that is under way, if there is one."""
        self._check_files()
        id = await self._in(self._submitting, auditing, self._table)
        self._runner.wake()
        return await self.get(id)

    async def preview(self, asked: Submission, cut: bool = False) -> Preview:
        """What a job would make of the feed's beginning. Nothing is kept. cut: what came along is only that.

        Raises SourcesOff, SourceOutside, SourceNotFound, UploadNotFound or UploadIncomplete.
        """
        return await self._in(self._looking, self._preview, asked, cut)

    async def corrected(self, asked: Submission, changes: Changes) -> tuple[bytes, Rewritten]:
        """The feed with other values, and what became of them. Nothing is kept.

        Raises what `preview` does, FeedInvalid, and CorrectionsUnplaced where none of the products is in it.
        """
        return await self._in(self._looking, self._corrected, asked, changes)

    async def sources(self) -> Sequence[Source] | None:
        """The feeds in the server's folder; None where there is no such folder."""
        return await self._in(self._looking, self._files.sources)

    async def get(self, id: str) -> Job:
        """Raises JobNotFound."""
        return await self._in(self._asking, lambda: self._told(self._table.get(id)))

    async def list(self, limit: int) -> Sequence[Job]:
        """The newest first."""
        return await self._in(self._asking, lambda: [self._told(record) for record in self._table.newest(limit)])

    async def counts(self) -> dict[str, int]:
        """How many of the jobs that are remembered are in each state."""
        return await self._in(self._asking, self._table.counts)

    async def cancel(self, id: str) -> Job:
        """A job that waits has then ended; one that runs ends within a chunk, whose rows stay stored.

        Raises JobNotFound or JobFinished.
        """
        return await self._in(self._asking, self._cancel, id)

    async def errors(self, id: str, after: int = 0) -> RowLines:
        """The rows that failed so far, about a megabyte of them from a place on. Raises JobNotFound."""
        return await self._in(self._asking, self._errors, id, after)

    async def warnings(self, id: str, after: int = 0) -> RowLines:
        """What products were stored without so far, some of it from a place on. Raises JobNotFound."""
        return await self._in(self._asking, self._warnings, id, after)

    async def begin_upload(self, filename: str, size: int) -> Upload:
        """Raises UploadTooLarge, Overloaded when as many are open as may, or DiskFull."""
        self._check_files()
        shown = shown_name(filename)
        return await self._in(self._receiving, self._uploads.begin, shown, partial(name_of, filename=filename), size)

    async def append(self, id: str, offset: int, data: bytes) -> Upload:
        """Raises UploadNotFound, UploadOffsetWrong or UploadPartTooLong."""
        return await self._in(self._receiving, self._uploads.append, id, offset, data)

    async def upload(self, id: str) -> Upload:
        """Raises UploadNotFound."""
        return await self._in(self._receiving, self._uploads.get, id)

    async def remove_upload(self, id: str) -> None:
        """Raises UploadNotFound."""
        await self._in(self._receiving, self._uploads.remove, id)

    async def close(self) -> None:
        """The job under way stops after its chunk, and goes on at the next start."""
        await asyncio.to_thread(self._runner.close)
        for pool in (self._submitting, self._asking, self._receiving, self._looking):
            await asyncio.to_thread(pool.shutdown)
        if self._webhook:
            await asyncio.to_thread(self._webhook.close)
        self._table.close()
        self._uploads.close()
        self._ledger.close()

    def _damage(self) -> str:
        return self._table.file.damage or self._ledger.file.damage or self._uploads.file.damage

    def _check_files(self) -> None:
        """Raises StateDamaged. A damaged file may take a job in and never give it back to be worked off."""
        if damage := self._damage():
            raise StateDamaged(damage)

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, work, *args)

    def _submit(self, asked: Submission) -> str:
        while True:
            known = self._table.with_key(asked.key) if asked.key else None
            if known:
                if not self._same(known, asked):
                    raise IdempotencyConflict
                return known.id
            record = self._accepted(asked)
            if record:
                return record.id

    def _same(self, known: Record, asked: Submission) -> bool:
        """Whether the job is what is asked for. Its own upload is the job's by now, and may be gone."""
        if known.took(asked.upload):
            options = (known.dry_run, known.strict, known.replacing, known.category, known.target, known.asked)
            wanted = (asked.dry_run, asked.strict, asked.replacing, asked.category, asked.target)
            same = options == (*wanted, dict(asked.attributes))
            return known.mapping == dict(asked.columns) and known.encoding == asked.encoding and same
        return known.content == asked.content(self._feed(asked))

    def _feed(self, asked: Submission) -> Iterator[bytes]:
        """What came along, or before."""
        if asked.upload is not None:
            yield from self._files.parts(self._uploads.whole(asked.upload).name)
        elif asked.data is not None:
            yield asked.data

    def _accepted(self, asked: Submission) -> Record | None:
        """None if another process has accepted one of the same key meanwhile."""
        waiting = sum(record.state == "queued" for record in self._table.unfinished())
        if waiting >= self._settings.max_queued_jobs:
            raise Overloaded(f"{waiting} jobs are already waiting. Try again when some have finished.")
        id, added = uuid.uuid4().hex, False
        content, columns = asked.content(self._feed(asked)), json.dumps(dict(asked.columns))
        file, source = self._kept(id, asked)
        record = Record(id, asked.key, content, source, file, columns, asked.dry_run, time.time(), asked.encoding)
        record = record._replace(strict=asked.strict, replacing=asked.replacing)
        attributes = json.dumps(dict(asked.attributes))
        record = record._replace(category=asked.category, target=asked.target, attributes=attributes)
        try:
            self._files.open(file, source, asked.reading, asked.encoding)
            added = self._table.add(record, asked.upload)
        finally:
            if not added and asked.data is not None:
                self._files.remove(file)
        return record if added else None

    def _kept(self, id: str, asked: Submission) -> tuple[str | None, str]:
        """The file's name here, None for one in the folder of feeds, and what to call the feed."""
        if asked.upload is not None:
            upload = self._uploads.whole(asked.upload)
            return upload.name, upload.filename
        if asked.data is not None:
            return self._files.receive(id, asked.filename, asked.data), shown_name(asked.filename)
        return None, asked.source or ""

    def _preview(self, asked: Submission, cut: bool) -> Preview:
        if asked.data is not None:
            return self._files.preview_data(asked.filename, asked.data, asked.columns, cut, asked.encoding)
        upload = self._uploads.whole(asked.upload).name if asked.upload is not None else None
        return self._files.preview(upload, asked.source or "", asked.columns, asked.encoding)

    def _corrected(self, asked: Submission, changes: Changes) -> tuple[bytes, Rewritten]:
        upload = self._uploads.whole(asked.upload).name if asked.upload is not None else None
        return self._files.corrected(asked, upload, changes)

    def _told(self, record: Record) -> Job:
        run = self._ledger.run(record.run) if record.run is not None else None
        tally = run.tally if run else Tally()
        counts, taught = tally.outcomes, record.outcome
        return Job(
            id=record.id,
            state=record.state,
            source=record.source,
            dry_run=bool(record.dry_run),
            created=record.created,
            started=record.started,
            finished=record.finished,
            total=record.total,
            done=tally.rows or self._runner.read(record),
            failed=sum(taught["failed"].values()) if taught else counts["failed"],
            skipped=counts["unchanged"],
            added=counts["added"],
            updated=counts["updated"] + counts["offer_updated"],
            removed=tally.removed,
            warnings=dict(tally.warnings),
            eta_seconds=self._runner.eta(record),
            teaching=record.teaching,
            taught=taught,
            auditing=bool(record.auditing),
            error=ErrorDetail.model_validate_json(record.error) if record.error else None,
        )

    def _cancel(self, id: str) -> Job:
        before = self._table.cancel(id)
        if before.state == "queued":
            self._files.remove(before.upload)
            self._tell(ended(before, "cancelled"))
        return self._told(self._table.get(id))

    def _errors(self, id: str, after: int) -> RowLines:
        record = self._table.get(id)
        run = self._ledger.run(record.run) if record.run is not None else None
        failures, following = run.some_failures(after) if run else ([], None)
        return RowLines("".join(map(line_of, failures)).encode(), following)

    def _warnings(self, id: str, after: int) -> RowLines:
        record = self._table.get(id)
        run = self._ledger.run(record.run) if record.run is not None else None
        found = run.some_warnings(after, WARNINGS_AT_ONCE) if run else []
        following = found[-1][0] if len(found) == WARNINGS_AT_ONCE else None
        return RowLines("".join(line_of(one) for _, one in found).encode(), following)
