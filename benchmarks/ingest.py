"""Bulk ingest of real products against the model alone, in the same run; and the same feed a second time.

    python benchmarks/ingest.py --data-root DATA [--rows 20000] [--json FILE]

The feed is every product of the data sets under DATA, in an order drawn by the seed. "The model alone" gets products of
the same feed that were decoded beforehand: what ingest would reach if reading, decoding, hashing, the index and the
ledger cost nothing. It is asked in batches of 32 on all cores, as one would without ingest, and as ingest asks it, a
few products on each core. Both are measured before and after, since a machine has other work, too.
"""

import argparse
import json
import random
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from tqdm import tqdm

from catalog.feeds import Feed, Row, open_feed
from catalog.images import ImageReader
from catalog.index.product_index import open_index
from catalog.ingest.ledger import Ledger, Tally
from catalog.ingest.load import Task, load
from catalog.ingest.pipeline import CHUNK, LocalWorker, understand
from catalog.ingest.run import IngestRun
from catalog.model.runtime import set_thread_budget
from catalog.understand import BATCH_SIZE, Understander

SETS = ("grocery", "clothing", "fashion", "eshop")
SAMPLE = 1024
MEMORY_FROM = 1_000


def write_feed(data: Path, rows: int, seed: int, path: Path) -> None:
    """Products of all sets in one JSONL; a set's ids and images under its own name."""
    lines = []
    for name in SETS:
        for line in (data / name / "products.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            image = row["image"] and f"{name}/{row['image']}"
            kept = {field: row.get(field) for field in ("title", "description", "brand", "price")}
            lines.append(json.dumps({"id": f"{name}-{row['id']}", "image": image, **kept}))
    random.Random(seed).shuffle(lines)
    path.write_text("\n".join(lines[:rows]) + "\n", encoding="utf-8")


def model_alone(feed: Feed, worker: LocalWorker) -> dict[str, float]:
    """Products a second: in batches of 32 on all cores, and a few on each core."""
    rows = [row for row, _ in zip(feed, range(SAMPLE), strict=False) if isinstance(row, Row)]
    loaded = [load(Task(row), worker.images, worker.reader) for row in rows]
    prepared = [item.prepared for item in loaded if item.prepared]
    batches = [prepared[start : start + BATCH_SIZE] for start in range(0, len(prepared), BATCH_SIZE)]
    found = {}
    with ThreadPoolExecutor(worker.threads, initializer=set_thread_budget, initargs=(1,)) as pool:
        for name, ask in {
            "all cores": lambda given: [worker.reader.understand_prepared(batch, evidence=False) for batch in given],
            "each core": lambda given: understand(
                loaded[: len(given) * BATCH_SIZE], worker.reader, worker.batch_size, pool.map
            ),
        }.items():
            ask(batches[:2])
            started = time.perf_counter()
            ask(batches)
            found[name] = len(prepared) / (time.perf_counter() - started)
    return found


def one_ingest(feed: Feed, location: Path, worker: LocalWorker, width: int) -> dict[str, Any]:
    """Rows a second of a whole ingest, what its rows came to, and resident memory in MB along the way."""
    memory: list[tuple[int, dict[str, int]]] = []
    with open_index(location, width) as index, closing(Ledger(location / "ledger.sqlite")) as ledger:
        run = IngestRun(feed, index, ledger)
        with tqdm(desc="ingest", total=feed.total, unit="row") as bar:

            def progress(tally: Tally) -> None:
                bar.update(tally.rows - bar.n)
                memory.append((tally.rows, resident_mb()))

            tally = run.execute(worker, progress)
    return {
        "rows": tally.rows,
        "seconds": run.seconds,
        "rows_per_second": tally.rows / run.seconds,
        "outcomes": dict(tally.outcomes),
        "memory_mb": [used for rows, used in memory if rows >= MEMORY_FROM],
    }


def resident_mb() -> dict[str, int]:
    """Of this process, as Linux counts it: its own memory, and the files that it has mapped (the index among them)."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    fields = (("resident", "VmRSS"), ("own", "RssAnon"), ("files", "RssFile"))
    return {name: int(lines[field].split()[0]) // 1024 for name, field in fields}


def measure(data: Path, rows: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "feed.jsonl"
        write_feed(data, rows, seed, path)
        feed = open_feed(path)
        understander = Understander.load(cache_megabytes=0)
        worker, width = LocalWorker(understander, ImageReader(data)), understander.config.embedding_width
        before = model_alone(feed, worker)
        first = one_ingest(feed, Path(folder) / "index", worker, width)
        after = model_alone(feed, worker)
        second = one_ingest(feed, Path(folder) / "index", worker, width)
    alone = {name: (before[name] + after[name]) / 2 for name in before}
    memory = {name: [used[name] for used in first["memory_mb"]] for name in ("resident", "own", "files")}
    return {
        "rows": first["rows"],
        "chunk": CHUNK,
        "seed": seed,
        "model_alone_per_second": {name: [before[name], after[name]] for name in before},
        "ingest_per_second": first["rows_per_second"],
        "ingest_over_all_cores": first["rows_per_second"] / alone["all cores"],
        "ingest_over_model_alone": first["rows_per_second"] / max(alone.values()),
        "first": first["outcomes"],
        "second": second["outcomes"],
        "second_times_faster": first["seconds"] / second["seconds"],
        "memory_mb_from_1000_rows": {name: [min(used), max(used)] for name, used in memory.items() if used},
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def markdown(report: dict[str, Any]) -> str:
    memory = report["memory_mb_from_1000_rows"]
    rows = [
        *(
            (f"model alone, {name}, products a second, before and after", "{:.1f}, {:.1f}".format(*rates))
            for name, rates in report["model_alone_per_second"].items()
        ),
        ("ingest, rows a second", f"{report['ingest_per_second']:.1f}"),
        ("ingest over the model alone on all cores", f"{report['ingest_over_all_cores']:.3f}"),
        ("ingest over the faster of both", f"{report['ingest_over_model_alone']:.3f}"),
        ("the same feed again, times faster", f"{report['second_times_faster']:.0f}"),
    ]
    names = {
        "resident": "resident memory from 1,000 rows on, MB",
        "own": "of which its own",
        "files": "of which mapped files, the index among them",
    }
    rows += [(names[name], f"{smallest} to {largest}") for name, (smallest, largest) in memory.items()]
    rows += [("peak, MB", str(report["peak_memory_mb"]))]
    lines = [f"| {report['rows']:,} rows, seed {report['seed']} | |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Ingest against the model alone.")
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    report = measure(arguments.data_root, arguments.rows, arguments.seed)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    print(markdown(report))


if __name__ == "__main__":
    main()
