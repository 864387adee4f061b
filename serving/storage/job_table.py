"""The jobs that were accepted, in SQLite. How far each has come is the ledger's to know, in the same file."""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from catalog.storage.seal import Unsealed, moment, typed
from catalog.storage.sqlite import Column, StateFile, transaction
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
]
State = Literal["queued", "running", "complete", "failed", "cancelled"]
ERASED, VERDICTS, AUDIT = "(erased)", "(verdicts)", "(audit)"  # in place of a feed's name
UNFINISHED = "state IN ('queued', 'running')"


class Record(NamedTuple):
    """A row of the table. upload: the name of the file that came along; without one, `source` is a path below the
    folder of feeds. encoding: of the feed, "" where it is to be recognised. cancelling: to be stopped by whoever works
    on it. run: its number in the ledger. replacing: whether products that the feed no longer has are to be taken out.
    category, target, attributes (as JSON): see `Submission`; taught: what came of it, as JSON. verdicts: whether it
    learns from verdicts, auditing: whether it audits what is stored; neither has a feed.
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


class JobTable:
    """Threads may share it, and so may processes. Raises StateDamaged and DiskFull."""

    def __init__(self, path: Path) -> None:
        self.file = StateFile(path, SCHEMA, "jobs, their failed rows and uploads", added=ADDED)

    def close(self) -> None:
        self.file.close()

    def add(self, record: Record, taken: str | None = None) -> bool:
        """False, and nothing is added, if there is a job with its key. taken: the upload that is then the job's."""
        marks = ", ".join("?" * len(GIVEN))
        with self.file.use() as db, transaction(db):
            added = db.execute(
                f"INSERT INTO jobs ({', '.join(GIVEN)}) VALUES ({marks}) ON CONFLICT (key) DO NOTHING",
                [getattr(record, name) for name in GIVEN],
            )
            if added.rowcount and taken:
                db.execute("DELETE FROM uploads WHERE id = ?", (taken,))
            return added.rowcount > 0

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
            found = dict(db.execute("SELECT state, count(*) FROM jobs GROUP BY state"))
        return {state: found.get(state, 0) for state in get_args(State)}

    def take(self) -> Record | None:
        """The job to work on next, from now on a running one: one that was cut off, or the one that waits longest."""
        with self.file.use() as db, transaction(db):
            found = db.execute(f"{SELECT} WHERE {UNFINISHED} ORDER BY number LIMIT 1").fetchone()
            if found is None:
                return None
            started = "UPDATE jobs SET state = 'running', total = NULL, started = coalesce(started, ?) WHERE id = ?"
            db.execute(started, (time.time(), found[0]))
            return _record(found)

    def cancel(self, id: str) -> Record:
        """A job that waits has then ended; one that runs is to. -> as it was. Raises JobNotFound or JobFinished."""
        with self.file.use() as db, transaction(db):
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

    def finish(self, id: str, state: State, error: ErrorDetail | None = None) -> None:
        written = error.model_dump_json() if error else None
        query = "UPDATE jobs SET state = ?, error = ?, finished = ? WHERE id = ?"
        self._write(query, state, written, time.time(), id)

    def beyond(self, kept: int) -> Sequence[Record]:
        """Finished jobs but for the newest."""
        return self._select(f"WHERE NOT {UNFINISHED} ORDER BY number DESC LIMIT -1 OFFSET ?", kept)

    def forget(self, id: str) -> None:
        self._write("DELETE FROM jobs WHERE id = ?", id)

    def erase_names(self) -> None:
        """Forget what the files of ended jobs were called, and the products that taught models are in doubt of: these
        may speak of the product. Gone from the disk once the file's log was emptied.
        """
        without = "json_set(taught, '$.confusions', json('[]'), '$.doubts', json('[]'))"
        self._write(f"UPDATE jobs SET taught = {without} WHERE taught IS NOT NULL")
        self._write(f"UPDATE jobs SET source = ? WHERE upload IS NOT NULL AND NOT {UNFINISHED}", ERASED)

    def _select(self, rest: str, *values: Any) -> list[Record]:
        with self.file.use() as db:
            return [_record(row) for row in db.execute(f"{SELECT} {rest}", values)]

    def _write(self, query: str, *values: Any) -> None:
        with self.file.use() as db:
            db.execute(query, values)


def learning(table: JobTable) -> str:
    """The id of the job that learns from verdicts: one under way, or a new one."""
    return _only(table, _without_feed(VERDICTS)._replace(verdicts=1))


def auditing(table: JobTable) -> str:
    """The id of the job that audits what is stored: one under way, or a new one."""
    return _only(table, _without_feed(AUDIT)._replace(auditing=1))


def _without_feed(source: str) -> Record:
    return Record(uuid.uuid4().hex, None, "", source, None, "{}", 0, time.time())


def _only(table: JobTable, wanted: Record) -> str:
    for record in table.unfinished():
        if (record.verdicts, record.auditing) == (wanted.verdicts, wanted.auditing):
            return record.id
    table.add(wanted)
    return wanted.id


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
