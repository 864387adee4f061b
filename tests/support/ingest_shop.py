"""A small shop whose feed is brought into an index by a tiny model."""

import csv
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import ClassVar

from catalog.feeds import open_feed
from catalog.images import ImageReader
from catalog.index.product_index import ProductIndex, open_index
from catalog.ingest.ledger import Failure, Ledger, Run, Warned, write_dead_letters
from catalog.ingest.load import ImageSource
from catalog.ingest.pipeline import LocalWorker
from catalog.ingest.run import IngestRun
from catalog.model.preprocess import Prepared
from catalog.product import Understanding
from catalog.understand import Understander
from tests.support.catalogue import COLOURS, KINDS, draw_product

CHUNK = 5
FIELDS = ("id", "title", "description", "brand", "price", "image_link", "additional_image_link")


class Counting(Understander):
    """A real model that says how many products it has read, and their words."""

    read = 0
    texts: ClassVar[list[str]] = []

    def understand_prepared(
        self, products: Sequence[Prepared], top_k: int = 5, evidence: bool = True
    ) -> list[Understanding]:
        self.read += len(products)
        self.texts.extend(product.text for product in products)
        return super().understand_prepared(products, top_k, evidence)


class Shop:
    """A feed of 24 products with images, a tiny model, and an index to bring them into."""

    def __init__(self, folder: Path, understander: Counting) -> None:
        self.folder, self.understander = folder, understander
        self.feed, self.location = folder / "feed.csv", folder / "index"
        self.failures: list[Failure] = []
        self.warnings: list[Warned] = []
        self.strict = False
        self.source: ImageSource | None = None
        self.rows = [
            {
                "id": f"{kind}-{colour}-{copy}",
                "title": f"{colour} {kind} {copy}",
                "description": "",
                "brand": "Halden",
                "price": f"{10 + copy} EUR",
                "image_link": f"{kind}-{colour}.png",
                "additional_image_link": "",
            }
            for kind in KINDS
            for colour in COLOURS
            for copy in range(2)
        ]
        (folder / "images").mkdir(parents=True)
        for kind in KINDS:
            for colour in COLOURS:
                draw_product(kind, colour).save(folder / "images" / f"{kind}-{colour}.png")
        self.write()

    def write(self) -> None:
        with self.feed.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys((*FIELDS, *self.rows[0]))))
            writer.writeheader()
            writer.writerows(self.rows)

    def index(self) -> ProductIndex:
        return open_index(str(self.location), self.understander.config.embedding_width)

    def worker(self) -> LocalWorker:
        source = self.source or ImageReader(self.folder / "images")
        return LocalWorker(self.understander, source, strict=self.strict, chunk=CHUNK)

    def ingest(self, feed: Path | None = None) -> Run:
        """Of the whole feed. The model's count starts anew."""
        self.understander.read = 0
        source = open_feed(feed or self.feed)
        with self.index() as index, closing(Ledger(self.location / "ledger.sqlite")) as ledger:
            whole = IngestRun(source, index, ledger)
            whole.execute(self.worker())
            self.failures, self.warnings = list(whole.run.failures()), list(whole.run.warnings())
            write_dead_letters(self.folder / "failed.jsonl", self.failures)
        return whole.run
