"""The service under more load than it can bear, and its search over a large catalogue.

    python benchmarks/load.py [--only overload|search] [--model FOLDER] [--minutes 5] [--index FOLDER] [--json FILE]

Starts `shelflens serve` itself, on a free port of the loopback, and stops it. This process is only the client.

overload: the capacity is what clients that wait for each answer get done. Then twice as many requests arrive, at fixed
times, whatever becomes of those before; each latency is counted from the time at which its request was due.
search: by words, in a catalogue made up as `benchmarks/index_scale.py` does. It is kept in the folder `--index` and
used again; building it takes some minutes. Texts are new ones each time, then 500 that come again and again. `--before`
names a checkout of another version, whose service is measured first, with the same index and the same client. Also told
is the processor's time of each process for a search, which tells more than a clock on a machine that does other work.
"""

import argparse
import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.traffic import (
    Address,
    Ask,
    Client,
    Outcome,
    Traffic,
    analyze_ask,
    free_port,
    images,
    markdown,
    memory_megabytes,
    percentile,
    processor_seconds,
    request,
    search_ask,
    statuses,
)

CLIENTS = 16
# Clients with which the capacity is looked for; the most that any of them gets done is the peak.
CAPACITY_CLIENTS = (16, 32)
START_SECONDS, STOP_SECONDS = 240.0, 60.0
WORDS = ("red shoe", "running shoe for women", "light everyday shoe", "navy blue sneaker", "pink breathable shoe")
Row = dict[str, Any]


@contextmanager
def service(model: Path | None, index: Path, checkout: Path | None = None, cached: bool = False) -> Iterator[Address]:
    """`shelflens serve` for as long as the block runs. checkout: of the version; without one, this one. cached: whether
    what comes again may be known.
    """
    address = Address("127.0.0.1", free_port())
    command = [sys.executable, "-m", "shelflens", "serve", "--port", str(address.port), "--index", str(index.resolve())]
    chosen = ["--model", str(model)] if model else []
    environment = os.environ | ({} if cached else {"SHELFLENS_CACHE_MEGABYTES": "0"})
    unheard = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(
        [*command, *chosen], env=environment, cwd=checkout or Path(__file__).parents[1], **unheard
    )
    try:
        asyncio.run(until_ready(address, process))
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


async def until_ready(address: Address, process: subprocess.Popen[bytes], path: str = "/readyz") -> None:
    client, ready = Client(address), Ask("ready", request("GET", path))
    deadline = time.monotonic() + START_SECONDS
    while not (await client.ask(ready)).good:
        if time.monotonic() > deadline or process.poll() is not None:
            raise SystemExit("The service did not start.")
        await asyncio.sleep(0.5)
    client.close()


async def closed_loop(address: Address, asks: Sequence[Ask], clients: int, seconds: float) -> list[Outcome]:
    step = max(1, len(asks) // clients)
    return await looped(
        address, [itertools.cycle((*asks[n * step :], *asks[: n * step])) for n in range(clients)], seconds
    )


async def looped(address: Address, asks: Sequence[Iterator[Ask]], seconds: float) -> list[Outcome]:
    """asks: of each client, who waits for each answer."""
    traffic = Traffic(address, asks)
    await asyncio.sleep(seconds)
    return await traffic.stop()


async def open_loop(
    address: Address, asks: Sequence[Ask], rate: float, seconds: float
) -> tuple[list[Outcome], list[float]]:
    """Outcomes, whose `started` is when each was due, and how late each was sent, in seconds."""
    free: deque[Client] = deque()
    outcomes: list[Outcome] = []
    late: list[float] = []

    async def send(ask: Ask, due: float) -> None:
        client = free.pop() if free else Client(address)
        late.append(time.monotonic() - due)
        outcomes.append((await client.ask(ask))._replace(started=due))
        free.append(client)

    began = time.monotonic()
    async with asyncio.TaskGroup() as sent:
        for number, ask in zip(range(int(rate * seconds)), itertools.cycle(asks), strict=False):
            due = began + number / rate
            await asyncio.sleep(due - time.monotonic())
            sent.create_task(send(ask, due))
    for client in free:
        client.close()
    return outcomes, late


async def overload(address: Address, minutes: float) -> Row:
    asks = [analyze_ask(image) for image in images(40)]
    await closed_loop(address, asks, CLIENTS, 10)
    rates = {}
    for clients in CAPACITY_CLIENTS:
        rates[clients] = done_a_second(await closed_loop(address, asks, clients, 20))
    peak = max(rates.values())
    memory = memory_megabytes()
    outcomes, late = await open_loop(address, asks, 2 * peak, 60 * minutes)
    after = memory_megabytes()
    good = [outcome.seconds for outcome in outcomes if outcome.status == 200]
    refused = [outcome.seconds for outcome in outcomes if outcome.status == 429]
    return {
        "name": "overload",
        "capacity, a second": {str(clients): round(rate, 2) for clients, rate in rates.items()},
        "sent a second": 2 * peak,
        "minutes": minutes,
        "statuses": statuses(outcomes),
        "goodput, a second": done_a_second(outcomes),
        "goodput over peak": done_a_second(outcomes) / peak,
        **{f"200, ms p{share}": percentile(good, share) for share in (50, 99)},
        **{f"429, ms p{share}": percentile(refused, share) for share in (50, 99)},
        "sent late, ms p99": percentile(late, 99),
        "memory before, MB": memory,
        "memory after, MB": after,
    }


def done_a_second(outcomes: Sequence[Outcome]) -> float:
    """Requests answered with 200, in the time from the first one's beginning to the last one's beginning."""
    first, last = outcomes[0].started, max(outcome.started for outcome in outcomes)
    return sum(outcome.status == 200 and outcome.ended <= last for outcome in outcomes) / (last - first)


async def search(address: Address, seconds: float) -> list[Row]:
    """By texts that are new each time, and by texts that come again."""
    numbers = itertools.count()

    def new() -> Iterator[Ask]:
        for number in numbers:
            yield search_ask(f"{WORDS[number % len(WORDS)]} {number}")

    known = [search_ask(f"{words} {number}") for number in range(100) for words in WORDS]
    await looped(address, [new() for _ in range(CLIENTS)], 5)
    rows = [await searched("search, new texts", address, lambda _: new(), seconds)]
    await closed_loop(address, known, CLIENTS, max(10, seconds / 3))

    def again(client: int) -> Iterator[Ask]:
        start = client * len(known) // CLIENTS
        return itertools.cycle((*known[start:], *known[:start]))

    return [*rows, await searched("search, texts that come again", address, again, seconds)]


async def searched(name: str, address: Address, asks: Callable[[int], Iterator[Ask]], seconds: float) -> Row:
    """One client, then several. asks: what each of them asks."""
    alone = await looped(address, [asks(0)], seconds / 2)
    before = processor_seconds()
    together = await looped(address, [asks(client) for client in range(CLIENTS)], seconds)
    used = {part: took - before.get(part, 0.0) for part, took in processor_seconds().items()}
    unloaded = percentile((outcome.seconds for outcome in alone), 50)
    loaded = percentile((outcome.seconds for outcome in together), 99)
    return {
        "name": name,
        "unloaded, ms p50": unloaded,
        "unloaded, ms p99": percentile((outcome.seconds for outcome in alone), 99),
        "unloaded, searches a second": done_a_second(alone),
        f"{CLIENTS} clients, ms p50": percentile((outcome.seconds for outcome in together), 50),
        f"{CLIENTS} clients, ms p99": loaded,
        "p99 over unloaded p50": loaded / unloaded,
        f"{CLIENTS} clients, searches a second": done_a_second(together),
        **{f"processor ms a search, {part}": 1000 * took / len(together) for part, took in used.items()},
        "statuses": statuses([*alone, *together]),
    }


def build_index(folder: Path, model: Path | None, products: int) -> None:
    """As many made-up products as the model would have stored."""
    # Only here: the client that measures is to be small.
    from benchmarks.index_scale import BATCH, clustered_vectors, stored
    from catalog.index.product_index import open_index
    from catalog.model.folder import open_model, shipped_model

    opened = open_model(model or shipped_model())
    width = opened.config.embedding_width
    vectors_NE = clustered_vectors(products, width, seed=0)
    with open_index(str(folder), width) as index:
        for start in range(0, products, BATCH):
            positions = range(start, min(start + BATCH, products))
            index.upsert([replace(stored(n, vectors_NE[n]), model=opened.version) for n in positions])
        index.wait_until_indexed(3600)


def measure(arguments: argparse.Namespace, report: Callable[[Row], None]) -> None:
    if "overload" in arguments.only:
        with tempfile.TemporaryDirectory(prefix="load-") as folder, service(arguments.model, Path(folder)) as address:
            report(asyncio.run(overload(address, arguments.minutes)))
    if "search" in arguments.only:
        if not (arguments.index / "complete").exists():
            build_index(arguments.index / "index", arguments.model, arguments.products)
            (arguments.index / "complete").touch()
        for checkout in (*([arguments.before] if arguments.before else []), None):
            with service(arguments.model, arguments.index / "index", checkout, cached=True) as address:
                for row in asyncio.run(search(address, arguments.seconds)):
                    report(row | {"products": arguments.products, "version": str(checkout or "this one")})


def main() -> None:
    parser = argparse.ArgumentParser(description="The service under load.")
    parser.add_argument("--model", type=Path, help="a model folder; without one, the shipped model")
    parser.add_argument("--only", choices=("overload", "search"), nargs="+", default=("overload", "search"))
    parser.add_argument("--minutes", type=float, default=5.0, help="of overload")
    parser.add_argument("--seconds", type=float, default=60.0, help="of searches by 16 clients")
    parser.add_argument("--products", type=int, default=200_000, help="in the catalogue that is searched")
    parser.add_argument("--index", type=Path, default=Path("load-index"), help="the folder where it is kept")
    parser.add_argument("--before", type=Path, help="a checkout of another version")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: list[Row] = []

    def report(row: Row) -> None:
        rows.append(row)
        print(markdown(row), flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps({"load": os.getloadavg(), "rows": rows}, indent=1) + "\n")

    measure(arguments, report)


if __name__ == "__main__":
    main()
