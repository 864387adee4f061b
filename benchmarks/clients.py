"""The service against the number of clients, each of which waits for its answer before it asks again.

    python benchmarks/clients.py [--clients 1 2 4 8 16 32 64] [--seconds 8] [--model FOLDER] [--json FILE]

A request is an image and a title, every one decoded and read anew. Answers other than 200 are told.
"""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from benchmarks.load import closed_loop, done_a_second, service
from benchmarks.timing import growth
from benchmarks.traffic import analyze_ask, images, percentile, statuses


def main() -> None:
    arguments = parsed()
    asks = [analyze_ask(image) for image in images(40)]
    rows = []
    print("| clients | answers a second | ms p50 | ms p99 | answers |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, service(arguments.model, Path(folder)) as address:
        asyncio.run(closed_loop(address, asks, max(arguments.clients), arguments.seconds))
        for clients in arguments.clients:
            outcomes = asyncio.run(closed_loop(address, asks, clients, arguments.seconds))
            taken = [outcome.seconds for outcome in outcomes if outcome.status == 200]
            row = {
                "clients": clients,
                "a_second": done_a_second(outcomes),
                "p50_ms": percentile(taken, 50),
                "p99_ms": percentile(taken, 99),
                "statuses": statuses(outcomes),
            }
            rows.append(row)
            told = ", ".join(f"{status}: {count}" for status, count in row["statuses"].items())
            print(
                f"| {clients} | {row['a_second']:.1f} | {row['p50_ms']:.0f} | {row['p99_ms']:.0f} | {told} |",
                flush=True,
            )
    exponents = {name: growth(arguments.clients, [row[name] for row in rows]) for name in ("a_second", "p50_ms")}
    print(f"| grows as n to the | {exponents['a_second']:.2f} | {exponents['p50_ms']:.2f} | | |")
    if arguments.json:
        arguments.json.write_text(json.dumps({"rows": rows, "growth": exponents}, indent=1) + "\n")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=(1, 2, 4, 8, 16, 32, 64))
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--model", type=Path, help="a model folder; without it, the shipped model")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
