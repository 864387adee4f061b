"""What a bulk ingest has done so far, so that a run that was cut off goes on where it stopped.

A run is one feed going into one index. After each chunk has been stored, one transaction records how far the feed has
been read, what became of the rows, and every row that failed: never before the index holds the chunk, so a crash at any
moment repeats that chunk at most, and repeating changes nothing.
"""

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from catalog.errors import CatalogError, LedgerDamaged, LedgerTaken
from catalog.links import without_password
from catalog.storage.database import StateStore, StorePlace, inserted_id, open_store
from catalog.storage.files import written_whole
from catalog.storage.seal import Unsealed, sealed, typed, unsealed

State = Literal["running", "complete", "cancelled", "failed"]
PAGE = 1024 * 1024
ROWS_AT_ONCE = 1_000
MAX_WARNINGS = 20_000  # that are kept of each code; the tally counts them all

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    feed TEXT NOT NULL,
    index_identity TEXT NOT NULL,
    state TEXT NOT NULL,
    position INTEGER NOT NULL,
    tally TEXT NOT NULL,
    started REAL NOT NULL,
    finished REAL
);
CREATE INDEX IF NOT EXISTS runs_of_feed ON runs (feed, index_identity);
CREATE TABLE IF NOT EXISTS failures (
    run INTEGER NOT NULL REFERENCES runs (id),
    line INTEGER NOT NULL,
    product TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    content TEXT NOT NULL,
    rowid INTEGER PRIMARY KEY
);
CREATE INDEX IF NOT EXISTS failures_of_run ON failures (run);
CREATE TABLE IF NOT EXISTS warnings (
    run INTEGER NOT NULL REFERENCES runs (id),
    line INTEGER NOT NULL,
    product TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    rowid INTEGER PRIMARY KEY
);
CREATE INDEX IF NOT EXISTS warnings_of_run ON warnings (run);
"""
WARNED = "run, line, product, code, reason"


class Failure(NamedTuple):
    """A row that was not stored: its line in the feed, the id it gave, why, and the row itself as the feed had it."""

    line: int
    id: str
    code: str
    reason: str
    row: Mapping[str, Any]


class Warned(NamedTuple):
    """What a product was stored without, as a `Failure` has it."""

    line: int
    id: str
    code: str
    reason: str


@dataclass
class Tally:
    """How many rows came to what. outcomes: added, updated, offer_updated, unchanged, failed; codes: of the failures;
    categories and review: of the products that were understood; warnings: codes of what products were stored without;
    removed: products that the feed no longer had.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    understood: int = 0
    unsure: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    removed: int = 0

    @property
    def rows(self) -> int:
        return self.outcomes.total()

    def to_json(self) -> str:
        return sealed(json.dumps(vars(self)))

    @classmethod
    def from_json(cls, text: str) -> "Tally":
        """Raises Unsealed."""
        fields = json.loads(unsealed(text))
        try:
            return typed(
                cls(
                    Counter(fields["outcomes"]),
                    Counter(fields["codes"]),
                    Counter(fields["categories"]),
                    fields["understood"],
                    fields["unsure"],
                    Counter(fields.get("warnings", {})),
                    fields.get("removed", 0),
                )
            )
        except (AttributeError, KeyError, TypeError):
            raise Unsealed from None


def state_folder(index: str) -> Path:
    """Where what belongs to an index, but not in it, is kept: in its folder, or for a cluster in the user's own."""
    if "://" not in index:
        return Path(index)
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "shelflens" / hashlib.sha256(without_password(index).encode()).hexdigest()[:16]


def ledger_path(index: str) -> Path:
    return state_folder(index) / "ledger.sqlite"


class Ledger:
    """The runs of one ledger. Used by one thread at a time; raises DiskFull and `damaged`.

    folder: of its file, None where it is in a database.
    """

    def __init__(self, place: StorePlace, damaged: type[CatalogError] = LedgerDamaged) -> None:
        self.folder = place.parent if isinstance(place, Path) else None
        self.file = open_store(place, SCHEMA, "how far ingests came, and the rows that failed", damaged)

    def close(self) -> None:
        self.file.close()

    def begin(self, feed: str, index_identity: str) -> "Run":
        """The unfinished run of this feed into this index, or a new one."""
        with self.file.transaction() as db:
            found = db.execute(
                "SELECT id, position, tally FROM runs WHERE feed = ? AND index_identity = ? AND state != 'complete'"
                " ORDER BY id DESC LIMIT 1",
                (feed, index_identity),
            ).fetchone()
            if found:
                run, position, tally = found
                db.execute("UPDATE runs SET state = 'running', finished = NULL WHERE id = ?", (run,))
                return Run(self.file, run, position, Tally.from_json(tally))
            tally = Tally()
            row = (feed, index_identity, "running", 0, tally.to_json(), time.time())
            inserted = db.execute(
                "INSERT INTO runs (feed, index_identity, state, position, tally, started) VALUES (?, ?, ?, ?, ?, ?)"
                " RETURNING id",
                row,
            )
            return Run(self.file, inserted_id(inserted), 0, tally)

    def run(self, number: int) -> "Run | None":
        """As it now stands, to be read while another process or thread goes on with it."""
        with self.file.use() as db:
            found = db.execute("SELECT position, tally, state FROM runs WHERE id = ?", (number,)).fetchone()
            if found is None:
                return None
            return Run(self.file, number, found[0], Tally.from_json(found[1]), found[2] == "complete")

    def forget(self, number: int) -> None:
        with self.file.transaction() as db:
            db.execute("DELETE FROM failures WHERE run = ?", (number,))
            db.execute("DELETE FROM warnings WHERE run = ?", (number,))
            db.execute("DELETE FROM runs WHERE id = ?", (number,))

    def erase(self, product_ids: Sequence[str]) -> None:
        """Forget the failed rows and warnings of products, which leave the disk once the file's log was emptied."""
        with self.file.use() as db:
            for table in ("failures", "warnings"):
                db.executemany(f"DELETE FROM {table} WHERE product = ?", [(id,) for id in product_ids])


class Run:
    """One run. position: how many rows of the feed are dealt with; tally: what became of them; complete: all are."""

    def __init__(self, file: StateStore, number: int, position: int, tally: Tally, complete: bool = False) -> None:
        self._file, self.number, self.position, self.tally, self.complete = file, number, position, tally, complete

    def commit(self, position: int, tally: Tally, failures: Sequence[Failure], warnings: Sequence[Warned] = ()) -> None:
        """Record a stored chunk, all of it or nothing. Raises LedgerTaken if another process has gone on with it."""
        many = {code for code, count in self.tally.warnings.items() if count >= MAX_WARNINGS}
        told = [(self.number, *one) for one in warnings if one.code not in many]
        rows = [(self.number, f.line, f.id, f.code, f.reason, sealed(json.dumps(f.row))) for f in failures]
        with self._file.transaction() as db:
            there = db.execute("SELECT position FROM runs WHERE id = ?", (self.number,)).fetchone()
            if there != (self.position,):
                raise LedgerTaken
            db.executemany(f"INSERT INTO failures ({WARNED}, content) VALUES (?, ?, ?, ?, ?, ?)", rows)
            db.executemany(f"INSERT INTO warnings ({WARNED}) VALUES (?, ?, ?, ?, ?)", told)
            db.execute("UPDATE runs SET position = ?, tally = ? WHERE id = ?", (position, tally.to_json(), self.number))
        self.position, self.tally = position, tally

    def end(self, state: State) -> None:
        ended = "UPDATE runs SET state = ?, finished = ? WHERE id = ? AND position = ?"
        with self._file.use() as db:
            db.execute(ended, (state, time.time(), self.number, self.position))
        self.complete = state == "complete"

    def failures(self) -> Iterator[Failure]:
        """In the order of the feed."""
        after: int | None = 0
        while after is not None:
            found, after = self.some_failures(after)
            yield from found

    def some_failures(self, after: int = 0, characters: int = PAGE) -> tuple[list[Failure], int | None]:
        """The failures behind a place (0: from the first), about so many characters of rows, and the place to go on
        from, None at the end.
        """
        found, size, place = list[Failure](), 0, after
        with self._file.use() as db:
            rows = db.execute(
                "SELECT rowid, line, product, code, reason, content FROM failures WHERE run = ? AND rowid > ?"
                " ORDER BY rowid LIMIT ?",
                (self.number, after, ROWS_AT_ONCE),
            )
            for place, line, product, code, reason, content in rows:
                found.append(typed(Failure(line, product, code, reason, json.loads(unsealed(content)))))
                size += len(content)
                if size >= characters:
                    return found, place
        return found, place if len(found) == ROWS_AT_ONCE else None

    def warnings(self) -> Iterator[Warned]:
        """In the order of the feed, the first MAX_WARNINGS of each code or a chunk more."""
        after = 0
        while found := self.some_warnings(after):
            yield from (one for _, one in found)
            after = found[-1][0]

    def some_warnings(self, after: int = 0, limit: int = 1_000) -> list[tuple[int, Warned]]:
        """The warnings behind a place (0: from the first), each with its place."""
        with self._file.use() as db:
            rows = db.execute(
                "SELECT rowid, line, product, code, reason FROM warnings WHERE run = ? AND rowid > ?"
                " ORDER BY rowid LIMIT ?",
                (self.number, after, limit),
            )
            return [(place, typed(Warned(*rest))) for place, *rest in rows]


def write_dead_letters(path: Path, failures: Iterable[Failure]) -> None:
    """One JSON object a line. Corrected in `row`, the file is a feed of its own: only those rows come in again."""
    write_lines(path, failures)


def write_lines(path: Path, rows: Iterable[Failure | Warned]) -> None:
    with written_whole(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(map(line_of, rows))


def line_of(row: Failure | Warned) -> str:
    return json.dumps(row._asdict(), ensure_ascii=False) + "\n"
