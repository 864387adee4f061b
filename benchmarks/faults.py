"""The service under faults: what fails, for how long, and whether anything acknowledged is lost.

    python benchmarks/faults.py [--layout joined|separate] [--model FOLDER] [--only NAME ...] [--json FILE]

Starts the service itself, on a free port of the loopback with an index in a temporary folder, and stops it. Under a
light load (clients that analyze and search, one that stores products) it kills a process with SIGKILL, deploys the
application anew, or joins clients that send very slowly. `database` kills a process of PostgreSQL that answers the
service, whose index and state are there; the server then ends all its connections and recovers.

A request in flight is one that began before the killed process had ended. Healthy again is when, after the kill,
/readyz says so and then a search, an analysis and a stored product succeed, each on a new connection.
"""

import argparse
import asyncio
import itertools
import json
import os
import select
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ray import serve as ray_serve

from benchmarks.postgres import started
from benchmarks.traffic import (
    REFUSED,
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
    processes,
    put_ask,
    request,
    search_ask,
    statuses,
    until,
)
from serving.deployments.remote import APPLICATION
from serving.deployments.start import bound_application, serve, stop
from serving.settings.schema import Settings

HEALTHY_SECONDS = 90.0
SLOW_CLIENTS = 50
Row = dict[str, Any]


class Fault(NamedTuple):
    """What to kill. title: of the process; replicas: of the model; layouts: that have such a process."""

    name: str
    title: str
    replicas: int = 1
    layouts: tuple[Literal["joined", "separate"], ...] = ("joined", "separate")


REPLICA = "ray::ServeReplica:shelflens:"
KILLS = (
    Fault("replica-of-two", f"{REPLICA}ModelReplica", 2, ("separate",)),
    Fault("only-replica", f"{REPLICA}ModelReplica", 1, ("separate",)),
    Fault("gateway", f"{REPLICA}Gateway"),
    Fault("index-owner", f"{REPLICA}IndexOwner"),
    Fault("job-runner", f"{REPLICA}JobRunner"),
    Fault("proxy", "ray::ProxyActor", 1, ("separate",)),
    Fault("controller", "ray::ServeController"),
)
DATABASE = Fault("database", "postgres: postgres ")  # a connection of this user
OTHERS = ("redeploy", "slow-bodies", "slow-headers")
NAMES = (*(fault.name for fault in (*KILLS, DATABASE)), *OTHERS)


@contextmanager
def service(settings: Settings) -> Iterator[Address]:
    """The service for as long as the block runs."""
    serve(settings, blocking=False)
    try:
        yield Address(settings.host, settings.port)
    finally:
        stop()


def light_load(address: Address, name: str, pause: float = 0.05) -> Traffic:
    """Three clients that analyze, two that search, and one that stores new products."""
    analyze = [analyze_ask(image) for image in images(8)]
    puts = (put_ask(f"{name}-{number}") for number in itertools.count())
    asks: list[Iterator[Ask]] = [itertools.cycle(analyze[start:] + analyze[:start]) for start in range(3)]
    return Traffic(address, [*asks, *(itertools.repeat(search_ask()) for _ in range(2)), puts], pause)


async def kill(process: int) -> float:
    """Seconds of `time.monotonic` when it had ended."""
    ended = os.pidfd_open(process)
    try:
        os.kill(process, signal.SIGKILL)
        await asyncio.to_thread(select.select, [ended], [], [], 30.0)
        return time.monotonic()
    finally:
        os.close(ended)


async def seconds_until_healthy(address: Address, name: str, since: float) -> float:
    """inf if it takes longer than HEALTHY_SECONDS."""
    steps = (
        Ask("ready", request("GET", "/readyz")),
        search_ask(),
        analyze_ask(images(1)[0]),
        put_ask(f"probe-{name}"),
    )
    while time.monotonic() < since + HEALTHY_SECONDS:
        for step in steps:
            client = Client(address)
            outcome = await client.ask(step)
            client.close()
            if not outcome.good:
                break
        else:
            return time.monotonic() - since
        await asyncio.sleep(0.05)
    return float("inf")


def all_running() -> bool:
    """Whether Serve has as many replicas of everything as it should."""
    try:
        deployments = ray_serve.status().applications[APPLICATION].deployments
    except Exception:  # the controller may be what was killed
        return False
    return all(deployment.status == "HEALTHY" for deployment in deployments.values())


async def lost_products(address: Address, outcomes: Sequence[Outcome]) -> list[str]:
    """Ids that were acknowledged and cannot be got."""
    client = Client(address)
    acknowledged = [outcome.id for outcome in outcomes if outcome.id and outcome.good]
    missing = [
        id for id in acknowledged if not (await client.ask(Ask("get", request("GET", f"/v1/products/{id}")))).good
    ]
    client.close()
    return missing


async def under_kill(address: Address, fault: Fault, calm: float, server: int | None = None) -> Row:
    """calm: seconds of traffic before, and after all is well again. server: the process above those to kill; without
    one, this process.
    """

    def running() -> list[int]:
        return processes(fault.title, server)

    traffic = light_load(address, fault.name)
    await asyncio.sleep(calm)
    before = running()
    victim = before[-1]
    killed = time.monotonic()
    gone = await kill(victim)
    healthy = await seconds_until_healthy(address, fault.name, gone)

    def back() -> bool:
        # A pool of connections grows as they are needed.
        return len(now := running()) >= (1 if server else len(before)) and victim not in now

    await until(back, HEALTHY_SECONDS)
    await until_all_running()
    whole = time.monotonic() - gone
    await asyncio.sleep(calm)
    outcomes = await traffic.stop()
    begun = [outcome for outcome in outcomes if outcome.started >= gone]
    flying = [outcome for outcome in outcomes if outcome.started < gone and outcome.ended > killed]
    refused = [outcome for outcome in begun if outcome.status == REFUSED]
    return {
        "name": fault.name,
        "in flight": len(flying),
        "in flight, failed": sum(not outcome.good for outcome in flying),
        "begun later": len(begun) - len(refused),
        "begun later, failed": sum(not outcome.good for outcome in begun) - len(refused),
        "refused": len(refused),
        "refused for, s": max((outcome.ended - gone for outcome in refused), default=0.0),
        "slowest, s": max(outcome.seconds for outcome in outcomes),
        "healthy after, s": healthy,
        "whole after, s": whole,
        "acknowledged": sum(bool(outcome.id) and outcome.good for outcome in outcomes),
        "lost": len(await lost_products(address, outcomes)),
        "statuses": statuses(outcomes),
        "statuses of failed, begun later": statuses(one for one in begun if not one.good and one.status != REFUSED),
    }


async def until_all_running() -> None:
    deadline = time.monotonic() + HEALTHY_SECONDS
    while time.monotonic() < deadline and not await asyncio.to_thread(all_running):
        await asyncio.sleep(0.2)


async def under_redeploy(address: Address, changed: Settings, calm: float) -> Row:
    """Each deployment is given the changed settings, so every replica is replaced."""
    traffic = light_load(address, "redeploy")
    await asyncio.sleep(calm)
    before = processes(REPLICA)
    began = time.monotonic()
    target = ray_serve.RunTarget(bound_application(changed), name=APPLICATION, route_prefix="/")
    await asyncio.to_thread(ray_serve.run_many, [target], wait_for_applications_running=False)
    await until(lambda: not set(before) & set(processes(REPLICA)), HEALTHY_SECONDS)
    await until_all_running()
    seconds = time.monotonic() - began
    await asyncio.sleep(calm)
    outcomes = await traffic.stop()
    return {
        "name": "redeploy",
        "requests": len(outcomes),
        "failed": sum(not outcome.good for outcome in outcomes),
        "slowest, s": max(outcome.seconds for outcome in outcomes),
        "took, s": seconds,
        "replicas before": len(before),
        "kept": len(set(before) & set(processes(REPLICA))),
        "acknowledged": sum(bool(outcome.id) and outcome.good for outcome in outcomes),
        "lost": len(await lost_products(address, outcomes)),
        "statuses": statuses(outcomes),
    }


async def slow_client(address: Address, head: bytes, drop: bytes) -> float:
    """Sends the head and then a drop each half second; seconds until the service has closed the connection."""
    reader, writer = await asyncio.open_connection(*address)
    began = time.monotonic()
    closed = asyncio.create_task(reader.read())  # whatever it says before it closes
    try:
        writer.write(head)
        while not closed.done() and time.monotonic() < began + HEALTHY_SECONDS:
            writer.write(drop)
            await asyncio.wait([closed], timeout=0.5)
        return time.monotonic() - began if closed.done() else float("inf")
    except ConnectionError:
        return time.monotonic() - began
    finally:
        closed.cancel()
        writer.close()


def slow_heads() -> dict[str, tuple[bytes, bytes]]:
    head = b"POST /v1/products/analyze HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    return {
        "slow-bodies": (head + b"content-length: 1000000\r\n\r\n", b"["),
        "slow-headers": (head + b"x-slow: ", b"a"),
    }


async def under_slow_clients(address: Address, name: str, calm: float) -> Row:
    traffic = light_load(address, name, pause=0.0)
    await asyncio.sleep(calm)
    memory = memory_megabytes()
    began = time.monotonic()
    closing = [asyncio.create_task(slow_client(address, *slow_heads()[name])) for _ in range(SLOW_CLIENTS)]
    highest = memory
    while not all(client.done() for client in closing):
        await asyncio.sleep(0.5)
        highest = max(highest, memory_megabytes())
    ended = time.monotonic()
    outcomes = await traffic.stop()
    calmly = [outcome for outcome in outcomes if outcome.ended <= began]
    during = [outcome for outcome in outcomes if began < outcome.ended <= ended]
    row: Row = {
        "name": name,
        "slow clients": SLOW_CLIENTS,
        "closed after, s": max(client.result() for client in closing),
    }
    for kind in ("analyze", "search"):
        for label, some in (("before", calmly), ("during", during)):
            seconds = [outcome.seconds for outcome in some if outcome.kind == kind and outcome.good]
            row |= {f"{kind} {label}, ms p{share}": percentile(seconds, share) for share in (50, 99)}
    row |= {"failed": sum(not outcome.good for outcome in outcomes), "statuses": statuses(outcomes)}
    return row | {"memory before, MB": memory, "memory at its highest, MB": highest}


def measure(options: argparse.Namespace, report: Callable[[Row], None]) -> None:
    kills = [fault for fault in KILLS if fault.name in options.only and options.layout in fault.layouts]
    for replicas in (1, 2):
        faults = [fault for fault in kills if fault.replicas == replicas]
        others = [name for name in OTHERS if name in options.only] if replicas == 1 else []
        if not faults and not others:
            continue
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            settings = settings_of(options, index=f"{folder}/index", replicas=replicas)
            with service(settings) as address:
                for name in others:
                    if name != "redeploy":
                        report(asyncio.run(under_slow_clients(address, name, 4 * options.calm)))
                for fault in faults:
                    report(asyncio.run(under_kill(address, fault, options.calm)))
                if "redeploy" in others:
                    changed = settings.model_copy(update={"max_items": settings.max_items - 1})
                    report(asyncio.run(under_redeploy(address, changed, options.calm)))
    if DATABASE.name in options.only:
        with (
            started() as (database, server),
            service(settings_of(options, index=database, state=database)) as address,
        ):
            report(asyncio.run(under_kill(address, DATABASE, options.calm, server)))


def settings_of(options: argparse.Namespace, **more: Any) -> Settings:
    return Settings(port=free_port(), model=options.model, layout=options.layout, **more)


def main() -> None:
    parser = argparse.ArgumentParser(description="The service under faults.")
    parser.add_argument("--layout", choices=("joined", "separate"), default="joined")
    parser.add_argument("--model", type=Path, help="a model folder; without one, the shipped model")
    parser.add_argument("--only", choices=NAMES, nargs="+", default=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--calm", type=float, default=3.0, help="seconds of traffic before and after each fault")
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
