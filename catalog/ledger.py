"""What a bulk ingest has done so far, in one SQLite file, so that a run that was cut off goes on where it stopped.

A run is one feed going into one index. After each chunk has been stored, one transaction records how far the feed has
been read, what became of the rows, and every row that failed: never before the index holds the chunk, so a crash at any
moment repeats that chunk at most, and repeating changes nothing.
"""

import hashlib
import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from catalog.database import in_our_words, open_database, transaction
from catalog.disk import written_whole
from catalog.errors import LedgerDamaged

State = Literal["running", "complete", "cancelled", "failed"]
PAGE = 1024 * 1024

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
    content TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS failures_of_run ON failures (run);
"""


class Failure(NamedTuple):
    """A row that was not stored: its line in the feed, the id it gave, why, and the row itself as the feed had it."""

    line: int
    id: str
    code: str
    reason: str
    row: Mapping[str, Any]


@dataclass
class Tally:
    """How many rows came to what. outcomes: added, updated, offer_updated, unchanged, failed; codes: of the failures;
    categories and review: of the products that were understood.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    understood: int = 0
    unsure: int = 0

    @property
    def rows(self) -> int:
        return self.outcomes.total()

    def to_json(self) -> str:
        return json.dumps(vars(self))

    @classmethod
    def from_json(cls, text: str) -> "Tally":
        fields = json.loads(text)
        return cls(
            Counter(fields["outcomes"]),
            Counter(fields["codes"]),
            Counter(fields["categories"]),
            fields["understood"],
            fields["unsure"],
        )


def state_folder(index: str) -> Path:
    """Where what belongs to an index, but not in it, is kept: in its folder, or for a cluster in the user's own."""
    if "://" not in index:
        return Path(index)
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "shelflens" / hashlib.sha256(index.encode()).hexdigest()[:16]


def ledger_path(index: str) -> Path:
    return state_folder(index) / "ledger.sqlite"


class Ledger:
    """The runs of one ledger file. Used by one thread at a time; raises LedgerDamaged and DiskFull."""

    def __init__(self, path: Path) -> None:
        with _our_words():
            self._db = open_database(path, SCHEMA)

    def close(self) -> None:
        self._db.close()

    def begin(self, feed: str, index_identity: str) -> "Run":
        """The unfinished run of this feed into this index, or a new one."""
        with _our_words():
            found = self._db.execute(
                "SELECT id, position, tally FROM runs WHERE feed = ? AND index_identity = ? AND state != 'complete'"
                " ORDER BY id DESC LIMIT 1",
                (feed, index_identity),
            ).fetchone()
            if found:
                run, position, tally = found
                self._db.execute("UPDATE runs SET state = 'running', finished = NULL WHERE id = ?", (run,))
                return Run(self._db, run, position, Tally.from_json(tally))
            tally = Tally()
            row = (feed, index_identity, "running", 0, tally.to_json(), time.time())
            inserted = self._db.execute(
                "INSERT INTO runs (feed, index_identity, state, position, tally, started) VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            return Run(self._db, int(inserted.lastrowid or 0), 0, tally)

    def run(self, number: int) -> "Run | None":
        """As it now stands, to be read while another process or thread goes on with it."""
        with _our_words():
            found = self._db.execute("SELECT position, tally, state FROM runs WHERE id = ?", (number,)).fetchone()
        return Run(self._db, number, found[0], Tally.from_json(found[1]), found[2] == "complete") if found else None

    def forget(self, number: int) -> None:
        with _our_words(), transaction(self._db):
            self._db.execute("DELETE FROM failures WHERE run = ?", (number,))
            self._db.execute("DELETE FROM runs WHERE id = ?", (number,))


class Run:
    """One run. position: how many rows of the feed are dealt with; tally: what became of them; complete: all are."""

    def __init__(
        self, db: sqlite3.Connection, number: int, position: int, tally: Tally, complete: bool = False
    ) -> None:
        self._db, self.number, self.position, self.tally, self.complete = db, number, position, tally, complete

    def commit(self, position: int, tally: Tally, failures: Sequence[Failure]) -> None:
        """Record a stored chunk, all of it or nothing."""
        rows = [(self.number, f.line, f.id, f.code, f.reason, json.dumps(f.row)) for f in failures]
        with _our_words(), transaction(self._db):
            self._db.executemany("INSERT INTO failures VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._db.execute(
                "UPDATE runs SET position = ?, tally = ? WHERE id = ?", (position, tally.to_json(), self.number)
            )
        self.position, self.tally = position, tally

    def end(self, state: State) -> None:
        with _our_words():
            self._db.execute("UPDATE runs SET state = ?, finished = ? WHERE id = ?", (state, time.time(), self.number))
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
        found, size = list[Failure](), 0
        with _our_words():
            rows = self._db.execute(
                "SELECT rowid, line, product, code, reason, content FROM failures WHERE run = ? AND rowid > ?"
                " ORDER BY rowid",
                (self.number, after),
            )
            for place, line, product, code, reason, content in rows:
                found.append(Failure(line, product, code, reason, json.loads(content)))
                size += len(content)
                if size >= characters:
                    return found, place
        return found, None


def _our_words() -> AbstractContextManager[None]:
    return in_our_words(LedgerDamaged)


def write_dead_letters(path: Path, failures: Iterable[Failure]) -> None:
    """One JSON object a line. Corrected in `row`, the file is a feed of its own: only those rows come in again."""
    with written_whole(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(map(dead_letter, failures))


def dead_letter(failure: Failure) -> str:
    return json.dumps(failure._asdict(), ensure_ascii=False) + "\n"
