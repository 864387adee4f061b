"""Nodes with one state and one index in PostgreSQL, each a process with a folder of its own, are one service."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalog.storage.notes import NoteTable
from serving.middleware.api_keys import KeyPlace, add_key, remove_key
from tests.support import postgres
from tests.support.job_service import as_csv, rows
from tests.support.node import Node, nodes
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow

COLOURS = ("red", "green", "blue", "plain")
FILED = [
    {"id": f"{colour}{number}", "title": f"{colour} item {number}", "kind": f"Colours > {colour.title()}"}
    for colour in COLOURS
    for number in range(6)
]


class Service:
    """One node after the other is asked."""

    def __init__(self, running: list[Node], url: str, place: KeyPlace) -> None:
        self.nodes, self.url, self.place = running, url, place
        headers = {"Authorization": f"Bearer {add_key(self.place, 'shop')}"}
        self.clients = [
            httpx.Client(base_url=one.address, headers=headers, timeout=60, trust_env=False) for one in running
        ]

    def each(self, path: str, read: Callable[[Any], Any] = lambda body: body) -> list[Any]:
        return [read(client.get(path).json()) for client in self.clients]

    def agree(self, path: str, read: Callable[[Any], Any], wanted: Any, seconds: float = 15) -> float:
        """Wait until every node says so. -> after how many seconds."""
        started = time.monotonic()
        while (seen := self.each(path, read)) != [wanted] * len(self.clients):
            assert time.monotonic() < started + seconds, seen
            time.sleep(0.05)
        return time.monotonic() - started

    def worker(self, job: str) -> int:
        """Which node works on it."""
        said = f"SELECT worker FROM {postgres.state_schema_of(self.url)}.jobs WHERE id = '{job}'"
        _, pid, _ = postgres.administer(said)[0][0].split(":")
        return [node.process.pid for node in self.nodes].index(int(pid))

    def upload(self, content: bytes, **fields: str) -> str:
        """A part to each node in turn, and the job by the last one."""
        begun = self.clients[0].post("/v1/uploads", json={"filename": "feed.csv", "bytes": len(content)}).json()["id"]
        part = len(content) // 3 + 1
        for number, offset in enumerate(range(0, len(content), part)):
            client = self.clients[number % len(self.clients)]
            sent = client.patch(
                f"/v1/uploads/{begun}", content=content[offset : offset + part], headers={"Upload-Offset": str(offset)}
            )
            assert sent.status_code == 200, sent.text
        job = self.clients[-1].post("/v1/jobs", json={"upload": begun, **fields})
        assert job.status_code == 202, job.text
        return str(job.json()["id"])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_onnx_folder(tmp_path_factory.mktemp("nodes") / "model")


@pytest.fixture
def service(tmp_path: Path, model: Path) -> Iterator[Service]:
    place = postgres.location()
    with nodes(3, place, model, tmp_path) as running, postgres.state(place) as database:
        found = Service(running, place, NoteTable(database))
        clients = list(found.clients)
        found.agree("/readyz", lambda body: body["status"], "ready", 60)
        yield found
        for client in clients:
            client.close()


def test_nodes_agree_on_jobs_verdicts_keys_and_the_active_model_and_one_may_die(service: Service) -> None:
    one, two, three = service.clients
    guest = {"Authorization": f"Bearer {add_key(service.place, 'guest', 'read')}"}
    for status in (200, 401):
        deadline = time.monotonic() + 15
        while {client.get("/v1/jobs", headers=guest).status_code for client in service.clients} != {status}:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        if status == 200:
            remove_key(service.place, "guest")

    job = service.upload(as_csv(rows(200)).encode())
    service.agree(f"/v1/jobs/{job}", lambda body: (body["state"], body["added"]), ("complete", 200), 60)
    service.agree("/v1/products/p7", lambda body: body["title"], "red shirt 7")

    said = two.post("/v1/feedback", json={"product_id": "p7", "verdict": "correct", "tags": ["plain"]})
    assert said.status_code == 201, said.text
    service.agree("/v1/products/p7", lambda body: body["understanding"]["tags"][0]["name"], "plain")
    service.agree("/v1/feedback?product_id=p7", lambda body: body["verdict"], "correct")

    taught = service.upload(as_csv(FILED).encode(), category="kind", target="0.9")
    service.agree(f"/v1/jobs/{taught}", lambda body: body["state"], "complete", 60)
    version = three.get(f"/v1/jobs/{taught}").json()["taught"]["version"]
    assert one.post(f"/v1/models/{version}/activate").status_code == 200
    service.agree("/v1/models", lambda body: {one["id"]: one["role"] for one in body["data"]}[version], "active")
    service.agree("/v1/products/p9", lambda body: body["model"], version, 60)

    working = service.upload(as_csv(rows(1_000, brand="Oro")).encode())
    while not (told := one.get(f"/v1/jobs/{working}").json())["done"]:
        assert told["state"] in ("queued", "running")
        time.sleep(0.02)
    worker = service.worker(working)
    service.nodes.pop(worker).kill()
    service.clients.pop(worker)
    assert all(client.get("/readyz").status_code == 200 for client in service.clients)
    before = service.clients[0].get(f"/v1/jobs/{working}").json()["done"]
    started = time.monotonic()
    while service.clients[0].get(f"/v1/jobs/{working}").json()["done"] <= before:
        assert time.monotonic() < started + 15, "another node goes on with the job"
        time.sleep(0.1)
    service.agree(f"/v1/jobs/{working}", lambda body: (body["state"], body["done"]), ("complete", 1_000), 120)
