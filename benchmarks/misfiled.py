"""How well products under a wrong category of the merchant's own are found, beside the nearest neighbour's.

    python benchmarks/misfiled.py --data-root DATA [--seed 0] [--cache FOLDER]

5 % of the products of a set get the category of another product, drawn at random; five times. Sets: fashion's `val`,
and shops that the model never saw. FOLDER keeps what the model makes of each set. Then the time of 100,000 made-up
products.
"""

import argparse
import json
import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from catalog.product import ContentHashes, Product, StoredProduct, Understanding
from catalog.quality.conflicts.misfiled import OwnCategories
from catalog.taxonomy.tree import SEPARATOR
from catalog.understand import Understander

SETS: Mapping[str, str | None] = {"fashion": "val", "othershops/flipkart": None, "othershops/retail_demo": None}
SHARE, RUNS = 0.05, 5
MADE, KINDS, WIDTH = 100_000, 200, 256
NO_HASHES = ContentHashes("", "", "")
CHUNK = 32
Flags = Callable[[Sequence[StoredProduct]], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path)
    given = parser.parse_args()
    ways: dict[str, Flags] = {"the nearest 40 agree": by_votes, "the nearest one differs": by_neighbour}
    print("| set | products | way | told of the moved | right of what is told | told of the others |")
    print("|---|---|---|---|---|---|")
    for name, split in SETS.items():
        products = read(given.data_root / name, split, given.cache)
        runs = [exchanged(products, given.seed + number) for number in range(RUNS)]
        for way, flags in ways.items():
            told = np.concatenate([flags(mixed) for mixed, _ in runs])
            moved = np.concatenate([moved for _, moved in runs])
            right = (told & moved).sum() / max(told.sum(), 1)
            cells = f"{told[moved].mean():.3f} | {right:.3f} | {told[~moved].mean():.4f}"
            print(f"| {name} | {len(products)} | {way} | {cells} |", flush=True)
    print(f"\n{MADE:,} made-up products of {KINDS} categories: {seconds(given.seed):.0f} s of processor time")


def seconds(seed: int) -> float:
    """Of products around their categories' centres, of which a twentieth is of another."""
    draw = np.random.default_rng(seed)
    centre_KE = draw.normal(size=(KINDS, WIDTH))
    categories = OwnCategories()
    for number in range(MADE):
        vector = centre_KE[number % KINDS] + 1.2 * draw.normal(size=WIDTH)
        kind = draw.integers(KINDS) if draw.random() < SHARE else number % KINDS
        answer = Understanding("", None, (), (), {}, vector / np.linalg.norm(vector), ("image", "text"), "review")
        product = Product(f"p{number}", "a title", product_type=f"Department {kind % 9} > Kind {kind}")
        categories.learn(StoredProduct(product, answer, NO_HASHES, ""))
    started = time.process_time()
    list(categories.findings())
    return time.process_time() - started


def exchanged(products: Sequence[StoredProduct], seed: int) -> tuple[list[StoredProduct], np.ndarray]:
    """The products, and which of them have the category of another."""
    draw = np.random.default_rng(seed)
    own = [stored.product.product_type for stored in products]
    moved = np.zeros(len(products), bool)
    mixed = list(products)
    for number in draw.permutation(len(products))[: round(SHARE * len(products))]:
        other = next(kind for kind in (own[draw.integers(len(own))] for _ in iter(int, 1)) if kind != own[number])
        moved[number] = True
        mixed[number] = replace(products[number], product=replace(products[number].product, product_type=other))
    return mixed, moved


def by_votes(products: Sequence[StoredProduct]) -> np.ndarray:
    categories = OwnCategories()
    for stored in products:
        categories.learn(stored)
    told = {finding.product for finding in categories.findings()}
    return np.array([stored.id in told for stored in products])


def by_neighbour(products: Sequence[StoredProduct]) -> np.ndarray:
    vectors = np.array([stored.understanding.embedding for stored in products])
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    nearest = cosines.argmax(1)
    return np.array(
        [
            stored.product.product_type != products[other].product.product_type
            for stored, other in zip(products, nearest, strict=True)
        ]
    )


def read(folder: Path, split: str | None, cache: Path | None) -> list[StoredProduct]:
    kept = cache and cache / f"{folder.name}.pickle"
    if kept and kept.exists():
        return list(pickle.loads(kept.read_bytes()))
    rows = map(json.loads, (folder / "products.jsonl").read_text(encoding="utf-8").splitlines())
    found = list(understood([row for row in rows if row["title"] and split in (None, row["split"])], folder))
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(found))
    return found


def understood(rows: Sequence[Mapping[str, Any]], folder: Path) -> Iterator[StoredProduct]:
    model = Understander.load(cache_megabytes=0)
    for start in tqdm(range(0, len(rows), CHUNK), folder.name, unit="batch"):
        products = [
            Product(
                str(row["id"]),
                row["title"],
                images=((folder / row["image"]).read_bytes(),) if row.get("image") else (),
                product_type=SEPARATOR.join(row["category"]),
            )
            for row in rows[start : start + CHUNK]
        ]
        for product, answer in zip(products, model.understand(products), strict=True):
            yield StoredProduct(replace(product, images=()), answer, NO_HASHES, "")


if __name__ == "__main__":
    main()
