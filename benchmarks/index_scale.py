"""The product index at several sizes, on the embedded engine, against an exact scan with NumPy in the same run.

    python benchmarks/index_scale.py --products 200000 --width 256
    python benchmarks/index_scale.py --products 10000 50000 200000 1000000 --json scale.json --markdown scale.md

Products are made up from a seed: unit vectors in clusters of about a hundred, titles, brands, prices and categories.
Every search goes through `ProductIndex.search`, which returns whole products. Latencies are in milliseconds. Several
sizes give each time's exponent: n products take time proportional to n to that power.
"""

import argparse
import json
import math
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.timing import growth
from catalog.index.filters import CategoryUnder, Filter, OneOf
from catalog.index.keys import sought_numbers
from catalog.index.product_index import ProductIndex, open_index
from catalog.index.query import IndexQuery
from catalog.product import CategoryScore, ContentHashes, Offer, Product, Scored, StoredProduct, Understanding

BATCH = 1000
COLOURS = ("Red", "Blue", "Green", "Black", "White", "Grey", "Navy Blue", "Pink", "Brown", "Yellow")
# One of how many products has the category of each level: 20 %, 1 % and 0.5 % of the catalogue.
LEVELS = {"20 %": 5, "1 %": 100, "0.5 %": 200}
TARGETS = {
    "load and index, s": 120.0,
    "search p50": 1.0,
    "search p99": 3.0,
    "recall": 0.99,
    **{f"filtered {level} p50": 4.0 for level in LEVELS},
    **{f"filtered {level} recall": 0.98 for level in LEVELS},
}
BRIEF = (
    "load and index, s",
    "search p50",
    "search p99",
    "recall",
    "search, scan p50",
    "search, scan / index",
    "filtered 1 % p50",
    "keywords p50",
    "hybrid p50",
    "number p50",
    "facets p50",
    "upsert p50",
)

Floats = NDArray[np.float32]
Figures = dict[str, float]


def clustered_vectors(count: int, width: int, seed: int) -> Floats:
    """Unit vectors of shape [count, width], about a hundred around each centre."""
    random = np.random.default_rng(seed)
    centres_KE = random.normal(size=(max(count // 100, 1), width)).astype(np.float32)
    vectors_NE = np.empty((count, width), dtype=np.float32)
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        noise = random.normal(size=(size, width)).astype(np.float32)
        rows = centres_KE[random.integers(len(centres_KE), size=size)] + 0.7 * noise
        vectors_NE[start : start + size] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return vectors_NE


def title_of(position: int) -> str:
    return f"{COLOURS[position % len(COLOURS)]} running shoe {position}, model {position % 997} for men and women"


def stored(position: int, vector: Floats) -> StoredProduct:
    ids = tuple(f"in-{every}-{position % every}" for every in LEVELS.values())
    category = CategoryScore(ids[-1], ("Clothing", "Footwear", f"Shoes {position % 200}"), (0.98, 0.95, 0.91), ids)
    others = tuple(
        CategoryScore(f"other-{n}", ("Clothing", "Footwear", f"Other {n}"), (0.98, 0.9, 0.02)) for n in range(5)
    )
    colour = COLOURS[position % len(COLOURS)]
    product = Product(
        id=f"sku-{position}",
        title=title_of(position),
        description="A light everyday shoe with a breathable upper and a cushioned sole.",
        brand=f"Brand {position % 300}",
        price=float(position % 500) + 0.99,
        currency="EUR",
        link=f"https://shop.example/{position}",
    )
    understanding = Understanding(
        id=product.id,
        category=category,
        alternatives=others,
        tags=(Scored("printed", 0.8), Scored("solid", 0.6)),
        attributes={"colour": Scored(colour, 0.9), "gender": Scored("Unisex", 0.7), "season": Scored("Summer", 0.6)},
        embedding=vector,
        modalities_used=("image", "text"),
        decision="auto",
    )
    hashes = ContentHashes(f"{position:064x}", f"{position + 1:064x}", f"{position + 2:064x}")
    return StoredProduct(product, understanding, hashes, "model-1", (f"images/{position}.jpg",))


def load(index: ProductIndex, vectors_NE: Floats) -> Iterator[float]:
    """Stores everything; the milliseconds of each batch."""
    for start in tqdm(range(0, len(vectors_NE), BATCH), desc="load", unit="batch"):
        batch = [stored(n, vectors_NE[n]) for n in range(start, min(start + BATCH, len(vectors_NE)))]
        began = time.perf_counter()
        index.upsert(batch)
        yield 1000 * (time.perf_counter() - began)


def timed(work: Callable[[int], Any], rounds: int, name: str) -> tuple[list[Any], list[float]]:
    results, milliseconds = [], []
    for number in tqdm(range(rounds), desc=name, unit="query", leave=False):
        began = time.perf_counter()
        results.append(work(number))
        milliseconds.append(1000 * (time.perf_counter() - began))
    return results, milliseconds


def percentiles(name: str, milliseconds: Sequence[float]) -> Figures:
    return {
        f"{name} p50": float(np.percentile(milliseconds, 50)),
        f"{name} p99": float(np.percentile(milliseconds, 99)),
    }


def search_figures(
    name: str, index: ProductIndex, vectors_NE: Floats, queries_QE: Floats, every: int = 1, filter: Filter | None = None
) -> Figures:
    """Recall of the ten nearest and latencies, and how many times longer NumPy takes. every: one product of so many
    passes the filter, those at positions divisible by it; the scan is given just these.
    """
    found, milliseconds = timed(
        lambda n: index.search(IndexQuery(embedding=queries_QE[n], filter=filter)), len(queries_QE), name
    )
    allowed_ME = np.ascontiguousarray(vectors_NE[::every])

    def scan(number: int) -> set[str]:
        cosines = allowed_ME @ queries_QE[number]
        best = np.argpartition(-cosines, 9)[:10] if len(cosines) > 10 else np.arange(len(cosines))
        return {f"sku-{every * int(position)}" for position in best}

    exact, scanned = timed(scan, min(len(queries_QE), 200), "exact scan")
    shares = [len({m.stored.id for m in got} & best) / len(best) for got, best in zip(found, exact, strict=False)]
    figures = percentiles(name, milliseconds)
    figures["recall" if name == "search" else f"{name} recall"] = float(np.mean(shares))
    figures[f"{name}, scan p50"] = float(np.median(scanned))
    figures[f"{name}, scan / index"] = float(np.median(scanned) / np.median(milliseconds))
    return figures


def text_figures(index: ProductIndex, queries_QE: Floats) -> Figures:
    text = [f"{COLOURS[n % 10].lower()} shoes {n}" for n in range(len(queries_QE))]
    _, keywords = timed(lambda n: index.search(IndexQuery(keywords=text[n])), len(text), "keywords")
    _, hybrid = timed(
        lambda n: index.search(IndexQuery(keywords=text[n], embedding=queries_QE[n])), len(text), "hybrid"
    )
    _, number = timed(
        lambda n: index.search(IndexQuery(embedding=queries_QE[n], numbers=sought_numbers(f"sku-{n}"))),
        len(text),
        "number",
    )
    _, folded = timed(lambda n: index.search(IndexQuery(embedding=queries_QE[n], collapse=True)), len(text), "collapse")
    _, facets = timed(lambda _: index.facets(["category", "brand", "colour"]), 5, "facets")
    named = {"keywords": keywords, "hybrid": hybrid, "number": number, "collapse": folded, "facets": facets}
    return {key: value for name, times in named.items() for key, value in percentiles(name, times).items()}


def write_figures(index: ProductIndex, vectors_NE: Floats) -> Figures:
    products = [stored(n, vectors_NE[n]) for n in range(300)]
    _, upsert = timed(lambda n: index.upsert([products[n]]), 300, "upsert")
    _, offers = timed(lambda n: index.update_offers([Offer(products[n].product, products[n].hashes)]), 300, "offer")
    _, flush = timed(lambda n: (index.upsert([products[n]]), index.flush()), 10, "flush")
    named = {"upsert": upsert, "offer": offers, "upsert and flush": flush}
    return {key: value for name, times in named.items() for key, value in percentiles(name, times).items()}


def search_while_building(index: ProductIndex, queries_QE: Floats, timeout: float) -> Figures:
    """Wait for the index, searching and writing meanwhile: the longest either was held up."""
    finished = threading.Event()
    searches: list[float] = []

    def search() -> None:
        while not finished.wait(0.05):
            began = time.perf_counter()
            index.search(IndexQuery(embedding=queries_QE[len(searches) % len(queries_QE)]))
            searches.append(1000 * (time.perf_counter() - began))

    thread = threading.Thread(target=search)
    thread.start()
    began = time.perf_counter()
    built = index.wait_until_indexed(timeout)
    seconds = time.perf_counter() - began
    finished.set()
    thread.join()
    figures = {"index, s": seconds if built else math.nan, "share indexed": index.indexed}
    if searches:
        figures |= percentiles("search during the build", searches)
        figures["search during the build, longest"] = max(searches)
    return figures


def resident_gigabytes() -> Figures:
    """Of this process: now, without the pages of files, and at its highest."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    read = {"RssAnon": "memory without files, GB", "VmRSS": "memory, GB", "VmHWM": "memory at its highest, GB"}
    return {label: int(lines[name].split()[0]) / 2**20 for name, label in read.items() if name in lines}


def measure(count: int, width: int, queries: int, seed: int, folder: Path, timeout: float) -> Figures:
    vectors_NE = clustered_vectors(count, width, seed)
    random = np.random.default_rng(seed + 1)
    near_QE = vectors_NE[random.integers(count, size=queries)] + 0.5 / math.sqrt(width) * random.normal(
        size=(queries, width)
    )
    queries_QE = (near_QE / np.linalg.norm(near_QE, axis=1, keepdims=True)).astype(np.float32)
    figures: Figures = {"products": count, "width": width}
    with open_index(folder / "index", width) as index:
        batches = list(load(index, vectors_NE))
        figures["load, s"] = sum(batches) / 1000
        figures |= percentiles(f"upsert of {BATCH}", batches)
        figures["share indexed after the load"] = index.indexed
        before = search_figures("search", index, vectors_NE, queries_QE[:50])
        figures |= {f"not yet indexed: {name}": value for name, value in before.items()}
        figures |= search_while_building(index, queries_QE, timeout)
        figures["load and index, s"] = figures["load, s"] + figures["index, s"]
        figures |= search_figures("search", index, vectors_NE, queries_QE)
        for level, every in LEVELS.items():
            filter = CategoryUnder((f"in-{every}-0",))
            figures |= search_figures(f"filtered {level}", index, vectors_NE, queries_QE, every, filter)
        tree = OneOf("brand", ("Brand 0",))
        figures |= percentiles("count", timed(lambda _: index.count(tree), 50, "count")[1])
        figures |= text_figures(index, queries_QE[:200])
        figures |= write_figures(index, vectors_NE)
        figures |= resident_gigabytes()
        files = (path for path in folder.rglob("*") if path.is_file())
        figures["disk, GB"] = sum(path.stat().st_blocks * 512 for path in files) / 2**30
    began = time.perf_counter()
    with open_index(folder / "index") as index:
        figures["open again, s"] = time.perf_counter() - began
        assert index.count() == count
    return figures


def exponents_of(runs: Sequence[Figures]) -> Figures:
    """Of each time's growth."""
    sizes = [run["products"] for run in runs]
    timings = [name for name in runs[0] if name.endswith((" p50", ", s")) and all(run.get(name, 0) > 0 for run in runs)]
    return {name: growth(sizes, [run[name] for run in runs]) for name in timings}


def to_markdown(runs: Sequence[Figures], exponents: Figures, brief: bool) -> str:
    heads = [f"{int(run['products']):,} x {int(run['width'])}" for run in runs]
    lines = ["| figure | " + " | ".join(heads) + " | grows as n to the | target |", "|---|" + "---|" * (len(runs) + 2)]
    for name in runs[0]:
        if name in ("products", "width") or (brief and name not in BRIEF):
            continue
        cells = " | ".join(f"{run[name]:.4g}" if name in run else "" for run in runs)
        exponent = f"{exponents[name]:.2f}" if name in exponents else ""
        sign = "≥" if name.endswith("recall") else "≤"
        target = f"{sign} {TARGETS[name]:g}" if name in TARGETS else ""
        lines.append(f"| {name} | {cells} | {exponent} | {target} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, nargs="+", default=[200_000])
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=3600, help="seconds to wait for the approximate index")
    parser.add_argument("--folder", type=Path, default=None, help="where to put the indexes; they are removed again")
    parser.add_argument("--brief", action="store_true", help="print only what there is to know at first")
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--markdown", type=Path, default=None)
    arguments = parser.parse_args()
    runs = []
    for count in arguments.products:
        folder = Path(tempfile.mkdtemp(prefix="index-scale-", dir=arguments.folder))
        try:
            runs.append(measure(count, arguments.width, arguments.queries, arguments.seed, folder, arguments.timeout))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    exponents = exponents_of(runs) if len(runs) > 1 else {}
    table = to_markdown(runs, exponents, arguments.brief)
    print(table)
    if arguments.markdown:
        arguments.markdown.write_text(table)
    if arguments.json:
        result = {"cores": os.cpu_count(), "load": os.getloadavg(), "runs": runs, "growth": exponents}
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
