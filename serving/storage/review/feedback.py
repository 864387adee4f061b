"""What people said of the model's answers, kept for good: which verdict counts, and whose contradict each other."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from catalog.index.backend import in_chunks
from catalog.product import CategoryScore, ContentHashes, StoredProduct, Verdict
from catalog.storage.database import IDS_AT_ONCE, Statements, StorePlace, inserted_id, marks, open_store
from catalog.storage.seal import Unsealed, moment, typed
from catalog.storage.sqlite import Column
from serving.storage.review.verdicts import Correction, Feedback, Said, conflicting, seen_in

NAME = "feedback.sqlite"  # in the state folder
Order = Literal["oldest", "newest"]
Unsure = Literal["review", "abstain"]
QueueOrder = Literal["stored", "least_sure", "surest", "informative"]
SCHEMA = """
CREATE TABLE IF NOT EXISTS feedback (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    product TEXT NOT NULL,
    content TEXT NOT NULL,
    verdict TEXT NOT NULL,
    document TEXT NOT NULL,
    created REAL NOT NULL,
    given_by TEXT NOT NULL DEFAULT '',
    batch INTEGER NOT NULL DEFAULT 0,
    settles INTEGER NOT NULL DEFAULT 0,
    conflicting INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS feedback_of_product ON feedback (product, id);
CREATE TABLE IF NOT EXISTS outcome (
    product TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    modalities TEXT NOT NULL,
    about TEXT NOT NULL,
    node TEXT NOT NULL,
    is_right INTEGER NOT NULL
);
"""
ADDED = (  # which an earlier release lacks
    Column("feedback", "given_by", "TEXT NOT NULL DEFAULT ''"),
    *(Column("feedback", name, "INTEGER NOT NULL DEFAULT 0") for name in ("batch", "settles", "conflicting")),
)
# Of several verdicts on one product the last counts.
LAST = "id IN (SELECT max(id) FROM feedback GROUP BY product)"
INSERT = (
    "INSERT INTO feedback (product, content, verdict, document, created, given_by, batch, settles)"
    " VALUES (?,?,?,?,?,?,?,?) RETURNING id"
)
# Those that propose a category: the document is JSON as `json.dumps` writes it, in which no other text has bare quotes.
PROPOSING = """document LIKE '%"proposed_category": "%' AND document NOT LIKE '%"proposed_category": ""%'"""


class FeedbackQuery(NamedTuple):
    """A part of the verdicts. after: the id of the last one of the page before, 0 for the first page; verdict,
    product_id, group: None, "" and 0 restrict nothing; conflicting: only those that conflict; last: of a product's the
    last one alone.
    """

    order: Order = "oldest"
    after: int = 0
    limit: int = 100
    verdict: Verdict | None = None
    product_id: str = ""
    group: int = 0
    conflicting: bool = False
    last: bool = False


class Outcome(NamedTuple):
    """What became of a product that a model accepted unseen. claim: by modalities, kind and first node; right: None if
    nobody says any more.
    """

    model: str
    claim: tuple[str, str, str]
    right: bool | None


class FeedbackLog:
    """Every verdict ever given. Of one person's on a product the last counts, of several persons' the last, unless they
    conflict. Several threads may share one.

    A verdict is on a product as it was: once its words or images change, it counts no more.
    """

    def __init__(self, place: StorePlace) -> None:
        self.file = open_store(place, SCHEMA, "people's verdicts on products", added=ADDED)

    def add(self, stored: StoredProduct, said: Said, now: float, group: int | None = None) -> Feedback:
        """Keep a verdict. One that says what the last one said is that one: a request may come twice. group: that it
        belongs to; 0 begins one.
        """
        seen = seen_in(stored, said.verdict)
        last = self.latest([stored]).get(stored.id)
        if last and last.said == said and _is_on(last, seen):
            return replace(last, title=stored.product.title)
        content, document = _content(stored.hashes), _written(said.comment, said.correction, seen)
        settles = last is not None and last.conflicting
        row = (stored.id, content, said.verdict, document, now, said.given_by, group or 0, settles)
        with self.file.transaction() as db:
            id = inserted_id(db.execute(INSERT, row))
            if group == 0:
                db.execute("UPDATE feedback SET batch = id WHERE id = ?", (id,))
            _find_conflicts(db, stored.id, content)
            (kept,) = db.execute("SELECT * FROM feedback WHERE id = ?", (id,)).fetchall()
        return replace(_from_row(kept), title=stored.product.title)

    def get(self, id: int, group: bool = False) -> list[Feedback]:
        """The verdict, if there is one. group: with those that were given as one with it."""
        found = self._read("SELECT * FROM feedback WHERE id = ?", (id,))
        if group and found and found[0].group:
            return self._read("SELECT * FROM feedback WHERE batch = ? ORDER BY id", (found[0].group,))
        return found

    def remove(self, id: int) -> None:
        """Then what counts of the product is what was said before it, if anything was."""
        with self.file.transaction() as db:
            for product, content in db.execute("SELECT product, content FROM feedback WHERE id = ?", (id,)).fetchall():
                db.execute("DELETE FROM feedback WHERE id = ?", (id,))
                _find_conflicts(db, product, content)

    def latest(self, products: Sequence[StoredProduct]) -> dict[str, Feedback]:
        """For each product the last verdict on it as it now is, by its id."""
        contents = {stored.id: _content(stored.hashes) for stored in products}
        found: dict[str, Feedback] = {}
        with self.file.use() as db:
            for ids in in_chunks(contents, IDS_AT_ONCE):
                query = f"SELECT * FROM feedback WHERE product IN ({marks(ids)}) ORDER BY id"
                rows = db.execute(query, ids)
                found |= {row[1]: _from_row(row) for row in rows if row[2] == contents[row[1]]}
        return found

    def page(self, asked: FeedbackQuery) -> list[Feedback]:
        """The last verdict on each product, whatever became of it since, and those that conflict with it."""
        sign, direction = ("<", "DESC") if asked.order == "newest" else (">", "ASC")
        conditions = {
            "verdict = ?": asked.verdict,
            "product = ?": asked.product_id,
            "batch = ?": asked.group,
            f"id {sign} ?": asked.after,
        }
        used = {text: value for text, value in conditions.items() if value}
        given = ["conflicting = 1"] if asked.conflicting else []
        given.append(LAST if asked.last else f"({LAST} OR conflicting = 1)")
        query = f"SELECT * FROM feedback WHERE {' AND '.join([*given, *used])} ORDER BY id {direction} LIMIT ?"
        return self._read(query, (*used.values(), asked.limit))

    def count_after(self, id: int) -> int:
        """On how many products verdicts came behind this one that say what is right."""
        query = "SELECT count(DISTINCT product) FROM feedback WHERE id > ? AND verdict != 'reject'"
        return int(self._run(query, (id,))[0][0])

    def proposals(self) -> list[tuple[str, int]]:
        """The categories that the tree lacks, by how many products they are proposed for."""
        proposing = self._read(f"SELECT * FROM feedback WHERE {LAST} AND conflicting = 0 AND {PROPOSING}", ())
        found = Counter(one.correction.proposed_category for one in proposing)
        return sorted(((path, count) for path, count in found.items() if path), key=lambda row: (-row[1], row[0]))

    def _run(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self.file.use() as db:
            return db.execute(query, parameters).fetchall()

    def _read(self, query: str, parameters: Sequence[object]) -> list[Feedback]:
        with self.file.use() as db:
            return [_from_row(row) for row in db.execute(query, parameters)]

    def keep_outcome(self, product_id: str, outcome: Outcome) -> None:
        """In place of the product's former one."""
        with self.file.transaction() as db:
            db.execute("DELETE FROM outcome WHERE product = ?", (product_id,))
            if outcome.right is not None:
                row = (product_id, outcome.model, *outcome.claim, outcome.right)
                db.execute("INSERT INTO outcome VALUES (?,?,?,?,?,?)", row)

    def outcomes(self, model: str) -> list[Outcome]:
        query = "SELECT modalities, about, node, is_right FROM outcome WHERE model = ?"
        return [Outcome(model, (row[0], row[1], row[2]), bool(row[3])) for row in self._run(query, (model,))]

    def outcome_counts(self, model: str) -> list[tuple[Any, ...]]:
        """Others whenever the outcomes that matter to a promise are."""
        columns = "modalities, about, node, is_right"
        query = f"SELECT {columns}, count(*) FROM outcome WHERE model = ? GROUP BY {columns} ORDER BY {columns}"
        return self._run(query, (model,))

    def erase(self, product_ids: Sequence[str]) -> None:
        """Keep of each verdict what it was, and the category, but no words. It counts no more, should the product come
        again. The words are gone from the disk once the file's log was emptied.
        """
        with self.file.transaction() as db:
            for id in product_ids:
                db.execute("DELETE FROM outcome WHERE product = ?", (id,))
                rows = db.execute("SELECT * FROM feedback WHERE product = ?", (id,)).fetchall()
                for found in map(_from_row, rows):
                    document = _written("", Correction(found.correction.category), found.seen)
                    db.execute("UPDATE feedback SET document = ?, content = '' WHERE id = ?", (document, found.id))

    def close(self) -> None:
        self.file.close()


def _find_conflicts(db: Statements, product: str, content: str) -> None:
    """Note which verdicts on a product conflict; none on what it no longer is."""
    query = "SELECT * FROM feedback WHERE product = ? AND content = ? ORDER BY id"
    found = conflicting([_from_row(row) for row in db.execute(query, (product, content))])
    db.execute("UPDATE feedback SET conflicting = 0 WHERE product = ?", (product,))
    db.executemany("UPDATE feedback SET conflicting = 1 WHERE id = ?", [(id,) for id in sorted(found)])


def _is_on(last: Feedback, seen: Sequence[CategoryScore]) -> bool:
    """Whether the same verdict on what is seen now would say nothing new."""
    if last.verdict == "reject":
        return last.seen is not None and {one.id for one in seen} <= {one.id for one in last.seen}
    return _id(last.category) == _id(replace(last, seen=tuple(seen)).category)


def _id(category: CategoryScore | None) -> str:
    return category.id if category else ""


def _content(hashes: ContentHashes) -> str:
    return hashes.text + hashes.images


def _written(comment: str, correction: Correction, seen: Sequence[CategoryScore] | None) -> str:
    document: dict[str, object] = {"comment": comment, "correction": _to_json(correction)}
    if seen is not None:
        document["seen"] = [_category_to_json(category) for category in seen]
    return json.dumps(document)


def _to_json(correction: Correction) -> dict[str, object]:
    category = correction.category
    return {
        "category": category and _category_to_json(category),
        "tags": correction.tags,
        "attributes": None if correction.attributes is None else dict(correction.attributes),
        "proposed_category": correction.proposed_category,
    }


def _category_to_json(category: CategoryScore) -> list[object]:
    return [category.id, category.path, category.path_ids]


def _from_row(row: Sequence[object]) -> Feedback:
    """Raises Unsealed for what was never written so."""
    try:
        return _parsed(row)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Unsealed from None


def _parsed(row: Sequence[object]) -> Feedback:
    number, product_id, _, verdict, text, created, given_by, group, settles, conflicting = row
    document = json.loads(str(text))
    said = document["correction"]
    category = _category(said["category"]) if said["category"] else None
    tags = None if said["tags"] is None else tuple(said["tags"])
    attributes, proposed = said["attributes"], said.get("proposed_category", "")
    words = (*(tags or ()), *(attributes or {}).values())
    if not all(isinstance(word, str) for word in words):
        raise Unsealed
    correction = typed(Correction(category, tags, attributes, proposed))
    feedback = Feedback(
        number,  # type: ignore[arg-type]
        product_id,  # type: ignore[arg-type]
        verdict,  # type: ignore[arg-type]
        correction,
        document["comment"],
        moment(created),
        seen=tuple(map(_category, document["seen"])) if "seen" in document else None,
        given_by=given_by,  # type: ignore[arg-type]
        group=group,  # type: ignore[arg-type]
        settles=bool(settles),
        conflicting=bool(conflicting),
    )
    return typed(feedback)


def _category(fields: Sequence[Any]) -> CategoryScore:
    node, path, path_ids = fields
    return CategoryScore(node, tuple(path), (1.0,) * len(path), tuple(path_ids))
