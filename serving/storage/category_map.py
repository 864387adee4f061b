"""What people confirmed of the map from the models' categories to those of Google's, and the list of these."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from catalog.categories import Counterpart
from catalog.storage.database import State, StorePlace, inserted_id, open_store
from catalog.storage.seal import Unsealed, moment, typed
from catalog.taxonomy.tree import SEPARATOR, Taxonomy
from serving.errors import CategoryListMissing, CategoryUnknown, ConfirmationNotFound

NAME = "categories.sqlite"  # in the state folder
SCHEMA = """
CREATE TABLE IF NOT EXISTS tree (target TEXT PRIMARY KEY, digest TEXT NOT NULL, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS confirmed (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,
    category TEXT NOT NULL,
    counterpart TEXT NOT NULL,
    path TEXT NOT NULL,
    given_by TEXT NOT NULL,
    created REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS confirmed_of_category ON confirmed (target, category, id);
"""
CONFIRMED = "SELECT id, category, counterpart, path, given_by, created FROM confirmed"
LAST = "SELECT max(id) FROM confirmed WHERE target = ? GROUP BY category"
Target = Literal["google"]


class Confirmed(NamedTuple):
    """category: the id of one of a model's tree; counterpart: both empty where there is none; given_by: the name of the
    API key; created: seconds since 1970.
    """

    id: int
    category: str
    counterpart: Counterpart
    given_by: str
    created: float


class MapState(NamedTuple):
    """digest: of the target's list, "" while there is none; confirmed: the last one on each category, newest first."""

    digest: str
    confirmed: Sequence[Confirmed]


class CategoryMap:
    """Threads may share one. Everything confirmed is kept: of several on one category the last counts."""

    def __init__(self, place: StorePlace) -> None:
        self.file = open_store(place, SCHEMA, "the confirmed map of categories")
        self._read: dict[Target, tuple[str, Taxonomy]] = {}  # with the digest

    def state(self, target: Target) -> MapState:
        with self.file.use() as db:
            digest = db.execute("SELECT digest FROM tree WHERE target = ?", (target,)).fetchone()
            rows = db.execute(f"{CONFIRMED} WHERE id IN ({LAST}) ORDER BY id DESC", (target,))
            return typed(MapState(digest[0] if digest else "", [_from_row(row) for row in rows]))

    def tree(self, target: Target) -> Taxonomy:
        """Raises CategoryListMissing."""
        with self.file.use() as db:
            found = db.execute("SELECT digest FROM tree WHERE target = ?", (target,)).fetchone()
            if found is None:
                raise CategoryListMissing
            known, tree = self._read.get(target, ("", None))
            if tree and known == found[0]:
                return tree
            digest, document = db.execute("SELECT digest, document FROM tree WHERE target = ?", (target,)).fetchone()
            if digest != digest_of(document):
                raise Unsealed
        tree = Taxonomy.from_json(document)
        self._read[target] = digest, tree
        return tree

    def keep_tree(self, target: Target, tree: Taxonomy) -> None:
        """In place of the one before. What was confirmed stays."""
        document = tree.to_json()
        digest = digest_of(document)
        with self.file.use() as db:
            db.execute(
                "INSERT INTO tree (target, digest, document) VALUES (?, ?, ?)"
                " ON CONFLICT (target) DO UPDATE SET digest = excluded.digest, document = excluded.document",
                (target, digest, document),
            )
            self._read[target] = digest, tree

    def confirm(self, target: Target, category: str, counterpart: str | None, given_by: str) -> Confirmed:
        """counterpart: the id of a category of the target's list; None: there is none. What is confirmed already is not
        kept twice. Raises CategoryListMissing or CategoryUnknown.
        """
        said = self._counterpart(target, counterpart)
        with self.file.transaction() as db:
            last = db.execute(
                f"{CONFIRMED} WHERE target = ? AND category = ? ORDER BY id DESC LIMIT 1",
                (target, category),
            ).fetchone()
            if last and _from_row(last).counterpart == said:
                return _from_row(last)
            row = (target, category, said.id, said.path, given_by, time.time())
            kept = db.execute(
                "INSERT INTO confirmed (target, category, counterpart, path, given_by, created) VALUES (?,?,?,?,?,?)"
                " RETURNING id",
                row,
            )
            id = inserted_id(kept)
        return Confirmed(id, category, said, given_by, row[-1])

    def take_back(self, id: int) -> None:
        """Then what was confirmed before it counts, if anything was. Raises ConfirmationNotFound."""
        with self.file.use() as db:
            if not db.execute("DELETE FROM confirmed WHERE id = ?", (id,)).rowcount:
                raise ConfirmationNotFound

    def _counterpart(self, target: Target, id: str | None) -> Counterpart:
        if id is None:
            return Counterpart("", "")
        tree = self.tree(target)
        try:
            return Counterpart(id, SEPARATOR.join(tree.path(id)))
        except KeyError:
            raise CategoryUnknown("The list has no category with this id.", "counterpart") from None

    def close(self) -> None:
        self.file.close()


def confirmed_beside(state: State) -> Mapping[str, Counterpart]:
    """What was confirmed of Google's categories in the service that keeps its state there."""
    if not state.has(NAME):
        return {}
    kept = CategoryMap(state.place(NAME))
    try:
        return {one.category: one.counterpart for one in kept.state("google").confirmed}
    finally:
        kept.close()


def digest_of(document: object) -> str:
    """ "" of what is no text."""
    return hashlib.sha256(document.encode()).hexdigest() if isinstance(document, str) else ""


def _from_row(row: Sequence[Any]) -> Confirmed:
    """Raises Unsealed for what was never written so."""
    id, category, counterpart, path, given_by, created = row
    return typed(Confirmed(id, category, typed(Counterpart(counterpart, path)), given_by, moment(created)))
