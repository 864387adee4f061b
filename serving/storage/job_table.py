"""The jobs that were accepted. How far each has come is the ledger's to know, in the same file or database.

A worker has a job for as long as it says every RENEW_SECONDS that it is alive; one of which nothing was heard for
LEASE_SECONDS another worker takes over.
"""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

from catalog.storage.database import StorePlace, marks, open_store
from catalog.storage.seal import Unsealed, moment, typed
from catalog.storage.sqlite import Column
from catalog.teaching.attributes.columns import teaching_columns
from serving.error_responses import ErrorDetail
from serving.errors import JobFinished, JobNotFound

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT NOT NULL UNIQUE,
    key TEXT UNIQUE,
    content TEXT NOT NULL,
    source TEXT NOT NULL,
    upload TEXT,
    columns TEXT NOT NULL,
    dry_run INTEGER NOT NULL,
    created REAL NOT NULL,
    encoding TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'queued',
    cancelling INTEGER NOT NULL DEFAULT 0,
    started REAL,
    finished REAL,
    total INTEGER,
    run INTEGER,
    error TEXT,
    strict INTEGER NOT NULL DEFAULT 0,
    replacing INTEGER NOT NULL DEFAULT 0,
    category TEXT NOT NULL DEFAULT '',
    target REAL NOT NULL DEFAULT 0,
    taught TEXT,
    verdicts INTEGER NOT NULL DEFAULT 0,
    attributes TEXT NOT NULL DEFAULT '{}',
    auditing INTEGER NOT NULL DEFAULT 0,
    worker TEXT NOT NULL DEFAULT '',
    alive REAL NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    eta REAL,
    number INTEGER PRIMARY KEY AUTOINCREMENT
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, number);
"""
ADDED = [
    Column("jobs", "encoding", "TEXT NOT NULL DEFAULT ''"),
    *(Column("jobs", name, "INTEGER NOT NULL DEFAULT 0") for name in ("strict", "replacing")),
    Column("jobs", "category", "TEXT NOT NULL DEFAULT ''"),
    Column("jobs", "target", "REAL NOT NULL DEFAULT 0"),
    Column("jobs", "taught", "TEXT"),
    Column("jobs", "verdicts", "INTEGER NOT NULL DEFAULT 0"),
    Column("jobs", "attributes", "TEXT NOT NULL DEFAULT '{}'"),
    Column("jobs", "auditing", "INTEGER NOT NULL DEFAULT 0"),
    Column("jobs", "worker", "TEXT NOT NULL DEFAULT ''"),
    Column("jobs", "alive", "REAL NOT NULL DEFAULT 0"),
    Column("jobs", "done", "INTEGER NOT NULL DEFAULT 0"),
    Column("jobs", "eta", "REAL"),
]
RENEW_SECONDS, LEASE_SECONDS = 1.0, 6.0
ALL = 2**63 - 1
State = Literal["queued", "running", "complete", "failed", "cancelled"]
ERASED, VERDICTS, AUDIT = "(erased)", "(verdicts)", "(audit)"  # in place of a feed's name
UNFINISHED = "state IN ('queued', 'running')"


class Record(NamedTuple):
    """A row of the table. upload: the name of the file that came along; without one, `source` is a path below the
    folder of feeds. encoding: of the feed, "" where it is to be recognised. cancelling: to be stopped by whoever works
    on it. run: its number in the ledger. replacing: whether products that the feed no longer has are to be taken out.
    category, target, attributes (as JSON): see `Submission`; taught: what came of it, as JSON. verdicts: whether it
    learns from verdicts, auditing: whether it audits what is stored; neither has a feed. worker: who works on it, and
    alive: when that was last heard of. By then it had read `done` rows, of a job that stores nothing, and was to take
    `eta` seconds more.
    """

    id: str
    key: str | None
    content: str
    source: str
    upload: str | None
    columns: str
    dry_run: int
    created: float
    encoding: str = ""
    state: State = "queued"
    cancelling: int = 0
    started: float | None = None
    finished: float | None = None
    total: int | None = None
    run: int | None = None
    error: str | None = None
    strict: int = 0
    replacing: int = 0
    category: str = ""
    target: float = 0.0
    taught: str | None = None
    verdicts: int = 0
    attributes: str = "{}"
    auditing: int = 0
    worker: str = ""
    alive: float = 0.0
    done: int = 0
    eta: float | None = None

    @property
    def teaching(self) -> bool:
        return bool(self.category or self.verdicts)

    def took(self, upload: str | None) -> bool:
        """Whether its feed was this upload."""
        return upload is not None and self.upload is not None and self.upload.partition(".")[0] == upload

    @property
    def mapping(self) -> Mapping[str, str]:
        return dict(json.loads(self.columns))

    @property
    def reading(self) -> Mapping[str, str]:
        """As of a `Submission`."""
        return teaching_columns(self.mapping, self.category, self.asked) if self.category else self.mapping

    @property
    def asked(self) -> Mapping[str, str]:
        """The columns of the attributes that are to be taught."""
        return dict(json.loads(self.attributes))

    @property
    def outcome(self) -> dict[str, Any] | None:
        return dict(json.loads(self.taught)) if self.taught else None


SELECT = f"SELECT {', '.join(Record._fields)} FROM jobs"
GIVEN = (*Record._fields[:9], "strict", "replacing", "category", "target", "verdicts", "attributes", "auditing")
INSERT = f"INSERT INTO jobs ({', '.join(GIVEN)}) VALUES ({marks(GIVEN)}) ON CONFLICT (key) DO NOTHING"


class JobTable:
    """Threads may share it, and so may processes. Raises StateDamaged and DiskFull."""

    def __init__(self, place: StorePlace) -> None:
        self.file = open_store(place, SCHEMA, "jobs, their failed rows and uploads", added=ADDED)

    def close(self) -> None:
        self.file.close()

    def add(self, record: Record, taken: str | None = None) -> bool:
        """False, and nothing is added, if there is a job with its key. taken: the upload that is then the job's."""
        with self.file.transaction() as db:
            added = bool(db.execute(INSERT, [getattr(record, name) for name in GIVEN]).rowcount)
            if added and taken:
                db.execute("DELETE FROM uploads WHERE id = ?", (taken,))
            return added

    def only(self, wanted: Record) -> str:
        """The id of a job without a feed: one of its kind that is under way, or this one."""
        query = f"SELECT id FROM jobs WHERE {UNFINISHED} AND verdicts = ? AND auditing = ? ORDER BY number LIMIT 1"
        with self.file.transaction() as db:
            found = db.execute(query, (wanted.verdicts, wanted.auditing)).fetchone()
            if found is None:
                db.execute(INSERT, [getattr(wanted, name) for name in GIVEN])
            return found[0] if found else wanted.id

    def get(self, id: str) -> Record:
        """Raises JobNotFound."""
        found = self._select("WHERE id = ?", id)
        if not found:
            raise JobNotFound
        return found[0]

    def with_key(self, key: str) -> Record | None:
        return next(iter(self._select("WHERE key = ?", key)), None)

    def newest(self, limit: int) -> Sequence[Record]:
        return self._select("ORDER BY number DESC LIMIT ?", limit)

    def unfinished(self) -> Sequence[Record]:
        """The oldest first."""
        return self._select(f"WHERE {UNFINISHED} ORDER BY number")

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state."""
        with self.file.use() as db:
            found = dict(db.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
        return {state: found.get(state, 0) for state in get_args(State)}

    def take(self, worker: str) -> Record | None:
        """The job to work on next, from now on a running one of this worker: one that was cut off, or the one that
        waits longest.
        """
        now = self.file.now()
        free = "(state = 'queued' OR state = 'running' AND (worker = ? OR alive < ?))"
        with self.file.transaction() as db:
            first = f"{SELECT} WHERE {free} ORDER BY number LIMIT 1"
            found = db.execute(first, (worker, now - LEASE_SECONDS)).fetchone()
            if found is None:
                return None
            started = (
                "UPDATE jobs SET state = 'running', total = NULL, started = coalesce(started, ?), worker = ?, alive = ?"
                " WHERE id = ?"
            )
            db.execute(started, (now, worker, now, found[0]))
            return _record(found)._replace(worker=worker)

    def renew(self, record: Record, done: int = 0, eta: float | None = None) -> bool:
        """Say that the worker is alive. False where another one has the job. done, eta: as of a `Record`."""
        query = "UPDATE jobs SET alive = ?, done = ?, eta = ? WHERE id = ? AND worker = ?"
        now = self.file.now()
        with self.file.use() as db:
            return bool(db.execute(query, (now, done, eta, record.id, record.worker)).rowcount)

    def release(self, worker: str | None = None) -> None:
        """Whoever is next may take the worker's job at once. None: of all workers, which are known to have ended."""
        theirs = "" if worker is None else " AND worker = ?"
        values = () if worker is None else (worker,)
        self._write(f"UPDATE jobs SET alive = 0, worker = '' WHERE state = 'running'{theirs}", *values)

    def cancel(self, id: str) -> Record:
        """A job that waits has then ended; one that runs is to. -> as it was. Raises JobNotFound or JobFinished."""
        with self.file.transaction() as db:
            found = db.execute(f"{SELECT} WHERE id = ?", (id,)).fetchone()
            if found is None:
                raise JobNotFound
            record = _record(found)
            if record.state == "queued":
                db.execute("UPDATE jobs SET state = 'cancelled', finished = ? WHERE id = ?", (time.time(), record.id))
            elif record.state == "running":
                db.execute("UPDATE jobs SET cancelling = 1 WHERE id = ?", (record.id,))
            else:
                raise JobFinished
            return record

    def begun(self, id: str, run: int) -> None:
        self._write("UPDATE jobs SET run = ? WHERE id = ?", run, id)

    def counted(self, id: str, total: int) -> None:
        self._write("UPDATE jobs SET total = ? WHERE id = ?", total, id)

    def learnt(self, id: str, taught: Mapping[str, Any]) -> None:
        self._write("UPDATE jobs SET taught = ? WHERE id = ?", json.dumps(taught), id)

    def finish(self, record: Record, state: State, error: ErrorDetail | None = None) -> bool:
        """False, and nothing is changed, where another worker has the job."""
        written = error.model_dump_json() if error else None
        query = "UPDATE jobs SET state = ?, error = ?, finished = ? WHERE id = ? AND worker = ?"
        with self.file.use() as db:
            return bool(db.execute(query, (state, written, time.time(), record.id, record.worker)).rowcount)

    def beyond(self, kept: int) -> Sequence[Record]:
        """Finished jobs but for the newest."""
        return self._select(f"WHERE NOT ({UNFINISHED}) ORDER BY number DESC LIMIT ? OFFSET ?", ALL, kept)

    def forget(self, id: str) -> None:
        self._write("DELETE FROM jobs WHERE id = ?", id)

    def erase_names(self) -> None:
        """Forget what the files of ended jobs were called, and the products that taught models are in doubt of: these
        may speak of the product. Gone from the disk once the file's log was emptied.
        """
        with self.file.transaction() as db:
            found = db.execute("SELECT id, taught FROM jobs WHERE taught IS NOT NULL").fetchall()
            without = [(json.dumps(json.loads(taught) | {"confusions": [], "doubts": []}), id) for id, taught in found]
            db.executemany("UPDATE jobs SET taught = ? WHERE id = ?", without)
            erased = f"UPDATE jobs SET source = ? WHERE upload IS NOT NULL AND NOT ({UNFINISHED})"
            db.execute(erased, (ERASED,))

    def _select(self, rest: str, *values: Any) -> list[Record]:
        with self.file.use() as db:
            return [_record(row) for row in db.execute(f"{SELECT} {rest}", values)]

    def _write(self, query: str, *values: Any) -> None:
        with self.file.use() as db:
            db.execute(query, values)


def learning(table: JobTable) -> str:
    """The id of the job that learns from verdicts: one under way, or a new one."""
    return table.only(_without_feed(VERDICTS)._replace(verdicts=1))


def auditing(table: JobTable) -> str:
    """The id of the job that audits what is stored: one under way, or a new one."""
    return table.only(_without_feed(AUDIT)._replace(auditing=1))


def _without_feed(source: str) -> Record:
    return Record(uuid.uuid4().hex, None, "", source, None, "{}", 0, time.time())


def _record(row: Sequence[Any]) -> Record:
    """Raises Unsealed for what was never written so."""
    record = typed(Record(*row))
    for seconds in (record.created, record.started, record.finished):
        moment(seconds or 0.0)
    try:
        record.mapping, record.asked  # noqa: B018  (they raise)
        if record.outcome and not isinstance(record.outcome.get("failed"), dict):
            raise Unsealed
        if record.error:
            ErrorDetail.model_validate_json(record.error)
    except (TypeError, ValueError):
        raise Unsealed from None
    return record
