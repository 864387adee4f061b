"""The thumbnails of stored products in one SQLite file."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from catalog.database import in_our_words, open_database, transaction
from serving.errors import StateDamaged

SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (
    product TEXT NOT NULL, number INTEGER NOT NULL, webp BLOB NOT NULL, PRIMARY KEY (product, number)
) WITHOUT ROWID;
"""


class Album:
    """Pictures by product id. Several threads may share one. Raises StateDamaged and DiskFull."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        with in_our_words(StateDamaged):
            self._db = open_database(path, SCHEMA)
            self._db.execute("PRAGMA secure_delete = ON")

    def put(self, thumbnails: Mapping[str, Sequence[bytes]]) -> None:
        """All thumbnails of some products, by id, in place of those before."""
        rows = [(id, number, webp) for id, kept in thumbnails.items() for number, webp in enumerate(kept)]
        with self._lock, in_our_words(StateDamaged), transaction(self._db):
            self._db.executemany("DELETE FROM pictures WHERE product = ?", [(id,) for id in thumbnails])
            self._db.executemany("INSERT INTO pictures VALUES (?, ?, ?)", rows)

    def get(self, product_id: str) -> list[bytes]:
        with self._lock, in_our_words(StateDamaged):
            found = self._db.execute("SELECT webp FROM pictures WHERE product = ? ORDER BY number", (product_id,))
            return [webp for (webp,) in found]

    def counts(self, product_ids: Sequence[str]) -> dict[str, int]:
        """How many pictures are kept of each product that has any."""
        marks = ",".join("?" * len(product_ids))
        query = f"SELECT product, count(*) FROM pictures WHERE product IN ({marks}) GROUP BY product"
        with self._lock, in_our_words(StateDamaged):
            return dict(self._db.execute(query, list(product_ids)))

    def delete(self, product_ids: Sequence[str], erase: bool = False) -> None:
        """erase: leave nothing in the file beside the database either."""
        with self._lock, in_our_words(StateDamaged):
            self._db.executemany("DELETE FROM pictures WHERE product = ?", [(id,) for id in product_ids])
            if erase:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        with self._lock:
            self._db.close()
