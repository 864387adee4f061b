"""What people said of the model's answers: kept for good, applied to stored products, handed on as training data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from catalog.product import CategoryScore, ContentHashes, Judgement, Scored, StoredProduct, Understanding, Verdict
from catalog.storage.seal import Unsealed
from catalog.storage.sqlite import StateFile, transaction
from catalog.taxonomy.tree import Taxonomy

Order = Literal["oldest", "newest"]
Unsure = Literal["review", "abstain"]
QueueOrder = Literal["stored", "least_sure", "surest"]
SCHEMA = """
CREATE TABLE IF NOT EXISTS feedback (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    product TEXT NOT NULL,
    content TEXT NOT NULL,
    verdict TEXT NOT NULL,
    document TEXT NOT NULL,
    created REAL NOT NULL
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
# Of several verdicts on one product the last counts.
LAST = "id IN (SELECT max(id) FROM feedback GROUP BY product)"


@dataclass(frozen=True, slots=True)
class Correction:
    """What is right. None: the model's own answer stays. category: with its path, each score 1. proposed_category: a
    path that the tree lacks, such as "Kitchen > Mugs", or "".
    """

    category: CategoryScore | None = None
    tags: tuple[str, ...] | None = None
    attributes: Mapping[str, str] | None = None
    proposed_category: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One person's verdict on one stored product. created: seconds since 1970; title: the product's, where it is
    known: it is not kept with the verdict, so that nothing of an erased product is."""

    id: int
    product_id: str
    verdict: Verdict
    correction: Correction
    comment: str
    created: float
    title: str = ""

    @property
    def created_at(self) -> str:
        return datetime.fromtimestamp(self.created, UTC).isoformat(timespec="seconds")


class Said(NamedTuple):
    """A verdict to keep."""

    product_id: str
    verdict: Verdict
    correction: Correction = Correction()
    comment: str = ""


class FeedbackQuery(NamedTuple):
    """A part of the verdicts. after: the id of the last one of the page before, 0 for the first page; verdict,
    product_id: None and "" restrict nothing.
    """

    order: Order = "oldest"
    after: int = 0
    limit: int = 100
    verdict: Verdict | None = None
    product_id: str = ""


class Outcome(NamedTuple):
    """What became of a product that a model accepted unseen. claim: by modalities, kind and first node; right: None if
    nobody says any more.
    """

    model: str
    claim: tuple[str, str, str]
    right: bool | None


class FeedbackLog:
    """Every verdict ever given, the last on each product counting. Several threads may share one.

    A verdict is on a product as it was: once its words or images change, it counts no more.
    """

    def __init__(self, path: Path) -> None:
        self.file = StateFile(path, SCHEMA, "people's verdicts on products")

    def add(self, stored: StoredProduct, said: Said, now: float) -> Feedback:
        """Keep a verdict. One that says what the last one said is that one: a request may come twice."""
        _, verdict, correction, comment = said
        last = self.latest([stored]).get(stored.id)
        if last and (last.verdict, last.correction, last.comment) == (verdict, correction, comment):
            return replace(last, title=stored.product.title)
        row = (stored.id, _content(stored.hashes), verdict, _written(comment, correction), now)
        with self.file.use() as db:
            inserted = db.execute(
                "INSERT INTO feedback (product, content, verdict, document, created) VALUES (?,?,?,?,?)", row
            )
        id = int(inserted.lastrowid or 0)
        return Feedback(id, stored.id, verdict, correction, comment, now, stored.product.title)

    def get(self, id: int) -> Feedback | None:
        return next(iter(self._read("SELECT * FROM feedback WHERE id = ?", (id,))), None)

    def remove(self, id: int) -> None:
        """Then the verdict before it on the same product counts, if there is one."""
        self._run("DELETE FROM feedback WHERE id = ?", (id,))

    def latest(self, products: Sequence[StoredProduct]) -> dict[str, Feedback]:
        """For each product the last verdict on it as it now is, by its id."""
        contents = {stored.id: _content(stored.hashes) for stored in products}
        query = "SELECT * FROM feedback WHERE product IN (SELECT value FROM json_each(?)) ORDER BY id"
        with self.file.use() as db:
            rows = db.execute(query, (json.dumps(list(contents)),))
            return {row[1]: _from_row(row) for row in rows if row[2] == contents[row[1]]}

    def page(self, asked: FeedbackQuery) -> list[Feedback]:
        """The last verdict on each product, whatever became of it since."""
        order, after, limit, verdict, product_id = asked
        sign, direction = ("<", "DESC") if order == "newest" else (">", "ASC")
        conditions = {LAST: (), "verdict = ?": (verdict,), "product = ?": (product_id,), f"id {sign} ?": (after,)}
        used = {text: values for text, values in conditions.items() if not values or values[0]}
        query = f"SELECT * FROM feedback WHERE {' AND '.join(used)} ORDER BY id {direction} LIMIT ?"
        parameters = [value for values in used.values() for value in values]
        return self._read(query, (*parameters, limit))

    def count_after(self, id: int) -> int:
        """On how many products the last verdict came behind this one and says what is right."""
        return int(
            self._run(f"SELECT count(*) FROM feedback WHERE {LAST} AND id > ? AND verdict != 'reject'", (id,))[0][0]
        )

    def proposals(self) -> list[tuple[str, int]]:
        """The categories that the tree lacks, by how many products they are proposed for."""
        path = "json_extract(document, '$.correction.proposed_category')"
        query = f"SELECT {path} AS path, count(*) FROM feedback WHERE {LAST} AND path != '' GROUP BY path"
        return sorted(self._run(query), key=lambda row: (-row[1], row[0]))

    def _run(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self.file.use() as db:
            return db.execute(query, parameters).fetchall()

    def _read(self, query: str, parameters: Sequence[object]) -> list[Feedback]:
        with self.file.use() as db:
            return [_from_row(row) for row in db.execute(query, parameters)]

    def keep_outcome(self, product_id: str, outcome: Outcome) -> None:
        """In place of the product's former one."""
        with self.file.use() as db, transaction(db):
            db.execute("DELETE FROM outcome WHERE product = ?", (product_id,))
            if outcome.right is not None:
                row = (product_id, outcome.model, *outcome.claim, outcome.right)
                db.execute("INSERT INTO outcome VALUES (?,?,?,?,?,?)", row)

    def outcomes(self, model: str) -> list[Outcome]:
        query = "SELECT modalities, about, node, is_right FROM outcome WHERE model = ?"
        return [Outcome(model, (row[0], row[1], row[2]), bool(row[3])) for row in self._run(query, (model,))]

    def erase(self, product_ids: Sequence[str]) -> None:
        """Keep of each verdict what it was, and the category, but no words. It counts no more, should the product come
        again. The words are gone from the disk once the file's log was emptied.
        """
        with self.file.use() as db, transaction(db):
            for id in product_ids:
                db.execute("DELETE FROM outcome WHERE product = ?", (id,))
                rows = db.execute("SELECT * FROM feedback WHERE product = ?", (id,)).fetchall()
                for found in map(_from_row, rows):
                    document = _written("", Correction(found.correction.category))
                    db.execute("UPDATE feedback SET document = ?, content = '' WHERE id = ?", (document, found.id))

    def close(self) -> None:
        self.file.close()


def applied(stored: StoredProduct, feedback: Feedback | None) -> StoredProduct:
    """The product as the verdict has it; without one, as the model has it."""
    answer = stored.judgement.answer if stored.judgement else stored.understanding
    if feedback is None:
        return replace(stored, understanding=answer, judgement=None)
    right = feedback.correction
    judgement = Judgement(feedback.verdict, answer, right.proposed_category)
    said = answer if feedback.verdict == "reject" else _corrected(answer, right)
    return replace(stored, understanding=said, judgement=judgement)


def reopened(stored: StoredProduct, taken_back: Feedback) -> StoredProduct:
    """The product to apply what is left to. A release before did not keep the model's own answer: what it accepted or
    corrected waits for a person again.
    """
    if stored.judgement or taken_back.verdict == "reject":
        return stored
    return replace(stored, understanding=replace(stored.understanding, decision="review"))


def _corrected(understanding: Understanding, right: Correction) -> Understanding:
    if right.proposed_category:  # what the tree lacks is not what the model found in it
        understanding = replace(understanding, category=None, tags=(), attributes={}, decision="abstain")
    elif category := right.category or understanding.category:
        understanding = _judged(understanding, category)
    if right.tags is not None:
        understanding = replace(understanding, tags=tuple(Scored(name, 1.0) for name in right.tags))
    if right.attributes is not None:
        scored = {name: Scored(value, 1.0) for name, value in right.attributes.items()}
        understanding = replace(understanding, attributes=scored)
    return understanding


def _judged(found: Understanding, category: CategoryScore) -> Understanding:
    """With a category that a person stands for, whom no product is unfamiliar to."""
    return replace(
        found,
        category=replace(category, path_scores=(1.0,) * len(category.path)),
        alternatives=tuple(other for other in found.alternatives if other.id != category.id),
        decision="auto",
        notes=tuple(note for note in found.notes if note != "unfamiliar"),
    )


def category_of(taxonomy: Taxonomy, node_id: str) -> CategoryScore:
    """A node that a person chose. Raises KeyError if the tree has none of this id."""
    path_ids = taxonomy.ancestors(node_id)
    return CategoryScore(node_id, taxonomy.path(node_id), (1.0,) * len(path_ids), path_ids)


def _content(hashes: ContentHashes) -> str:
    return hashes.text + hashes.images


def _written(comment: str, correction: Correction) -> str:
    return json.dumps({"comment": comment, "correction": _to_json(correction)})


def _to_json(correction: Correction) -> dict[str, object]:
    category = correction.category
    return {
        "category": category and [category.id, category.path, category.path_ids],
        "tags": correction.tags,
        "attributes": None if correction.attributes is None else dict(correction.attributes),
        "proposed_category": correction.proposed_category,
    }


def _from_row(row: Sequence[object]) -> Feedback:
    """Raises Unsealed for what was never written so."""
    try:
        return _parsed(row)
    except (KeyError, TypeError, ValueError):
        raise Unsealed from None


def _parsed(row: Sequence[object]) -> Feedback:
    number, product_id, _, verdict, text, created = row
    document = json.loads(str(text))
    said = document["correction"]
    category = None
    if said["category"]:
        node, path, path_ids = said["category"]
        category = CategoryScore(node, tuple(path), (1.0,) * len(path), tuple(path_ids))
    tags = None if said["tags"] is None else tuple(said["tags"])
    correction = Correction(category, tags, said["attributes"], said.get("proposed_category", ""))
    return Feedback(number, product_id, verdict, correction, document["comment"], created)  # type: ignore[arg-type]
