"""What audits have found, and what people said of it: the findings of the last run, the verdicts of all time and the
figures of each run.
"""

import json
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import combinations
from typing import Any, Literal, NamedTuple

from catalog.errors import CorrectionInvalid
from catalog.index.backend import in_chunks
from catalog.model.contract import Outcome
from catalog.quality.audit.merging import CODE, contract, is_promised
from catalog.quality.finding import KINDS, Evidence, Finding
from catalog.storage.database import IDS_AT_ONCE, StorePlace, inserted_id, marks, open_store
from catalog.storage.seal import Unsealed, moment, typed
from catalog.storage.sqlite import Renamed

NAME = "audits.sqlite"  # in the state folder
SCHEMA = """
CREATE TABLE IF NOT EXISTS audits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created REAL NOT NULL,
    products INTEGER NOT NULL,
    figures TEXT NOT NULL,
    counts TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS staged (
    id TEXT PRIMARY KEY, code TEXT NOT NULL, grade INTEGER NOT NULL, probability REAL NOT NULL, document TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS staged_about (product TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (product, id))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gone (product TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS findings (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, code TEXT NOT NULL, document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS findings_of_code ON findings (code, number);
CREATE TABLE IF NOT EXISTS verdicts (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    value TEXT NOT NULL,
    given_by TEXT NOT NULL,
    created REAL NOT NULL,
    document TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS about (product TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (product, id)) WITHOUT ROWID;
"""
State = Literal["open", "accepted", "corrected", "dismissed"]
Verdict = Literal["accepted", "corrected", "dismissed"]
Place = tuple[float, str]  # among the verdicts: when the last of a part was given, and its id
FIRST: Place = (0.0, "")
TOGETHER = ("duplicate", "variant", "duplicate_perhaps")  # codes of what is of products together, and of no field
STAGED_AT_ONCE = 1_000
ALL = 2**63 - 1
AUDITING = ""  # among the products that are gone: an audit has begun, which may have read them
NOT_WRITTEN = frozenset(("Cc", "Cs", "Zl", "Zp"))  # of Unicode: controls, halves of characters, ends of lines
SHOWN = "SELECT f.number, f.document, coalesce(v.state, 'open'), v.value, v.given_by, v.created"
JOINED = "FROM findings f LEFT JOIN verdicts v ON v.id = f.id"
PATCHED = "SELECT 0, document, state, value, given_by, created FROM verdicts"
IN_PLACE = (
    "ON CONFLICT (id) DO UPDATE SET code = excluded.code, grade = excluded.grade, probability = excluded.probability,"
    " document = excluded.document"
)
# What may be of duplicates: the document is JSON as `json.dumps` writes it.
OF_DUPLICATES = f"""document LIKE '%"code": "{CODE}"%'"""


class Run(NamedTuple):
    """created: seconds since 1970; figures: of the checks, by name; counts: by code, of what nobody had dismissed."""

    id: int
    created: float
    products: int
    figures: Mapping[str, float]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Told:
    """A finding with what was said of it. number: its place, the gravest first. value: what a person wrote in place of
    the proposal, or ""; given_by: the name of the API key; created: seconds since 1970, of the verdict. auto: an open
    one that is promised, and so taken for accepted.
    """

    number: int
    finding: Finding
    state: State
    value: str = ""
    given_by: str = ""
    created: float | None = None
    auto: bool = False


class History:
    """Threads may share one. Raises StateDamaged and DiskFull."""

    def __init__(self, place: StorePlace) -> None:
        renamed = Renamed("audits", "runs")
        self.file = open_store(place, SCHEMA, "findings of the audits and what was said of them", added=[renamed])

    def begin(self) -> None:
        """A new run. What an earlier one that did not end has staged is dropped."""
        with self.file.transaction() as db:
            for table in ("staged", "staged_about", "gone"):
                db.execute(f"DELETE FROM {table}")
            db.execute("INSERT INTO gone VALUES (?)", (AUDITING,))

    def stage(self, findings: Iterable[Finding]) -> None:
        """Keep findings of the run that has begun. Nobody sees them until it is finished."""
        grades = {code: grade for grade, code in enumerate(KINDS)}
        for some in in_chunks(findings, STAGED_AT_ONCE):
            with self.file.transaction() as db:
                gone = {product for (product,) in db.execute("SELECT product FROM gone")} - {AUDITING}
                kept = [one for one in some if gone.isdisjoint((one.product, *one.others))]
                rows = [(one.id, one.code, grades[one.code], one.probability, _document(one)) for one in kept]
                db.executemany(f"INSERT INTO staged VALUES (?, ?, ?, ?, ?) {IN_PLACE}", rows)
                about = [(product, one.id) for one in kept for product in (one.product, *one.others) if product]
                db.executemany("INSERT INTO staged_about VALUES (?, ?) ON CONFLICT DO NOTHING", about)

    def finish(self, products: int, figures: Mapping[str, float]) -> Run:
        """Put what was staged in place of the findings of the run before."""
        with self.file.transaction() as db:
            db.execute("DELETE FROM findings")
            db.execute(
                "INSERT INTO findings (number, id, code, document)"
                " SELECT row_number() OVER (ORDER BY grade, probability DESC, id), id, code, document FROM staged"
            )
            db.execute("DELETE FROM about WHERE id NOT IN (SELECT id FROM verdicts)")
            # WHERE, or SQLite takes ON for the condition of a join.
            staged = "SELECT product, id FROM staged_about WHERE id IN (SELECT id FROM staged)"
            db.execute(f"INSERT INTO about {staged} ON CONFLICT DO NOTHING")
            for table in ("staged", "staged_about", "gone"):
                db.execute(f"DELETE FROM {table}")
            undismissed = "coalesce(v.state, 'open') != 'dismissed'"
            rows = db.execute(f"SELECT f.code, count(*) {JOINED} WHERE {undismissed} GROUP BY 1").fetchall()
            run = Run(0, time.time(), products, dict(figures), dict(rows))
            kept = db.execute(
                "INSERT INTO audits (created, products, figures, counts) VALUES (?, ?, ?, ?) RETURNING id",
                (run.created, products, json.dumps(run.figures), json.dumps(run.counts)),
            )
            return run._replace(id=inserted_id(kept))

    def runs(self, limit: int = 30) -> list[Run]:
        """The newest first."""
        with self.file.use() as db:
            rows = db.execute(
                "SELECT id, created, products, figures, counts FROM audits ORDER BY id DESC LIMIT ?", (limit,)
            )
            return [_run(row) for row in rows]

    def counts(self) -> dict[str, dict[State, int]]:
        """Of the last run's findings, by code and state, the gravest first."""
        found: dict[str, dict[State, int]] = {}
        with self.file.use() as db:
            rows = db.execute(f"SELECT f.code, coalesce(v.state, 'open'), count(*) {JOINED} GROUP BY 1, 2")
            for code, state, count in rows:
                found.setdefault(code, {})[state] = count
        return {code: found[code] for code in KINDS if code in found}

    def page(
        self, state: State | None = "open", code: str = "", product: str = "", after: int = 0, limit: int = 20
    ) -> list[Told]:
        """Findings of the last run behind a number, the gravest first. state: None for all; product: which they are of,
        or tell of.
        """
        wanted, values = ["f.number > ?"], list[Any]([after])
        if state is not None:
            wanted.append("coalesce(v.state, 'open') = ?")
            values.append(state)
        if code:
            wanted.append("f.code = ?")
            values.append(code)
        if product:
            wanted.append("f.id IN (SELECT id FROM about WHERE product = ?)")
            values.append(product)
        query = f"{SHOWN} {JOINED} WHERE {' AND '.join(wanted)} ORDER BY f.number LIMIT ?"
        with self.file.use() as db:
            found = [_told(row) for row in db.execute(query, [*values, limit])]
        return self._promised(found)

    def get(self, id: str) -> Told | None:
        with self.file.use() as db:
            found = [_told(row) for row in db.execute(f"{SHOWN} {JOINED} WHERE f.id = ?", (id,))]
        return next(iter(self._promised(found)), None)

    def merging(self) -> Outcome:
        """From which score duplicates are promised, by all that was ever said of some."""
        with self.file.use() as db:
            judged = [_told(row) for row in db.execute(f"{PATCHED} WHERE {OF_DUPLICATES}")]
        return contract((one.finding, one.state == "accepted") for one in judged if one.finding.code == CODE)

    def _promised(self, found: list[Told]) -> list[Told]:
        if not any(one.state == "open" and one.finding.code == CODE for one in found):
            return found
        outcome = self.merging()
        return [replace(one, auto=one.state == "open" and is_promised(one.finding, outcome)) for one in found]

    def judge(self, id: str, verdict: Verdict, value: str = "", given_by: str = "") -> Told | None:
        """Say what is to be done about a finding, in place of what was said before. None where it is unknown. Raises
        CorrectionInvalid for a value of which no cell of a feed can be made.
        """
        check_value(value)
        with self.file.transaction() as db:
            found = db.execute("SELECT document FROM findings WHERE id = ?", (id,)).fetchone()
            if found is None:
                return None
            row = (id, verdict, value, given_by, time.time(), found[0])
            db.execute("DELETE FROM verdicts WHERE id = ?", (id,))
            db.execute("INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?)", row)
        return self.get(id)

    def reopen(self, id: str) -> bool:
        """Take back what was said. False where nothing was."""
        with self.file.use() as db:
            return db.execute("DELETE FROM verdicts WHERE id = ?", (id,)).rowcount > 0

    def told_apart(self, products: Sequence[str]) -> set[frozenset[str]]:
        """The pairs with one of these products of which a person has said that they are no doubles."""
        together: list[Finding] = []
        with self.file.use() as db:
            for ids in in_chunks(products, IDS_AT_ONCE):
                about = f"id IN (SELECT id FROM about WHERE product IN ({marks(ids)}))"
                rows = db.execute(f"{PATCHED} WHERE state = 'dismissed' AND {about}", ids)
                together += [_told(row).finding for row in rows]
        return {
            frozenset(pair)
            for one in together
            if one.code in TOGETHER
            for pair in combinations((one.product, *one.others), 2)
        }

    def together(self, products: Sequence[str]) -> list[Told]:
        """The last run's findings that tell of one of these products and another as one, or as variants, and that
        nobody has dismissed.
        """
        found: dict[int, Told] = {}
        with self.file.use() as db:
            for ids in in_chunks(products, IDS_AT_ONCE):
                about = f"f.id IN (SELECT id FROM about WHERE product IN ({marks(ids)}))"
                kinds = f"f.code IN ({marks(TOGETHER)}) AND coalesce(v.state, 'open') != 'dismissed'"
                rows = db.execute(f"{SHOWN} {JOINED} WHERE {about} AND {kinds}", (*ids, *TOGETHER))
                found |= {one.number: one for one in map(_told, rows)}
        return [found[number] for number in sorted(found)]

    def corrections(self) -> list[Told]:
        """What is promised of the last run's findings, and what was accepted or corrected at any time, the oldest
        first.
        """
        return self.some_corrections(limit=ALL)[0]

    def some_corrections(self, after: Place = FIRST, limit: int = 1_000) -> tuple[list[Told], Place | None]:
        """A part of them, and the place to go on from, None at the end. What is promised comes with the first part."""
        query = f"{PATCHED} WHERE state IN ('accepted', 'corrected') AND (created, id) > (?, ?) ORDER BY created, id"
        with self.file.use() as db:
            told = [_told(row) for row in db.execute(f"{query} LIMIT ?", (*after, limit))]
        place = (told[-1].created or 0.0, told[-1].finding.id) if len(told) == limit else None
        return (self._unseen() if after == FIRST else []) + told, place

    def _unseen(self) -> list[Told]:
        """What is promised of the last run's findings, and nobody has judged."""
        query = f"{SHOWN} {JOINED} WHERE f.code = '{CODE}' AND v.state IS NULL ORDER BY f.number"
        with self.file.use() as db:
            found = [_told(row) for row in db.execute(query)]
        return [one for one in self._promised(found) if one.auto]

    def forget(self, products: Sequence[str], verdicts: bool = False) -> None:
        """Leave out what tells of products that are gone. verdicts: also what was said of that."""
        with self.file.transaction() as db:
            auditing = db.execute("SELECT 1 FROM gone WHERE product = ?", (AUDITING,)).fetchone()
            for id in products:
                if auditing:
                    db.execute("INSERT INTO gone VALUES (?) ON CONFLICT DO NOTHING", (id,))
                staged = "IN (SELECT id FROM staged_about WHERE product = ?)"
                db.execute(f"DELETE FROM staged WHERE id {staged}", (id,))
                about = "IN (SELECT id FROM about WHERE product = ?)"
                db.execute(f"DELETE FROM findings WHERE id {about}", (id,))
                if verdicts:
                    db.execute(f"DELETE FROM verdicts WHERE id {about}", (id,))
                    db.execute("DELETE FROM about WHERE product = ?", (id,))
                    db.execute("DELETE FROM staged_about WHERE product = ?", (id,))

    def close(self) -> None:
        self.file.close()


def check_value(value: str) -> None:
    """Raises CorrectionInvalid."""
    if any(unicodedata.category(letter) in NOT_WRITTEN for letter in value):
        raise CorrectionInvalid


def _run(row: Sequence[Any]) -> Run:
    """Raises Unsealed for what was never written so."""
    id, created, products, *documents = row
    figures, counts = map(json.loads, documents)
    run = typed(Run(id, moment(created), products, figures, counts))
    whole = all(isinstance(count, int) for count in counts.values())
    if not whole or not all(isinstance(figure, int | float) for figure in figures.values()):
        raise Unsealed
    return run


def _evidence(*fields: Any) -> Evidence:
    found = Evidence(*fields)
    return found._replace(values=tuple(found.values))


def _document(finding: Finding) -> str:
    return json.dumps({field.name: getattr(finding, field.name) for field in fields(finding)})


def _told(row: Sequence[Any]) -> Told:
    """Raises Unsealed for what was never written so."""
    number, document, state, value, given_by, created = row
    try:
        known = json.loads(document)
        evidence = tuple(typed(_evidence(*one)) for one in known.pop("evidence"))
        probability, others = float(known.pop("probability")), tuple(known.pop("others"))
        finding = typed(Finding(**known, probability=probability, others=others, evidence=evidence))
    except (TypeError, KeyError, AttributeError, ValueError):
        raise Unsealed from None
    is_sound = finding.code in KINDS and 0 <= probability <= 1 and all(isinstance(id, str) for id in others)
    if not is_sound or (finding.code in TOGETHER and not finding.others):
        raise Unsealed
    since = None if created is None else moment(created)
    return typed(Told(number, finding, state, value or "", given_by or "", since))
