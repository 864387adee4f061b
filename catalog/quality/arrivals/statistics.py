"""How rare words are in an index: counted as products come, kept in a file, and not counted anew for each product."""

import json
import logging
from pathlib import Path

from catalog.errors import DiskFull, FileNotWritable
from catalog.index.product_index import ProductIndex
from catalog.quality.groups.facts import Facts, read
from catalog.quality.groups.rarity import Rarity
from catalog.storage.files import written_whole

NAME = "words.json"  # in the state folder
# Of an index whose words nobody has counted so many products are read. Their order means nothing, so they are a sample.
SAMPLE = 10_000
# How far the count of products may be off, for what was counted to be of use: a share, and a few anyway.
SHARE, FEW = 0.2, 50
SAVED_FROM = 0.05  # of the products that are new since

logger = logging.getLogger(__name__)


class Statistics:
    """Not for several threads at once. Deleted products still count, until so many are gone that it is counted anew."""

    def __init__(self, index: ProductIndex, path: Path) -> None:
        self._index, self._path = index, path
        self._rarity: Rarity | None = None
        self._unsaved = 0

    @property
    def rarity(self) -> Rarity:
        if self._rarity is None or not self._is_of_index(self._rarity):
            self._rarity = self._read() or self._counted()
        return self._rarity

    def add(self, product: Facts) -> None:
        """Of a product that was not stored before."""
        if self._rarity is not None:
            self._rarity.add(product)
            self._unsaved += 1

    def save(self) -> None:
        """Where enough is new that it is worth it."""
        if self._rarity is None or self._unsaved <= SAVED_FROM * self._rarity.products:
            return
        text = json.dumps({"index": self._index.identity} | self._rarity.to_dict(), ensure_ascii=False)
        try:
            with written_whole(self._path) as temporary:
                temporary.write_text(text, encoding="utf-8", errors="replace")
            self._unsaved = 0
        except (DiskFull, FileNotWritable):
            logger.warning("how rare words are could not be kept; it is counted anew when it is needed")

    def forget(self) -> None:
        """Leave nothing of any product; what is stored is counted anew."""
        self._rarity, self._unsaved = None, 0
        self._path.unlink(missing_ok=True)

    def _is_of_index(self, rarity: Rarity) -> bool:
        count = self._index.count()
        return abs(rarity.products - count) <= max(SHARE * count, FEW)

    def _read(self) -> Rarity | None:
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
            rarity = Rarity.from_dict(values) if values["index"] == self._index.identity else None
        except (OSError, KeyError, TypeError, ValueError, AttributeError):
            return None
        return rarity if rarity and self._is_of_index(rarity) else None

    def _counted(self) -> Rarity:
        rarity = Rarity()
        for products in self._index.scan():
            for stored in products:
                rarity.add(read(stored.product))
            if rarity.products >= SAMPLE:
                break
        rarity.stand_for(self._index.count())
        self._unsaved = rarity.products
        return rarity
