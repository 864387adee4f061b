"""Index a shop and search it: python examples/index_a_shop.py FEED INDEX QUERY

A feed is CSV, TSV, JSONL, Parquet, a zip, or a folder of images. Running it again ingests only what changed.
"""

import sys
from contextlib import closing
from pathlib import Path

from catalog.images import ImageReader
from catalog.ingest.ledger import Ledger
from catalog.ingest.pipeline import LocalWorker
from catalog.ingest.run import IngestRun
from shelflens import Example, Search, Understander, open_feed, open_index, search

feed_path, index_path, query = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
understander = Understander.load()
feed = open_feed(feed_path)
worker = LocalWorker(understander, ImageReader(feed.root, feed.archive))

with open_index(index_path, understander.config.embedding_width) as index:
    with closing(Ledger(index_path / "ledger.sqlite")) as ledger:
        tally = IngestRun(feed, index, ledger).execute(worker)
    print(dict(tally.outcomes))
    for match in search(Search((Example(query),), limit=3), index, understander).matches:
        print(f"{match.score:.2f}", match.stored.id, match.stored.product.title)
