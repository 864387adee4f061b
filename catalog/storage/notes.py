"""Single texts of a state, each under a name: a file of its own, or a row of the database that nodes share."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from catalog.storage.database import SharedDatabase, open_store
from catalog.storage.files import write_durably
from catalog.storage.seal import Unsealed, sealed, unsealed

SCHEMA = "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, content TEXT NOT NULL);"


class Notes(Protocol):
    """Raises DiskFull, FileNotWritable or StateUnavailable."""

    def read(self, name: str) -> str | None:
        """Raises Unsealed for what was never written so."""

    def write(self, name: str, text: str | None) -> None:
        """None removes it."""

    def change(self, name: str, edit: Callable[[str | None], str | None]) -> None:
        """What `edit` makes of what is written, None where that cannot be read; nobody else writes it meanwhile."""


class NoteFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def read(self, name: str) -> str | None:
        try:
            return unsealed((self._folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise Unsealed from None

    def write(self, name: str, text: str | None) -> None:
        if text is None:
            (self._folder / name).unlink(missing_ok=True)
        else:
            write_durably(self._folder / name, sealed(text).encode())

    def change(self, name: str, edit: Callable[[str | None], str | None]) -> None:
        with self._lock:
            try:
                before = self.read(name)
            except Unsealed:
                before = None
            self.write(name, edit(before))


class NoteTable:
    def __init__(self, database: SharedDatabase) -> None:
        self._store = open_store(database, SCHEMA, "the keys, the active model and what is being erased")

    def read(self, name: str) -> str | None:
        with self._store.use() as db:
            found = db.execute("SELECT content FROM notes WHERE name = ?", (name,)).fetchone()
        return unsealed(found[0]) if found else None

    def write(self, name: str, text: str | None) -> None:
        self.change(name, lambda before: text)

    def change(self, name: str, edit: Callable[[str | None], str | None]) -> None:
        with self._store.transaction() as db:
            found = db.execute("SELECT content FROM notes WHERE name = ?", (name,)).fetchone()
            try:
                before = unsealed(found[0]) if found else None
            except Unsealed:
                before = None
            text = edit(before)
            db.execute("DELETE FROM notes WHERE name = ?", (name,))
            if text is not None:
                db.execute("INSERT INTO notes VALUES (?, ?)", (name, sealed(text)))


def open_notes(folder: Path, database: SharedDatabase | None) -> Notes:
    return NoteTable(database) if database else NoteFiles(folder)
