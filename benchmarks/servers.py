"""The service beside what a user would write around the same model: a FastAPI script, and LitServe with its batches.

    python -m benchmarks.servers [--model FOLDER] [--clients 1 16 64] [--rounds 5] [--seconds 8] [--json FILE]

Each serves `Understander` in float32 on the same cores, with one process for the model, and keeps nothing of images
that come again. All run all the time and are asked in turns, so that the machine's noise meets each; a figure is the
median of its rounds. A request is one image and a title, as JSON. "in process": `Understander.understand` in this
process in batches of 16, decoding included, in its turn. Needs the extras serve and bench.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load import closed_loop, done_a_second, service, until_ready
from benchmarks.traffic import Address, analyze_ask, free_port, images, percentile
from catalog import Product, Understander

BATCH, DIFFERENT = 16, 128
LAYOUTS = ("joined", "separate")
PEERS = ("fastapi", "litserve")


@contextmanager
def peer(name: str, model: Path | None) -> Iterator[Address]:
    address = Address("127.0.0.1", free_port())
    command = [sys.executable, "-m", f"benchmarks.servers_{name}", str(address.port), *([str(model)] if model else [])]
    unheard = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, start_new_session=True, **unheard)
    try:
        asyncio.run(until_ready(address, process))
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # LitServe's workers do not end with it
        process.wait(60)


@contextmanager
def layout(name: str, model: Path | None, index: Path) -> Iterator[Address]:
    os.environ["SHELFLENS_LAYOUT"] = name
    with service(model, index) as address:
        del os.environ["SHELFLENS_LAYOUT"]
        yield address


def in_process(model: Understander, products: list[Product], seconds: float) -> float:
    """Products a second."""
    began, done = time.perf_counter(), 0
    while time.perf_counter() < began + seconds:
        model.understand(products)
        done += len(products)
    return done / (time.perf_counter() - began)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    model = Understander.load(options.model, cache_megabytes=0)
    # No two alike: what comes twice in a batch is read once. What follows the end of a JPEG is not read.
    asks = [analyze_ask(image + bytes([n])) for n in range(DIFFERENT // 32) for image in images(32)]
    products = [Product(title="red shoe", images=(image,)) for image in images(BATCH)]
    rates: dict[str, list[float]] = {"in process": []}
    latencies: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        servers = {name: running.enter_context(layout(name, options.model, Path(folder, name))) for name in LAYOUTS}
        servers |= {name: running.enter_context(peer(name, options.model)) for name in PEERS}
        for turn in range(options.rounds + 1):
            rates["in process"].append(in_process(model, products, options.seconds))
            for clients in options.clients:
                for name, address in servers.items():
                    outcomes = asyncio.run(closed_loop(address, asks, clients, options.seconds))
                    good = [outcome.seconds for outcome in outcomes if outcome.good]
                    key = f"{name}, {clients}"
                    rates.setdefault(key, []).append(done_a_second(outcomes))
                    if turn:
                        latencies.setdefault(key, []).append(percentile(good, 50))
    return {
        "rates": {name: statistics.median(each[1:]) for name, each in rates.items()},
        "ms p50": {name: statistics.median(each) for name, each in latencies.items()},
    }


def markdown(report: dict[str, Any]) -> str:
    rates, latencies = report["rates"], report["ms p50"]
    lines = ["| server, clients | requests a second | over the model in process | ms p50 |", "|---|---|---|---|"]
    for name, rate in rates.items():
        lines.append(f"| {name} | {rate:.1f} | {rate / rates['in process']:.2f} | {latencies.get(name, 0):.1f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a model folder; without one, the shipped model")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report = measure(options)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(markdown(report))


if __name__ == "__main__":
    main()
