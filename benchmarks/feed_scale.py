"""Bulk ingest against the length of the feed: products of words alone, so that the model is the least part of it.

    python benchmarks/feed_scale.py [--rows 1000 10000 100000] [--model nano] [--json FILE]

Each feed goes into a new index, then in again. Seconds, and the power of the rows that they are proportional to.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.index_scale import title_of
from benchmarks.ingest import one_ingest, resident_mb
from benchmarks.timing import growth
from catalog.feeds import open_feed
from catalog.images import ImageReader
from catalog.ingest.pipeline import LocalWorker
from catalog.understand import Understander

TIMES = {"first, s": "first", "again, s": "again"}


def main() -> None:
    arguments = parsed()
    runs = [measure(rows, arguments.model) for rows in arguments.rows]
    print("| rows | " + " | ".join(f"{run['rows']:,}" for run in runs) + " | grows as n to the |")
    print("|---" * (2 + len(runs)) + "|")
    exponents = {}
    for label, name in TIMES.items():
        exponents[name] = growth(arguments.rows, [run[name] for run in runs]) if len(runs) > 1 else None
        power = f"{exponents[name]:.2f}" if len(runs) > 1 else ""
        print(f"| {label} | " + " | ".join(f"{run[name]:.2f}" for run in runs) + f" | {power} |")
    print("| rows a second | " + " | ".join(f"{run['rows'] / run['first']:.0f}" for run in runs) + " | |")
    print("| memory after it, MB | " + " | ".join(f"{run['memory']['resident']:,}" for run in runs) + " | |")
    if arguments.json:
        arguments.json.write_text(json.dumps({"runs": runs, "growth": exponents}, indent=1) + "\n")


def measure(rows: int, model: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "feed.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for n in range(rows):
                file.write(json.dumps({"id": f"sku-{n}", "title": title_of(n), "price": n % 500 + 0.99}) + "\n")
        reader = Understander.load(model, cache_megabytes=0)
        worker, width = LocalWorker(reader, ImageReader()), reader.config.embedding_width
        feed = open_feed(path)
        first, again = (one_ingest(feed, Path(folder) / "index", worker, width)["seconds"] for _ in range(2))
    return {"rows": rows, "first": first, "again": again, "memory": resident_mb()}


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=(1_000, 10_000, 100_000))
    parser.add_argument("--model", default="nano", help="a model folder, or nano")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
