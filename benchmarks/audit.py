"""What an audit of a large made-up catalogue takes, check by check: processor time, and the most memory.

    python benchmarks/audit.py [--products 100000] [--seed 0]

Every tenth product is a variant of the one before it, every hundredth the same product again.
"""

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from catalog.model.folder import read_taxonomy, shipped_model
from catalog.product import CategoryScore, ContentHashes, Product, StoredProduct, Understanding
from catalog.quality.audit import Check, History, audit
from catalog.quality.audit.checks import shipped_checks
from catalog.taxonomy.tree import Taxonomy

KINDS = (
    "Shirt",
    "Running Shoe",
    "Backpack",
    "Desk Lamp",
    "Kettle",
    "Headphones",
    "Garden Hose",
    "Watch",
    "Sofa",
    "Toaster",
)
COLOURS = ("red", "blue", "green", "black", "white", "grey", "brown", "yellow")
STYLES = ("classic", "sport", "compact", "premium", "light", "urban", "outdoor", "slim", "soft", "robust")
WIDTH, PART = 256, 256


class Catalogue:
    def __init__(self, products: int, seed: int, taxonomy: Taxonomy) -> None:
        self._count, self._seed, self._taxonomy = products, seed, taxonomy
        self._nodes = [node for node in taxonomy.nodes if node.parent][:200]

    def scan(self) -> Iterator[Sequence[StoredProduct]]:
        """The same at each call, made as they are asked for, as an index reads them."""
        draw, vectors = random.Random(self._seed), np.random.default_rng(self._seed)
        part: list[StoredProduct] = []
        last: tuple[str, str, str, str] | None = None
        for number in range(self._count):
            made = self._drawn(draw)
            if last and number % 100 == 0:
                made = last
            elif last and number % 10 == 0:
                made = (*last[:3], draw.choice(COLOURS))
            last = made
            part.append(self._stored(number, made, vectors))
            if len(part) == PART:
                yield part
                part = []
        yield part

    def _drawn(self, draw: random.Random) -> tuple[str, str, str, str]:
        brand = f"{draw.choice('BCDFGKLMNPRSTV')}{draw.choice('aeiou')}{draw.choice('lmnrst')}{draw.choice('aeiou')}x"
        name = f"{draw.choice(STYLES)} {draw.choice(KINDS)} {draw.choice('ABCDEFGHKLMN')}{draw.randrange(100, 9_999)}"
        return brand, name, f"{draw.randrange(5, 400)}.90", draw.choice(COLOURS)

    def _stored(self, number: int, made: tuple[str, str, str, str], vectors: np.random.Generator) -> StoredProduct:
        brand, name, price, colour = made
        node = self._nodes[number % len(self._nodes)]
        path = self._taxonomy.path(node.id)
        category = CategoryScore(node.id, path, (0.95,) * len(path))
        vector = vectors.normal(size=WIDTH).astype(np.float32)
        product = Product(
            id=f"p{number}",
            title=f"{brand} {name}, {colour}",
            description=f"A {colour} {name.lower()} of 1.5 kg, 30 x 20 cm, for every day.",
            brand=brand if number % 7 else "",
            price=float(price),
            currency="EUR",
            attributes={"colour": colour} if number % 3 else {},
        )
        found = Understanding(
            product.id, category, (), (), {}, vector / np.linalg.norm(vector), ("image", "text"), "auto"
        )
        return StoredProduct(
            product, found, ContentHashes(f"t{number}", f"i{number}", "o"), "made-up", (f"{number}.jpg",)
        )


def measured(check: Check, catalogue: Catalogue, folder: Path) -> tuple[float, int]:
    """Processor seconds, and how many findings."""
    history = History(folder / f"{type(check).__name__}.sqlite")
    started = time.process_time()
    run = audit([check], catalogue.scan, history)
    taken = time.process_time() - started
    history.close()
    return taken, sum(run.counts.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    taxonomy = read_taxonomy(shipped_model())
    catalogue = Catalogue(options.products, options.seed, taxonomy)
    print("| check | processor seconds | findings |\n|---|---|---|")
    total = 0.0
    with tempfile.TemporaryDirectory() as folder:
        making, _ = measured(Check(), catalogue, Path(folder))
        for check in shipped_checks(taxonomy):
            taken, findings = measured(check, catalogue, Path(folder))
            total += taken - making
            print(f"| {type(check).__name__} | {taken - making:.1f} | {findings:,} |", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"| all | {total:.1f} | |\n\npeak memory {peak:,.0f} MB; making the products up took {making:.1f} s each time"
    )


if __name__ == "__main__":
    main()
