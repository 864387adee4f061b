"""What it takes to store a product with looking at what it doubles, beside storing it without, on a large index.

    python benchmarks/arrivals.py [--products 100000] [--new 512] [--seed 0] [--index FOLDER]

Processor time a product, the two ways in turns, in chunks as an ingest stores them and one by one as `PUT` does. The
products are made up, see `benchmarks/audit.py`: every tenth new one is a variant of the one before it, every hundredth
the same again. The index is kept in FOLDER, if one is given, and used again.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from audit import WIDTH, Catalogue

from catalog.index.product_index import ProductIndex, open_index
from catalog.model.folder import read_taxonomy, shipped_model
from catalog.product import StoredProduct
from catalog.quality.arrivals import Arrivals, Doubles

CHUNK = 256
Upsert = Callable[[Sequence[StoredProduct]], Sequence[StoredProduct]]


def filled(index: ProductIndex, products: int, seed: int) -> None:
    if index.count() < products:
        for part in Catalogue(products, seed, read_taxonomy(shipped_model())).scan():
            index.upsert(part)
        index.wait_until_indexed(600)


def drawn(count: int, seed: int, name: str) -> list[StoredProduct]:
    """New products, under ids of their own."""
    parts = Catalogue(count, seed, read_taxonomy(shipped_model())).scan()
    return [replace(one, product=replace(one.product, id=f"{name}-{seed}-{one.id}")) for part in parts for one in part]


def wordy(upsert: Upsert) -> Upsert:
    """Of products whose vectors say nothing, as the model has read nothing of them."""

    def of(products: Sequence[StoredProduct]) -> Sequence[StoredProduct]:
        return upsert([replace(one, understanding=replace(one.understanding, modalities_used=())) for one in products])

    return of


def measured(ways: dict[str, Upsert], count: int, size: int, seed: int) -> tuple[dict[str, float], int]:
    """Milliseconds a product, in chunks of `size`; and how many products had a double noted."""
    taken = dict.fromkeys(ways, 0.0)
    noted = 0
    new = {name: drawn(count, seed + number, name) for number, name in enumerate(ways)}
    for start in range(0, count, size):
        for name, upsert in ways.items():
            started = time.process_time()
            kept = upsert(new[name][start : start + size])
            taken[name] += time.process_time() - started
            noted += sum(bool(one.doubles) for one in kept)
    return {name: 1000 * seconds / count for name, seconds in taken.items()}, noted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--new", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--words-alone", action="store_true", help="Leave the vectors out.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, open_index(asked.index or Path(folder) / "index", WIDTH) as index:
        filled(index, asked.products, asked.seed)
        arrivals = Arrivals(index, Doubles(index, Path(folder) / "words.json"))
        started = time.process_time()
        arrivals.upsert(drawn(1, asked.seed + 99, "first"))
        print(f"The first product, with the sample of the words: {time.process_time() - started:.1f} s.\n")
        print(f"In the approximate index: {index.indexed:.0%} of the vectors; the others are compared one by one.\n")
        ways: dict[str, Upsert] = {"without": index.upsert, "no vectors": wordy(arrivals.upsert)}
        if not asked.words_alone:
            ways["with doubles"] = arrivals.upsert
        print(f"| stored | {' | '.join(f'{name}, ms' for name in ways)} | noted |\n{'|---' * (len(ways) + 2)}|")
        for name, size, count in (("chunks of 256", CHUNK, asked.new), ("one by one", 1, asked.new // 2)):
            found, noted = measured(ways, count, size, asked.seed + 1000 + size)
            print(f"| {name} | {' | '.join(f'{one:.1f}' for one in found.values())} | {noted} |", flush=True)


if __name__ == "__main__":
    main()
