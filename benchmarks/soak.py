"""The service under mixed traffic for long, with a full queue of jobs and hundreds of connections that do little.

    python benchmarks/soak.py [--minutes 5] [--model FOLDER] [--jobs 500] [--idle 300] [--slow 50] [--json FILE]

Starts the service itself, on a free port of the loopback with an index in a temporary folder, and stops it. Clients
analyze, search, list, store, change, delete and erase products, always of the same ids, so that the index does not
grow. Jobs are added as others end, and cancelled at the end. Memory is that of all the service's processes, without
the files that they map: the median of the time behind the warm-up, and of as long at the end. File descriptors are
counted before the load (after a little of it), and once it has ended.
"""

import argparse
import asyncio
import itertools
import json
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.faults import service, slow_client, slow_heads
from benchmarks.traffic import (
    Address,
    Ask,
    Client,
    Traffic,
    analyze_ask,
    free_port,
    images,
    kilobytes,
    markdown,
    processes,
    put_ask,
    request,
    search_ask,
    statuses,
    title_of,
    until,
)
from serving.settings.schema import Settings

FIRST_SECONDS, SAMPLE_SECONDS, IDLE_SECONDS = 20.0, 5.0, 20.0
SETTLE_SECONDS = 120.0  # a kept connection is closed after 60
WARM_UP = 0.3  # of the time; as much at the end
IDS, ROWS = 200, 40
Row = dict[str, Any]


class Sample(NamedTuple):
    """at: seconds since the beginning; megabytes: by the names of processes."""

    at: float
    megabytes: Counter[str]


class Load(NamedTuple):
    jobs: int
    idle: int
    slow: int


def name_of(process: int) -> str:
    """ray::ServeReplica:shelflens:Gateway -> Gateway"""
    words = title_of(process).split()
    return words[0].rpartition("/")[2].rpartition(":")[2] if words else ""


def megabytes() -> Counter[str]:
    found = Counter[str]()
    for process in processes():
        found[name_of(process)] += kilobytes(process) // 1024
    return found


def descriptors() -> Counter[str]:
    found = Counter[str]()
    for process in processes():
        try:
            found[name_of(process)] += len(os.listdir(f"/proc/{process}/fd"))
        except OSError:
            continue
    return found


def mixed_traffic(address: Address) -> Traffic:
    """Eight clients, of which two change what the others read."""
    ids = [f"soak-{number}" for number in range(IDS)]
    reads = [request("GET", f"/v1/products/{id}/similar") for id in ids] + [request("GET", "/v1/products?limit=100")]
    changes = [("PATCH", "", {"title": "blue shoe"}, 1), ("DELETE", "", None, 5), ("DELETE", "?erase=true", None, 20)]
    writes = [
        Ask("write", request(method, f"/v1/products/{id}{how}", body))
        for method, how, body, step in changes
        for id in ids[::step]
    ]
    asks: list[Iterator[Ask]] = [
        *(itertools.cycle(map(analyze_ask, images(8))) for _ in range(2)),
        *(itertools.cycle([search_ask(f"red shoe {number}") for number in range(50)]) for _ in range(2)),
        *(itertools.cycle([Ask("read", data) for data in reads]) for _ in range(2)),
        itertools.cycle(map(put_ask, ids)),
        itertools.cycle(writes),
    ]
    return Traffic(address, asks, 0.1)


async def keep_idle(address: Address) -> None:
    client = Client(address)
    try:
        while True:
            await client.ask(Ask("idle", request("GET", "/healthz")))
            await asyncio.sleep(IDLE_SECONDS)
    finally:
        client.close()


async def keep_slow(address: Address, head: bytes, drop: bytes) -> None:
    while True:
        await slow_client(address, head, drop)


async def keep_queued(address: Address, jobs: int, feeds: list[str], queued: list[str]) -> None:
    """As many jobs as may wait. Their ids are added to `queued`."""
    client = Client(address)
    sources = itertools.cycle(feeds)
    try:
        while True:
            outcome = await client.ask(Ask("job", request("POST", "/v1/jobs", {"source": next(sources)})))
            if outcome.good:
                queued.append(json.loads(client.body)["id"])
            elif len(queued) >= jobs:
                await asyncio.sleep(2)
    finally:
        client.close()


async def cancel(address: Address, ids: list[str]) -> None:
    client = Client(address)
    for id in ids:
        await client.ask(Ask("cancel", request("POST", f"/v1/jobs/{id}/cancel")))
    client.close()


async def under_load(address: Address, load: Load, feeds: list[str], seconds: float) -> tuple[list[Sample], Row]:
    queued: list[str] = []
    traffic = mixed_traffic(address)
    background = [
        asyncio.create_task(keep_queued(address, load.jobs, feeds, queued)),
        *(asyncio.create_task(keep_idle(address)) for _ in range(load.idle)),
        *(
            asyncio.create_task(keep_slow(address, *kind))
            for _, kind in zip(range(load.slow), itertools.cycle(slow_heads().values()), strict=False)
        ),
    ]
    began, samples = time.monotonic(), list[Sample]()
    while (at := time.monotonic() - began) < seconds:
        samples.append(Sample(at, await asyncio.to_thread(megabytes)))
        await asyncio.sleep(SAMPLE_SECONDS)
    for task in background:
        task.cancel()
    ended = await asyncio.gather(*background, return_exceptions=True)
    broken = [error for error in ended if isinstance(error, Exception)]
    outcomes = await traffic.stop()
    await cancel(address, queued)
    return samples, {"jobs taken": len(queued), "statuses": statuses(outcomes), "clients that broke": len(broken)}


async def soak(address: Address, load: Load, feeds: list[str], seconds: float) -> Row:
    await under_load(address, Load(1, 1, 0), feeds, FIRST_SECONDS)  # files are opened when they are first asked for
    await asyncio.sleep(SAMPLE_SECONDS)
    before = descriptors()
    samples, told = await under_load(address, load, feeds, seconds)
    await until(lambda: descriptors().total() <= before.total(), SETTLE_SECONDS)
    after = descriptors()
    share = WARM_UP * seconds
    warm = [sample.megabytes for sample in samples if share <= sample.at < 2 * share]
    last = [sample.megabytes for sample in samples if sample.at >= seconds - share]
    row: Row = {"name": "soak", "minutes": seconds / 60, "queued, idle, slow": ", ".join(map(str, load))} | told
    for name in sorted(before.keys() | after.keys() | last[-1].keys()):
        early, late = (statistics.median(one[name] for one in some) for some in (warm, last))
        row[name] = f"{early:.0f} → {late:.0f} MB, {before[name]} → {after[name]} descriptors"
    early, late = (statistics.median(one.total() for one in some) for some in (warm, last))
    return row | {
        "memory, MB": f"{early:.0f} → {late:.0f} ({late - early:+.0f})",
        "descriptors": f"{before.total()} → {after.total()}",
    }


def write_feeds(folder: Path) -> list[str]:
    """Ten that change the same products one after another."""
    folder.mkdir()
    names = [f"feed-{number}.csv" for number in range(10)]
    for name in names:
        rows = "".join(f"job-{row},red shoe {row} of {name},{row}.5\n" for row in range(ROWS))
        (folder / name).write_text("id,title,price\n" + rows)
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description="The service under mixed traffic for long.")
    parser.add_argument("--model", type=Path, help="a model folder; without one, the shipped model")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--jobs", type=int, default=500, help="that wait")
    parser.add_argument("--idle", type=int, default=300, help="connections that ask something every 20 seconds")
    parser.add_argument("--slow", type=int, default=50, help="connections that send a byte every half second")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    load = Load(arguments.jobs, arguments.idle, arguments.slow)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        feeds = write_feeds(Path(folder) / "feeds")
        settings = Settings(
            port=free_port(),
            model=arguments.model,
            index=f"{folder}/index",
            feeds=Path(folder) / "feeds",
            max_queued_jobs=load.jobs,
        )
        with service(settings) as address:
            row = asyncio.run(soak(address, load, feeds, 60 * arguments.minutes))
    print(markdown(row), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"load": os.getloadavg(), "rows": [row]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
