"""What people said of the model's answers: kept for good, applied to stored products, handed on as training data."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from catalog.database import in_our_words, open_database
from catalog.product import CategoryScore, ContentHashes, Scored, StoredProduct, Understanding
from catalog.taxonomy import Taxonomy
from serving.errors import StateDamaged

Verdict = Literal["accept", "reject", "correct"]
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
"""


@dataclass(frozen=True, slots=True)
class Correction:
    """What is right. None: the model's own answer stays. category: with its path, each score 1."""

    category: CategoryScore | None = None
    tags: tuple[str, ...] | None = None
    attributes: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """One person's verdict on one stored product. created: seconds since 1970."""

    id: int
    product_id: str
    verdict: Verdict
    correction: Correction
    comment: str
    created: float

    @property
    def created_at(self) -> str:
        return datetime.fromtimestamp(self.created, UTC).isoformat(timespec="seconds")


class FeedbackLog:
    """Every verdict ever given, the last on each product counting. Several threads may share one.

    A verdict is on a product as it was: once its words or pictures change, it counts no more.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        with in_our_words(StateDamaged):
            self._db = open_database(path, SCHEMA)

    def add(
        self, stored: StoredProduct, verdict: Verdict, correction: Correction, comment: str, now: float
    ) -> Feedback:
        document = json.dumps({"comment": comment, "correction": _to_json(correction)})
        row = (stored.id, _content(stored.hashes), verdict, document, now)
        with self._lock, in_our_words(StateDamaged):
            inserted = self._db.execute(
                "INSERT INTO feedback (product, content, verdict, document, created) VALUES (?, ?, ?, ?, ?)", row
            )
        return Feedback(int(inserted.lastrowid or 0), stored.id, verdict, correction, comment, now)

    def latest(self, products: Sequence[StoredProduct]) -> dict[str, Feedback]:
        """For each product the last verdict on it as it now is, by its id."""
        contents = {stored.id: _content(stored.hashes) for stored in products}
        query = "SELECT * FROM feedback WHERE product IN (SELECT value FROM json_each(?)) ORDER BY id"
        with self._lock, in_our_words(StateDamaged):
            rows = self._db.execute(query, (json.dumps(list(contents)),)).fetchall()
        return {row[1]: _from_row(row) for row in rows if row[2] == contents[row[1]]}

    def all(self) -> Iterator[Feedback]:
        """The last verdict on each product, whatever became of it since."""
        query = "SELECT * FROM feedback WHERE id IN (SELECT max(id) FROM feedback GROUP BY product) ORDER BY id"
        with self._lock, in_our_words(StateDamaged):
            rows = self._db.execute(query).fetchall()
        yield from map(_from_row, rows)

    def some(self, after: int, limit: int) -> list[Feedback]:
        """As `all` gives them, those behind a place (0: from the first)."""
        query = "SELECT * FROM feedback WHERE id IN (SELECT max(id) FROM feedback GROUP BY product) AND id > ?"
        with self._lock, in_our_words(StateDamaged):
            rows = self._db.execute(f"{query} ORDER BY id LIMIT ?", (after, limit)).fetchall()
        return [_from_row(row) for row in rows]

    def close(self) -> None:
        with self._lock:
            self._db.close()


def applied(stored: StoredProduct, feedback: Feedback | None) -> StoredProduct:
    """The product as the verdict has it: an accepted or corrected category is sure."""
    if feedback is None or feedback.verdict == "reject":
        return stored
    right, understanding = feedback.correction, stored.understanding
    if category := right.category or understanding.category:
        understanding = _judged(understanding, category)
    if right.tags is not None:
        understanding = replace(understanding, tags=tuple(Scored(name, 1.0) for name in right.tags))
    if right.attributes is not None:
        scored = {name: Scored(value, 1.0) for name, value in right.attributes.items()}
        understanding = replace(understanding, attributes=scored)
    return replace(stored, understanding=understanding)


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


def _to_json(correction: Correction) -> dict[str, object]:
    category = correction.category
    return {
        "category": category and [category.id, category.path, category.path_ids],
        "tags": correction.tags,
        "attributes": None if correction.attributes is None else dict(correction.attributes),
    }


def _from_row(row: Sequence[object]) -> Feedback:
    number, product_id, _, verdict, text, created = row
    document = json.loads(str(text))
    said = document["correction"]
    category = None
    if said["category"]:
        node, path, path_ids = said["category"]
        category = CategoryScore(node, tuple(path), (1.0,) * len(path), tuple(path_ids))
    tags = None if said["tags"] is None else tuple(said["tags"])
    correction = Correction(category, tags, said["attributes"])
    return Feedback(number, product_id, verdict, correction, document["comment"], created)  # type: ignore[arg-type]
