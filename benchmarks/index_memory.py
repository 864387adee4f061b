"""What the embedded index takes: memory and time while it is loaded, built and searched, process by process.

    python benchmarks/index_memory.py --products 100000 300000 [--before CHECKOUT] [--json FILE] [--markdown FILE]
    python benchmarks/index_memory.py --vectors FOLDER/fashion.vectors

Products are made up as in `benchmarks/index_scale.py`, but their vectors are read from a file piece by piece, so that
the memory is the index's. Each size is loaded and built by one process, which has a builder of its own, and searched by
another one. Anonymous memory must be there; pages of files are the system's cache, which it takes back when it needs
them. Both are read from /proc ten times a second, of a process and its builder together. `--before` names a checkout
of another version, which takes turns with this one. Exponents: n products take in proportion to n to that power.
`--vectors`: a file that `benchmarks/teaching.py --vectors FOLDER` leaves. How many of the ten nearest to the vectors
of its texts, among the vectors of its products, does an approximate index find?
"""

import argparse
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import growth

BATCH, PIECE = 1000, 20_000
NEAREST = 10
PHASES = ("load", "build")
Figures = dict[str, float]
Floats = NDArray[np.float32]


class MemoryWatch:
    """The highest memory of a process and its children, in GB, by what it is doing."""

    def __init__(self, process: int) -> None:
        self.phase = PHASES[0]
        self.highest: Figures = {}
        self._process = process
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            with suppress(OSError, KeyError):
                self._look()

    def _look(self) -> None:
        threads = Path(f"/proc/{self._process}/task").glob("*/children")  # whichever of them started the builder
        children = [child for thread in threads for child in thread.read_text().split()]
        parts = [resident(self._process)]
        for child in children:
            with suppress(OSError, KeyError):
                parts.append(resident(int(child)))
        anonymous, files = (sum(part[n] for part in parts) for n in range(2))
        builder = sum(sum(part) for part in parts[1:])
        seen = {"anonymous": anonymous, "files": files, "both": anonymous + files, "of the builder": builder}
        for name, gigabytes in seen.items():
            key = f"{self.phase}: memory, {name}, GB"
            self.highest[key] = max(gigabytes, self.highest.get(key, 0.0))


def resident(process: int | str) -> tuple[float, float]:
    """Anonymous memory and pages of files, in GB."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines() if ":" in line)
    anonymous, files = (int(lines[name].split()[0]) / 1e6 * 1.024 for name in ("RssAnon", "RssFile"))
    return anonymous, files


def make(folder: Path, count: int, width: int, queries: int, seed: int) -> None:
    """Vectors, queries near some of them, and the places of the ten nearest to each, as files."""
    random = np.random.default_rng(seed)
    centres_KE = random.normal(size=(max(count // 100, 1), width)).astype(np.float32)
    asked = np.sort(random.choice(count, size=queries, replace=False))
    noise_QE = 0.5 / np.sqrt(width) * random.normal(size=(queries, width))
    queries_QE = np.empty((queries, width), dtype=np.float32)
    with (folder / "vectors").open("wb") as file:
        for start in range(0, count, PIECE):
            size = min(PIECE, count - start)
            rows_NE = centres_KE[random.integers(len(centres_KE), size=size)]
            rows_NE = rows_NE + 0.7 * random.normal(size=(size, width)).astype(np.float32)
            rows_NE /= np.linalg.norm(rows_NE, axis=1, keepdims=True)
            file.write(rows_NE.tobytes())
            here = (asked >= start) & (asked < start + size)
            queries_QE[here] = rows_NE[asked[here] - start]
    queries_QE = queries_QE + noise_QE.astype(np.float32)
    queries_QE /= np.linalg.norm(queries_QE, axis=1, keepdims=True)
    random.shuffle(queries_QE)
    np.save(folder / "queries.npy", queries_QE)
    np.save(folder / "nearest.npy", exact(pieces(folder, width), queries_QE))


def exact(rows: Iterable[Floats], queries_QE: Floats) -> NDArray[np.int64]:
    """The places of the nearest rows to each query, shape [queries, NEAREST]."""
    scores_QN, places_QN = np.zeros((len(queries_QE), 0)), np.zeros((len(queries_QE), 0), dtype=np.int64)
    start = 0
    for rows_NE in rows:
        here_QN = np.broadcast_to(np.arange(start, start + len(rows_NE)), (len(queries_QE), len(rows_NE)))
        scores_QN, places_QN = np.hstack([scores_QN, queries_QE @ rows_NE.T]), np.hstack([places_QN, here_QN])
        best_QN = np.argpartition(-scores_QN, NEAREST - 1, axis=1)[:, :NEAREST]
        scores_QN, places_QN = np.take_along_axis(scores_QN, best_QN, 1), np.take_along_axis(places_QN, best_QN, 1)
        start += len(rows_NE)
    return places_QN


def pieces(folder: Path, width: int, rows: int = PIECE) -> Iterator[Floats]:
    with (folder / "vectors").open("rb") as file:
        while data := file.read(rows * width * 4):
            yield np.frombuffer(data, dtype=np.float32).reshape(-1, width)


def fill(folder: Path, index_folder: Path, width: int) -> None:
    """Load and build, and tell about each when it is over."""
    from benchmarks.index_scale import stored
    from catalog.index.product_index import open_index

    with open_index(index_folder, width) as index:
        began, place, longest = time.perf_counter(), 0, 0.0
        for rows_NE in pieces(folder, width, BATCH):
            products = [stored(place + n, row) for n, row in enumerate(rows_NE)]
            place += len(rows_NE)
            asked = time.perf_counter()
            index.upsert(products)
            longest = max(longest, time.perf_counter() - asked)
        tell({"load, s": time.perf_counter() - began, f"longest upsert of {BATCH:,}, s": longest})
        began = time.perf_counter()
        assert index.wait_until_indexed(7200)
        figures = {"build after the load, s": time.perf_counter() - began}
    builders = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures |= {"processor s, builder": builders.ru_utime + builders.ru_stime, "processor s, load": time.process_time()}
    tell(figures)


def tell(figures: Figures) -> None:
    print(json.dumps(figures), flush=True)


def search(folder: Path, index_folder: Path) -> None:
    from catalog.index.product_index import open_index
    from catalog.index.query import IndexQuery

    queries_QE, nearest = np.load(folder / "queries.npy"), np.load(folder / "nearest.npy")
    began, found = time.perf_counter(), list[Any]()
    with open_index(index_folder) as index:
        figures = {"open, s": time.perf_counter() - began} | memory("opened")

        def look(number: int, **more: Any) -> Any:
            return index.search(IndexQuery(embedding=queries_QE[number], **more))

        figures |= timed("search", len(queries_QE), lambda number: found.append(look(number)))
        wanted = [{f"sku-{place}" for place in places} for places in nearest]
        shares = [len({one.stored.id for one in got} & want) / NEAREST for got, want in zip(found, wanted, strict=True)]
        figures["recall"] = float(np.mean(shares))
        figures |= other_searches(index, look) | memory("searched")
    files = (path for path in index_folder.rglob("*") if path.is_file())
    tell(figures | {"disk, GB": sum(path.stat().st_blocks * 512 for path in files) / 1e9})


def other_searches(index: Any, look: Callable[..., Any]) -> Figures:
    from catalog.index.filters import CategoryUnder
    from catalog.index.query import IndexQuery

    figures: Figures = {}
    for level, every in (("20 %", 5), ("1 %", 100)):
        wanted = CategoryUnder((f"in-{every}-0",))
        figures |= timed(f"filtered {level}", 100, partial(look, filter=wanted))
    figures |= timed("keywords", 100, lambda n: index.search(IndexQuery(keywords=f"red shoes {n}")))
    return figures | timed("facets", 5, lambda _: index.facets(["category", "brand", "colour"]))


def timed(name: str, rounds: int, work: Callable[[int], object]) -> Figures:
    wall, processor = [], []
    for number in range(rounds):
        began, began_processor = time.perf_counter(), time.process_time()
        work(number)
        wall.append(1000 * (time.perf_counter() - began))
        processor.append(1000 * (time.process_time() - began_processor))
    return {
        f"{name} p50": float(np.median(wall)),
        f"{name} p99": float(np.percentile(wall, 99)),
        f"{name}, processor ms": float(np.median(processor)),
    }


def found_among(opened: Any, products_NE: Floats, queries_QE: Floats) -> list[Any]:
    """What the index finds once it has these products."""
    from benchmarks.index_scale import stored
    from catalog.index.query import IndexQuery

    with opened as index:
        for start in range(0, len(products_NE), BATCH):
            index.upsert([stored(start + n, row) for n, row in enumerate(products_NE[start : start + BATCH])])
        assert index.wait_until_indexed(600)
        return [index.search(IndexQuery(embedding=query)) for query in queries_QE]


def recall_of_real(file: Path) -> Figures:
    from catalog.index.edge.backend import EdgeBackend
    from catalog.index.product_index import ProductIndex

    with sqlite3.connect(file) as db:
        rows = db.execute("SELECT used, choices, vectors FROM vectors ORDER BY id").fetchall()
    views = []
    for _, names, packed in rows:
        vectors_VE = np.frombuffer(packed, np.float32).reshape(len(json.loads(names)), -1)
        views.append(dict(zip(json.loads(names), vectors_VE, strict=True)))
    products_NE = np.stack([view[used] for view, (used, _, _) in zip(views, rows, strict=True)])
    queries_QE = np.stack([view["text"] for view in views if "text" in view][::8])
    nearest = exact([products_NE], queries_QE)
    with tempfile.TemporaryDirectory() as folder:
        store = EdgeBackend.open(Path(folder) / "index", products_NE.shape[1], build_from=1000)
        found = found_among(ProductIndex(store), products_NE, queries_QE)
    shares = [
        len({one.stored.id for one in got} & {f"sku-{place}" for place in places}) / NEAREST
        for got, places in zip(found, nearest, strict=True)
    ]
    return {"products": float(len(rows)), "queries": float(len(queries_QE)), "recall": float(np.mean(shares))}


def memory(when: str) -> Figures:
    anonymous, files = resident("self")
    named = {"anonymous": anonymous, "files": files, "both": anonymous + files}
    return {f"{when}: memory, {name}, GB": value for name, value in named.items()}


def in_process(checkout: Path, verb: str, folder: Path, index: Path, width: int) -> Figures:
    """By a process of its own, with the code of a checkout."""
    command = [sys.executable, __file__, "--only", verb, str(folder), str(index), "--width", str(width)]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    figures: Figures = {}
    with subprocess.Popen(command, env=environment, cwd=checkout, stdout=subprocess.PIPE, text=True) as process:
        watch = MemoryWatch(process.pid)
        assert process.stdout is not None
        for line in process.stdout:
            figures |= json.loads(line)
            watch.phase = PHASES[1]
        watch.stop()
    if process.returncode:
        raise SystemExit(f"{verb} failed in {checkout}")
    return figures | (watch.highest if verb == "fill" else {})


def measure(count: int, checkouts: Sequence[Path], arguments: argparse.Namespace) -> list[Figures]:
    folder = Path(tempfile.mkdtemp(prefix="index-memory-", dir=arguments.folder))
    try:
        make(folder, count, arguments.width, arguments.queries, arguments.seed)
        runs = []
        for number, checkout in enumerate(checkouts):
            index = folder / f"index-{number}"
            run = {"products": float(count)} | in_process(checkout, "fill", folder, index, arguments.width)
            runs.append(run | in_process(checkout, "search", folder, index, arguments.width))
            shutil.rmtree(index)
            print(json.dumps(runs[-1]), file=sys.stderr, flush=True)
        return runs
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def to_markdown(names: Sequence[str], runs: Sequence[Sequence[Figures]]) -> str:
    """runs: of each size, of each version."""
    columns = [(f"{run['products']:,.0f} {name}", run) for size in runs for name, run in zip(names, size, strict=True)]
    exponents = [f"exponent {name}" for name in names] if len(runs) > 1 else []
    heads = [head for head, _ in columns] + exponents
    lines = [f"| | {' | '.join(heads)} |", "|---|" + "---|" * len(heads)]
    for figure in columns[-1][1]:
        if figure == "products":
            continue
        cells = [f"{run[figure]:.4g}" if figure in run else "" for _, run in columns]
        for place in range(len(exponents)):
            series = [size[place].get(figure, 0) for size in runs]
            cells.append(f"{growth([size[0]['products'] for size in runs], series):.2f}" if min(series) > 0 else "")
        lines.append(f"| {figure} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, nargs="+", default=[100_000, 300_000])
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--before", type=Path, help="a checkout of another version")
    parser.add_argument("--vectors", type=Path, help="real vectors, as a file of `teach`'s cache")
    parser.add_argument("--folder", type=Path, help="where to put the indexes; they are removed again")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--only", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    arguments = parsed()
    if arguments.only:
        verb, folder, index = arguments.only
        if verb == "fill":
            fill(Path(folder), Path(index), arguments.width)
        else:
            search(Path(folder), Path(index))
        return
    if arguments.vectors:
        print(json.dumps(recall_of_real(arguments.vectors)))
        return
    before = {"before": arguments.before.resolve()} if arguments.before else {}
    versions = before | {"now": Path(__file__).parents[1].resolve()}
    runs = [measure(count, list(versions.values()), arguments) for count in arguments.products]
    table = to_markdown(list(versions), runs)
    print(table)
    if arguments.markdown:
        arguments.markdown.write_text(table)
    if arguments.json:
        arguments.json.write_text(json.dumps({"load": os.getloadavg(), "runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
