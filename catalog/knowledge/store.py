"""The documents that are kept beside the products, and the sentences of them that have words of a question."""

import time
from collections.abc import Sequence
from typing import Any

from catalog.errors import DocumentNotFound, TooManyDocuments
from catalog.knowledge.document import MAX_DOCUMENTS, Document, Kind, Piece, Tie
from catalog.questions.concepts import asked, named
from catalog.questions.passages import Passage
from catalog.questions.words import content, tokens
from catalog.storage.database import StorePlace, inserted_id, marks
from catalog.storage.later import LaterStore
from catalog.storage.seal import moment, typed

NAME = "documents.sqlite"  # in the state folder
MAX_WORDS, MAX_TIES = 64, 64  # of a question, and of what it is asked about
MAX_FOUND = 64
SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    target TEXT NOT NULL,
    pieces INTEGER NOT NULL,
    created REAL NOT NULL,
    given_by TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS documents_by_tie ON documents (scope, target);
CREATE TABLE IF NOT EXISTS document_pieces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL,
    heading TEXT NOT NULL,
    page INTEGER,
    text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS pieces_of_document ON document_pieces (document);
CREATE TABLE IF NOT EXISTS document_words (
    word TEXT NOT NULL,
    piece INTEGER NOT NULL,
    document INTEGER NOT NULL,
    PRIMARY KEY (word, piece)
);
CREATE INDEX IF NOT EXISTS words_of_document ON document_words (document);
"""
LISTED = "SELECT id, name, kind, scope, target, pieces, created, given_by FROM documents"


class DocumentStore:
    """Threads may share one."""

    def __init__(self, place: StorePlace) -> None:
        """Nothing is made before the first document, or in a database before the first question."""
        self.file = LaterStore(place, SCHEMA, "the documents")

    def add(self, name: str, kind: Kind, tie: Tie, pieces: Sequence[Piece], given_by: str) -> Document:
        """In place of one of the same name that is tied to the same. Raises TooManyDocuments."""
        now = time.time()
        row = (name, kind, *tie, len(pieces), now, given_by)
        with self.file.transaction() as db:
            ids = db.execute("SELECT id FROM documents WHERE name = ? AND scope = ? AND target = ?", (name, *tie))
            _remove(db, [found[0] for found in ids.fetchall()])
            ((count,),) = db.execute("SELECT count(*) FROM documents").fetchall()
            if count >= MAX_DOCUMENTS:
                raise TooManyDocuments
            kept = db.execute(
                "INSERT INTO documents (name, kind, scope, target, pieces, created, given_by)"
                " VALUES (?,?,?,?,?,?,?) RETURNING id",
                row,
            )
            id = inserted_id(kept)
            for piece in pieces:
                _add_piece(db, id, piece)
        return Document(id, name, kind, tie, len(pieces), now, given_by)

    def page(self, after: int = 0, limit: int = 100, tie: Tie | None = None) -> list[Document]:
        """In the order in which they came. after: the id of the last one of the page before."""
        about = " AND scope = ? AND target = ?" if tie else ""
        if not self.file.may_hold:
            return []
        with self.file.use() as db:
            rows = db.execute(f"{LISTED} WHERE id > ?{about} ORDER BY id LIMIT ?", (after, *(tie or ()), limit))
            return [_from_row(row) for row in rows]

    def tied(self, ties: Sequence[Tie]) -> list[Document]:
        """All documents about any of these."""
        where, values = _about(ties, "documents")
        if not self.file.may_hold:
            return []
        with self.file.use() as db:
            return [_from_row(row) for row in db.execute(f"{LISTED} WHERE {where} ORDER BY id", values)]

    def passages(self, question: str, ties: Sequence[Tie]) -> list[Passage]:
        """The sentences of documents about any of these that have the rarest and most words of the question, or name
        what it asks for; at most MAX_FOUND.
        """
        words = [*content(question), *map(_mark, sorted(asked(question)))][:MAX_WORDS]
        if not words or not self.file.may_hold:
            return []
        where, values = _about(ties, "d")
        query = (
            "SELECT p.text, p.heading, p.page, d.name, d.scope, d.target FROM document_pieces p"
            " JOIN documents d ON d.id = p.document JOIN ("
            "SELECT w.piece AS piece, count(*) AS hits FROM document_words w JOIN documents d ON d.id = w.document"
            f" WHERE w.word IN ({marks(words)}) AND ({where}) GROUP BY w.piece ORDER BY hits DESC, w.piece LIMIT ?"
            ") found ON found.piece = p.id ORDER BY found.hits DESC, p.id"
        )
        with self.file.use() as db:
            return [_to_passage(row) for row in db.execute(query, (*words, *values, MAX_FOUND))]

    def delete(self, id: int) -> None:
        """Raises DocumentNotFound."""
        if not self.file.may_hold:
            raise DocumentNotFound
        with self.file.transaction() as db:
            if not db.execute("SELECT id FROM documents WHERE id = ?", (id,)).fetchall():
                raise DocumentNotFound
            _remove(db, [id])

    def erase(self, product_ids: Sequence[str]) -> None:
        """The documents that are about these products alone. They are gone from the disk after `file.scrub`."""
        if not self.file.may_hold:
            return
        with self.file.transaction() as db:
            for id in product_ids:
                found = db.execute("SELECT id FROM documents WHERE scope = 'product' AND target = ?", (id,))
                _remove(db, [row[0] for row in found.fetchall()])

    def close(self) -> None:
        self.file.close()


def _add_piece(db: Any, document: int, piece: Piece) -> None:
    kept = db.execute(
        "INSERT INTO document_pieces (document, heading, page, text) VALUES (?,?,?,?) RETURNING id",
        (document, piece.heading, piece.page, piece.text),
    )
    id = inserted_id(kept)
    words = {*tokens(piece.text), *tokens(piece.heading), *map(_mark, named(f"{piece.heading} {piece.text}"))}
    db.executemany("INSERT INTO document_words VALUES (?,?,?)", [(word, id, document) for word in sorted(words)])


def _mark(concept: str) -> str:
    """What a sentence is about, where its words are kept: no word has such a sign."""
    return f"#{concept}"


def _remove(db: Any, ids: Sequence[int]) -> None:
    for id in ids:
        db.execute("DELETE FROM document_words WHERE document = ?", (id,))
        db.execute("DELETE FROM document_pieces WHERE document = ?", (id,))
        db.execute("DELETE FROM documents WHERE id = ?", (id,))


def _about(ties: Sequence[Tie], table: str) -> tuple[str, list[str]]:
    some = ties[:MAX_TIES]
    where = " OR ".join([f"({table}.scope = ? AND {table}.target = ?)"] * len(some)) or "1 = 0"
    return where, [value for tie in some for value in tie]


def _to_passage(row: Sequence[Any]) -> Passage:
    text, heading, page, name, scope, target = row
    product = target if scope == "product" else ""
    return Passage(text, "document", heading, by="document", product=product, document=name, page=page)


def _from_row(row: Sequence[Any]) -> Document:
    """Raises Unsealed for what was never written so."""
    id, name, kind, scope, target, pieces, created, given_by = row
    return typed(Document(id, name, kind, typed(Tie(scope, target)), pieces, moment(created), given_by))
