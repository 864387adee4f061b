"""The vectors of products, and of categories' names, that were read once: kept in a file, so that the same feed is not
read by the model again.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from catalog.arrays import Floats, Modalities
from catalog.product import ContentHashes, StoredVersion
from catalog.storage.sqlite import StateFile, transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    id TEXT PRIMARY KEY, model TEXT NOT NULL, text TEXT NOT NULL, images TEXT NOT NULL, used TEXT NOT NULL,
    choices TEXT NOT NULL, vectors BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS texts (text TEXT, model TEXT, vector BLOB NOT NULL, PRIMARY KEY (text, model))
"""
Vectors = dict[Modalities, Floats]


class Read(NamedTuple):
    """What the model made of a product. used: what it read of it; vectors: by that, and by each modality alone."""

    used: Modalities
    vectors: Vectors


class VectorCache:
    """Keeps what the model read, by product, content and model."""

    def __init__(self, path: Path) -> None:
        """Raises DiskFull, and StateDamaged for a file that is none of ours, once it is used."""
        self._file = StateFile(path, SCHEMA, "The vectors of products that were read before")

    def __enter__(self) -> "VectorCache":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def known(self, ids: Sequence[str]) -> list[StoredVersion | None]:
        """As `ProductIndex.hashes`."""
        with self._file.use() as db, transaction(db):
            rows = [
                db.execute("SELECT text, images, model FROM vectors WHERE id = ?", (one,)).fetchone() for one in ids
            ]
        return [
            StoredVersion(one, ContentHashes(row[0], row[1], ""), row[2]) if row else None
            for one, row in zip(ids, rows, strict=True)
        ]

    def count(self, model: str) -> int:
        """How many products were read by this model."""
        with self._file.use() as db:
            return int(db.execute("SELECT COUNT(*) FROM vectors WHERE model = ?", (model,)).fetchone()[0])

    def get(self, wanted: Mapping[str, ContentHashes], model: str) -> dict[str, Read]:
        """What this model read of these contents, by the products' ids; those of which that is nothing are left out."""
        asked = "SELECT used, choices, vectors FROM vectors WHERE id = ? AND text = ? AND images = ? AND model = ?"
        found = {}
        with self._file.use() as db, transaction(db):  # one for all of them
            for product_id, hashes in wanted.items():
                if row := db.execute(asked, (product_id, hashes.text, hashes.images, model)).fetchone():
                    used, choices, packed = row
                    names = json.loads(choices)
                    vector_VE = np.frombuffer(packed, np.float32).reshape(len(names), -1)
                    found[product_id] = Read(used, dict(zip(names, vector_VE, strict=True)))
        return found

    def put(self, found: Mapping[str, tuple[ContentHashes, Read]], model: str) -> None:
        rows = [
            (
                product_id,
                model,
                hashes.text,
                hashes.images,
                read.used,
                json.dumps(list(read.vectors)),
                np.stack(list(read.vectors.values())).astype(np.float32).tobytes(),
            )
            for product_id, (hashes, read) in found.items()
        ]
        with self._file.use() as db, transaction(db):
            db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def texts(self, texts: Sequence[str], model: str, embed: Callable[[Sequence[str]], Floats]) -> Floats:
        """(N, E): as `embed` gives them, which is asked for those alone that this model has not read yet."""
        asked = "SELECT vector FROM texts WHERE text = ? AND model = ?"
        with self._file.use() as db:
            rows = [db.execute(asked, (text, model)).fetchone() for text in texts]
        found = {text: np.frombuffer(row[0], np.float32) for text, row in zip(texts, rows, strict=True) if row}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            found |= dict(zip(new, embed(new), strict=True))
            with self._file.use() as db, transaction(db):
                packed = [(text, model, found[text].astype(np.float32).tobytes()) for text in new]
                db.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?, ?)", packed)
        return np.stack([found[text] for text in texts])
