"""The thumbnails of stored products."""

import zlib
from collections.abc import Mapping, Sequence

from catalog.storage.database import StorePlace, marks, open_store
from catalog.storage.seal import Unsealed

NAME = "pictures.sqlite"  # in the state folder
CHECKSUM_BYTES = 4
SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (
    product TEXT NOT NULL, number INTEGER NOT NULL, webp BLOB NOT NULL, PRIMARY KEY (product, number)
) WITHOUT ROWID;
"""


class ThumbnailStore:
    """Pictures by product id. Several threads may share one. Raises StateDamaged and DiskFull."""

    def __init__(self, place: StorePlace) -> None:
        self.file = open_store(place, SCHEMA, "images of products")

    def put(self, thumbnails: Mapping[str, Sequence[bytes]]) -> None:
        """All thumbnails of some products, by id, in place of those before."""
        rows = [
            (id, number, _with_checksum(webp)) for id, kept in thumbnails.items() for number, webp in enumerate(kept)
        ]
        with self.file.transaction() as db:
            db.executemany("DELETE FROM pictures WHERE product = ?", [(id,) for id in thumbnails])
            db.executemany("INSERT INTO pictures VALUES (?, ?, ?)", rows)

    def get(self, product_id: str) -> list[bytes]:
        with self.file.use() as db:
            found = db.execute("SELECT webp FROM pictures WHERE product = ? ORDER BY number", (product_id,))
            return [_checked(kept) for (kept,) in found]

    def counts(self, product_ids: Sequence[str]) -> dict[str, int]:
        """How many images are kept of each product that has any."""
        if not product_ids:
            return {}
        query = f"SELECT product, count(*) FROM pictures WHERE product IN ({marks(product_ids)}) GROUP BY product"
        with self.file.use() as db:
            return dict(db.execute(query, list(product_ids)).fetchall())

    def delete(self, product_ids: Sequence[str]) -> None:
        """They are gone from the disk once the file's log was emptied."""
        with self.file.use() as db:
            db.executemany("DELETE FROM pictures WHERE product = ?", [(id,) for id in product_ids])

    def close(self) -> None:
        self.file.close()


def _with_checksum(webp: bytes) -> bytes:
    return webp + zlib.crc32(webp).to_bytes(CHECKSUM_BYTES)


def _checked(kept: object) -> bytes:
    """The image. Earlier versions kept it without a checksum; how long it is, it says itself. Raises Unsealed."""
    if not isinstance(kept, bytes):
        raise Unsealed
    length = 8 + int.from_bytes(kept[4:8], "little")  # RIFF: the bytes behind the first 8
    webp = kept[:length]
    if len(kept) != length and kept != _with_checksum(webp):
        raise Unsealed
    return webp
