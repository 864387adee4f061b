"""Suggested prices: how many intervals hold the price, and how wide they are, beside the median of the category.

    python -m benchmarks.pricing --data-root DATA [--sets walmart_amazon retail_demo] [--seeds 3] [--cache FOLDER]

A fifth of the products, in groups of offers that are judged to be one, is held out; the others are the catalogue: an
index with the shipped model's embeddings of the titles, from which `catalog.pricing` suggests prices. The category is
the merchant's. `category`: the median of the catalogue's prices in it, with the same conformal step, its residuals
leaving each product out; `even`: with one spread for all. Widths are ratios of the ends. retail_demo is what the
constants were chosen on; walmart_amazon was only measured.
"""

import argparse
import json
import pickle
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from catalog.errors import CatalogError
from catalog.index.product_index import open_index
from catalog.pricing import Pricer, question_of
from catalog.pricing.comparables import FEWEST
from catalog.pricing.interval import LEAST_SPREAD, Doubles, Estimate, Interval, interval
from catalog.product import ContentHashes, Product, StoredProduct, Understanding
from catalog.understand import Understander

FIELD = re.compile(r"COL (\S+) VAL (.*?)(?= COL \S+ VAL |$)")
COVERAGE = 0.9
HELD_SHARE = 0.2
READ_AT_ONCE = 256


class Offers(NamedTuple):
    """groups: of each product the number of the offers that are one with it."""

    products: list[Product]
    groups: list[int]


@dataclass(frozen=True)
class Row:
    way: str
    products: int
    coverage: float
    width: float
    error: float

    def __str__(self) -> str:
        return (
            f"{self.way:22} {self.products:6,} priced  covered {self.coverage:6.1%}  median width {self.width:5.2f} x"
            f"  median error {self.error:4.2f} x"
        )


def walmart_amazon(root: Path) -> Offers:
    lines = [
        line.split("\t")
        for part in ("train", "valid")
        for line in (root / f"matching/walmart_amazon/{part}.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
    ]
    number = {text: at for at, text in enumerate(dict.fromkeys(text.strip() for line in lines for text in line[:2]))}
    group = list(range(len(number)))
    for left, right, label in lines:
        if label == "1":
            one, other = group[number[left.strip()]], group[number[right.strip()]]
            group = [one if each == other else each for each in group]
    return Offers([offer(at, text) for text, at in number.items()], group)


def offer(number: int, text: str) -> Product:
    fields = {name: value.strip() for name, value in FIELD.findall(text)}
    price = re.search(r"\d+(?:\.\d+)?", fields.get("price", "").replace(",", ""))
    return Product(
        id=str(number),
        title=fields.get("title", ""),
        product_type=fields.get("category", ""),
        price=float(price[0]) if price else None,
        currency="USD",
    )


def retail_demo(root: Path) -> Offers:
    rows = [json.loads(line) for line in (root / "othershops/retail_demo/products.jsonl").open(encoding="utf-8")]
    products = [
        Product(
            id=row["id"],
            title=row["title"],
            description=row["description"],
            product_type=" > ".join(row["category"]),
            price=row["price"],
            currency="USD",
        )
        for row in rows
    ]
    return Offers(products, list(range(len(products))))


SETS: Mapping[str, Callable[[Path], Offers]] = {"walmart_amazon": walmart_amazon, "retail_demo": retail_demo}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", choices=SETS, default=[*SETS])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cache", type=Path, help="Folder where what the model read is kept between runs.")
    given = parser.parse_args()
    for name in given.sets:
        offers = SETS[name](given.data_root)
        stored = read(offers.products, given.cache / f"{name}.pickle" if given.cache else None)
        priced = [at for at, one in enumerate(stored) if one and one.product.price]
        print(f"{name}: {len(offers.products):,} offers, {len(priced):,} with a price")
        for seed in range(given.seeds):
            measure([(one, offers.groups[at]) for at in priced if (one := stored[at])], seed)


def read(products: Sequence[Product], cache: Path | None) -> list[StoredProduct | None]:
    """What the shipped model makes of each; None where it cannot be read."""
    if cache and cache.exists():
        found: list[Understanding | CatalogError] = pickle.loads(cache.read_bytes())
    else:
        model, found = Understander.load(cache_megabytes=0), []
        for start in range(0, len(products), READ_AT_ONCE):
            found += model.understand(products[start : start + READ_AT_ONCE], evidence=False)
        if cache:
            cache.write_bytes(pickle.dumps(found))
    hashes = ContentHashes("", "", "")
    return [
        StoredProduct(product, understanding, hashes, "measured")
        if isinstance(understanding, Understanding) and understanding.modalities_used
        else None
        for product, understanding in zip(products, found, strict=True)
    ]


def measure(grouped: Sequence[tuple[StoredProduct, int]], seed: int) -> None:
    groups = np.unique([group for _, group in grouped])
    held_groups = set(np.random.default_rng(seed).choice(groups, int(HELD_SHARE * len(groups)), replace=False).tolist())
    held = [one for one, group in grouped if group in held_groups]
    known = [one for one, group in grouped if group not in held_groups]
    print(f"seed {seed}: {len(known):,} in the catalogue, {len(held):,} held out")
    print(nearest(known, held))
    for way, normalised in (("category", True), ("category, even", False)):
        print(by_category(way, known, held, normalised))


def nearest(known: Sequence[StoredProduct], held: Sequence[StoredProduct]) -> Row:
    with tempfile.TemporaryDirectory() as folder, open_index(folder, len(known[0].understanding.embedding)) as index:
        index.upsert(known)
        pricer = Pricer(index)
        start = time.process_time()
        pricer.suggest(question_of(held[0]), COVERAGE)
        first = time.process_time() - start
        found = [pricer.suggest(question_of(one), COVERAGE) for one in held]
        each = (time.process_time() - start - first) / len(held)
        print(f"{'':22} calibration {first:.1f} s, a price {1000 * each:.1f} ms of processor time")
    return row("nearest products", held, [one.interval for one in found])


def by_category(way: str, known: Sequence[StoredProduct], held: Sequence[StoredProduct], normalised: bool) -> Row:
    logs: dict[str, list[float]] = defaultdict(list)
    for one in known:
        logs[one.product.product_type].append(float(np.log(one.product.price or 1)))
    everything = [log for of_kind in logs.values() for log in of_kind]

    def estimated(product: Product, itself: bool) -> Estimate:
        others = list(logs.get(product.product_type, ()))
        if itself:
            others.remove(float(np.log(product.price or 1)))
        log_N = np.array(others if len(others) >= FEWEST else everything)
        centre = float(np.median(log_N))
        return Estimate(centre, float(np.abs(log_N - centre).mean()) + LEAST_SPREAD if normalised else 1.0)

    sample = np.random.default_rng(0).permutation(len(known))[:1000]
    mine = [known[at].product for at in sample]
    residual_N: Doubles = np.sort([estimated(one, True).residual(one.price or 1) for one in mine])
    return row(way, held, [interval(estimated(one.product, False), residual_N, COVERAGE) for one in held])


def row(way: str, held: Sequence[StoredProduct], found: Sequence[Interval | None]) -> Row:
    pairs = [(one.product.price or 1, ends) for one, ends in zip(held, found, strict=True) if ends]
    inside = [ends.low <= price <= ends.high for price, ends in pairs]
    widths = [ends.high / ends.low for _, ends in pairs]
    errors = [abs(np.log(price / ends.median)) for price, ends in pairs]
    return Row(way, len(pairs), float(np.mean(inside)), float(np.median(widths)), float(np.exp(np.median(errors))))


if __name__ == "__main__":
    main()
