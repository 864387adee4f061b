"""The kept pictures of stored products, small, in one SQLite file: for the page, and to read a product again when its
words change.
"""

import io
import threading
from collections.abc import Sequence
from pathlib import Path

from catalog.database import in_our_words, open_database, transaction
from catalog.images import decode
from serving.errors import StateDamaged

# Sharp enough for a card on the page and for the model, which reads no more than this; about 10 KB each.
SIDE = 320
QUALITY = 80
SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (
    product TEXT NOT NULL, number INTEGER NOT NULL, webp BLOB NOT NULL, PRIMARY KEY (product, number)
) WITHOUT ROWID;
"""


def shrunk(data: bytes) -> bytes:
    """A picture as WebP, at most SIDE pixels on its longer side. Raises a subclass of InvalidImage."""
    picture = decode(data, size_hint=SIDE)
    picture.thumbnail((SIDE, SIDE))
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=QUALITY, method=2)
    return written.getvalue()


class Album:
    """Pictures by product id. Several threads may share one. Raises StateDamaged and DiskFull."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        with in_our_words(StateDamaged):
            self._db = open_database(path, SCHEMA)
            self._db.execute("PRAGMA secure_delete = ON")

    def put(self, product_id: str, pictures: Sequence[bytes]) -> None:
        """All pictures of a product, in place of those before. They must have been `shrunk`."""
        rows = [(product_id, number, webp) for number, webp in enumerate(pictures)]
        with self._lock, in_our_words(StateDamaged), transaction(self._db):
            self._db.execute("DELETE FROM pictures WHERE product = ?", (product_id,))
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
