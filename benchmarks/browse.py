"""What a page of a shop asks for, against a plain search by embedding in the same run.

    python benchmarks/browse.py [--products 200000] [--rounds 40] [--index FOLDER] [--json FILE]

The catalogue is made up as `benchmarks/index_scale.py` does; 256 products each have one time, as an ingest stores them,
and every fifth waits for a person. It is kept in the folder `--index` and used again; building it takes some minutes.
Milliseconds are medians of acts measured in turns. A page has 24 products, as in the browser.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

from tqdm import tqdm

from benchmarks.index_scale import BATCH, COLOURS, Floats, clustered_vectors, stored
from benchmarks.timing import in_turns
from catalog.index.filters import CategoryUnder
from catalog.index.product_index import ProductIndex, open_index
from catalog.index.query import IndexQuery
from catalog.index.relevance import Floor
from catalog.product import StoredProduct
from serving.storage.store import CatalogStore

WIDTH, CHUNK, QUERIES = 256, 256, 1000
BUILD_SECONDS = 3600
FIRST_ADDED = 1_700_000_000.0
TOP, PAGE, FACETS = 10, 24, ("category", "brand", "colour")
WAITS_EVERY = 5
PLAIN = "search by embedding, the ten best"
# Of two products around one centre the cosine is about 0.67, of others about 0: a hundred are found.
COSINE, RATIO, SHARE = 0.5, 0.6, 0.8


def product(position: int, vector: Floats) -> StoredProduct:
    made = replace(stored(position, vector), added_at=FIRST_ADDED + position // CHUNK)
    if position % WAITS_EVERY:
        return made
    return replace(made, understanding=replace(made.understanding, decision="review"))


def fill(index: ProductIndex, vectors_NE: Floats) -> None:
    for start in tqdm(range(0, len(vectors_NE), BATCH), desc="load", unit="batch"):
        index.upsert([product(n, vectors_NE[n]) for n in range(start, min(start + BATCH, len(vectors_NE)))])


def acts(index: ProductIndex, store: CatalogStore, queries_QE: Floats) -> dict[str, Callable[[], object]]:
    """Each act asks something else every time."""
    numbers = count()

    def query(by_text: bool = False, floor: bool = False) -> IndexQuery:
        number = next(numbers) % len(queries_QE)
        keywords = f"{COLOURS[number % len(COLOURS)].lower()} shoes {number}" if by_text else ""
        least = Floor(cosine=COSINE, ratio=RATIO, share=SHARE, wordings=(keywords,) if by_text else ())
        return IndexQuery(embedding=queries_QE[number], keywords=keywords, limit=PAGE, floor=least if floor else None)

    return {
        PLAIN: lambda: index.search(replace(query(), limit=TOP)),
        "search by embedding, a page": lambda: index.search(query()),
        "browse, newest first": lambda: index.browse(limit=PAGE),
        "browse, its hundredth page": lambda: index.browse(limit=PAGE, offset=100 * PAGE),
        "browse, cheapest first": lambda: index.browse(sort="price_asc", limit=PAGE),
        "browse a category of 1 %": lambda: index.browse(CategoryUnder(("in-100-0",)), limit=PAGE),
        "facets of all products": lambda: index.facets(FACETS),
        "facets of a category of 1 %": lambda: index.facets(FACETS, CategoryUnder(("in-100-0",))),
        "overview": lambda: store.overview(),
        "search by words and embedding": lambda: index.search(query(by_text=True)),
        "the same with three facets": lambda: index.find(query(by_text=True), FACETS),
        "search by embedding with a floor": lambda: index.find(query(floor=True)),
        "the same with three facets, floor": lambda: index.find(query(floor=True), FACETS),
        "search by words and embedding with a floor": lambda: index.find(query(by_text=True, floor=True)),
    }


def measure(folder: Path, products: int, rounds: int, seed: int) -> dict[str, float]:
    """Milliseconds by act. The catalogue is made in the folder if it is not there."""
    vectors_NE = clustered_vectors(products, WIDTH, seed)
    with open_index(folder / "index", WIDTH) as index:
        store = CatalogStore(index, folder / "state")
        try:
            if index.count() != products:
                fill(index, vectors_NE)
            if not index.wait_until_indexed(BUILD_SECONDS):
                raise SystemExit("The index was not built in time.")
            queries_QE = vectors_NE[:: max(products // QUERIES, 1)]
            seconds = in_turns(acts(index, store, queries_QE), rounds)
        finally:
            store.close()
    return {name: 1000 * value for name, value in seconds.items()}


def to_markdown(milliseconds: Mapping[str, float]) -> str:
    lines = ["| what | p50, ms | of a plain search |", "|---|---|---|"]
    lines += [f"| {name} | {ms:.2f} | {ms / milliseconds[PLAIN]:.1f} |" for name, ms in milliseconds.items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--index", type=Path, help="a folder to keep the catalogue in")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="browse-") as temporary:
        milliseconds = measure(given.index or Path(temporary), given.products, given.rounds, given.seed)
    print(to_markdown(milliseconds))
    if given.json:
        result = {"cores": os.cpu_count(), "load": os.getloadavg(), "milliseconds": milliseconds}
        given.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
