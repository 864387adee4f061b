"""A folder of Parquet files in place of an index."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from catalog.errors import IndexOfOtherModel
from catalog.index.backend import IndexModel
from catalog.index.exports.reading import models, parquet_files
from catalog.index.exports.writing import export
from catalog.product import Offer, StoredProduct
from catalog.storage.files import written_whole


class ParquetFolder:
    """Where an ingest can store instead of an index: one Parquet file for each chunk.

    A chunk is named after its products' ids, so one that a resumed run repeats replaces itself.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        marker = folder / "identity"
        if not marker.exists():
            with written_whole(marker) as temporary:
                temporary.write_text(uuid4().hex)
        self.identity = marker.read_text()

    def hashes(self, ids: Sequence[str]) -> list[None]:
        """Files do not know what is stored, so every row is understood."""
        return [None] * len(ids)

    def get(self, ids: Sequence[str]) -> list[None]:
        return [None] * len(ids)

    def claim(self, model: IndexModel) -> None:
        """As of a `ProductIndex`. Raises IndexOfOtherModel."""
        if versions := models(self.folder).keys() - {model.version}:
            raise IndexOfOtherModel(
                f"The folder holds products of the model {', '.join(versions)}, not of {model.version}. Use a new one."
            )

    def count(self) -> int:
        import pyarrow.parquet as pq

        return sum(pq.read_metadata(file).num_rows for file in parquet_files(self.folder))

    def upsert(self, products: Sequence[StoredProduct]) -> Sequence[StoredProduct]:
        if products:
            name = hashlib.sha256("\n".join(stored.id for stored in products).encode("utf-8", "replace")).hexdigest()
            export([products], self.folder / f"part-{name[:16]}.parquet")
        return products

    def update_offers(self, offers: Sequence[Offer]) -> int:
        assert not offers, "no row is only a new offer where none is known"
        return 0

    def flush(self) -> None:
        """Every file is whole as soon as it has its name."""
