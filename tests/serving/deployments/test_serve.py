"""The service as it is deployed: one real Ray Serve of a tiny model, shared by all tests here. Faults come first: what
benchmarks/faults.py measures holds at any speed, without its limits of time. They leave two replicas.
"""

import asyncio
import base64
import fcntl
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from ray import serve as ray_serve

from benchmarks.faults import KILLS, Fault, under_kill, under_redeploy, under_slow_clients
from benchmarks.traffic import Address
from catalog.index.edge.folder import LOCK
from catalog.model.preprocess import Prepared
from serving.deployments.preflight import check_address, url
from serving.deployments.remote import APPLICATION
from serving.deployments.start import serve, stop
from serving.errors import AddressInUse, ModelFailed
from serving.settings.schema import Settings
from tests.support.malformed.images import BadImage, bad_images, encode, speckled
from tests.support.services import free_port
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow

ANALYZE = "/v1/products/analyze"
CALM_SECONDS = 1.0
SOON_SECONDS = 60.0
FAULTS = {fault.name: fault for fault in KILLS}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    port = free_port()
    folder = tiny_onnx_folder(tmp_path_factory.mktemp("served") / "model")
    index = str(tmp_path_factory.mktemp("index") / "index")
    return Settings(
        model=folder,
        index=index,
        port=port,
        layout="separate",
        body_timeout_seconds=3,
        header_timeout_seconds=2,
        request_timeout_seconds=2 * SOON_SECONDS,  # on a busy machine a replica takes its time to start
    )


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx.Client]:
    """The service, whose index was made later than all else: nothing may be in its folder before it."""
    keep_locked(Path(settings.index), seconds=10)
    serve(settings, blocking=False)
    try:
        with httpx.Client(base_url=url(settings), timeout=60, trust_env=False) as client:
            yield client
    finally:
        stop()


def keep_locked(index: Path, seconds: float) -> None:
    """As if another process had the index, for so long."""
    index.mkdir()
    lock = (index / LOCK).open("ab")
    fcntl.flock(lock, fcntl.LOCK_EX)
    threading.Timer(seconds, lock.close).start()


@pytest.fixture(scope="module")
def address(client: httpx.Client, settings: Settings) -> Address:
    return Address(settings.host, settings.port)


@pytest.mark.parametrize("name", ["slow-bodies", "slow-headers"])
def test_slow_clients_are_closed_and_harm_nobody(address: Address, name: str) -> None:
    row = asyncio.run(under_slow_clients(address, name, CALM_SECONDS))
    assert row["closed after, s"] < SOON_SECONDS
    assert row["failed"] == 0, row


@pytest.mark.parametrize("fault", [fault for fault in KILLS if fault.replicas == 1], ids=lambda fault: fault.name)
def test_after_a_kill_only_what_was_in_flight_fails(address: Address, fault: Fault) -> None:
    check_kill(address, fault)


def test_a_redeploy_fails_nothing_and_one_of_two_replicas_is_not_missed(address: Address, settings: Settings) -> None:
    two = settings.model_copy(update={"replicas": 2})
    row = asyncio.run(under_redeploy(address, two, CALM_SECONDS))
    assert (row["failed"], row["lost"], row["kept"]) == (0, 0, 0), row
    statuses = check_kill(address, FAULTS["replica-of-two"])["statuses"]
    # What the lost replica held may fail, and says why.
    assert statuses.keys() <= {"200", "201", "503"}


def check_kill(address: Address, fault: Fault) -> dict[str, Any]:
    row = asyncio.run(under_kill(address, fault, CALM_SECONDS))
    assert row["begun later, failed"] == 0, row
    # Without its only proxy nobody can reach the service.
    assert not row["refused"] or fault.name == "proxy", row
    assert row["acknowledged"] > 0
    assert row["lost"] == 0, row
    assert row["healthy after, s"] < SOON_SECONDS
    return row


def uri(data: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


def analyze(client: httpx.Client, *items: dict[str, Any], **options: object) -> list[dict[str, Any]]:
    response = client.post(ANALYZE, json={"items": items, **options})
    assert response.status_code == 200, response.text
    results: list[dict[str, Any]] = response.json()["results"]
    return results


def test_json_and_form_give_the_same_answer(client: httpx.Client) -> None:
    image = encode(speckled(), "JPEG")
    (by_json,) = analyze(client, {"id": "7", "title": "red shirt", "images": [uri(image)]})
    response = client.post(ANALYZE, data={"id": "7", "title": "red shirt"}, files={"image": ("a.jpg", image)})
    assert response.json()["results"] == [by_json]
    assert by_json["modalities_used"] == ["image", "text"]
    assert by_json["error"] is None


def test_health_and_readiness(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/-/healthz").text == "success"  # what KubeRay looks for
    assert client.get("/readyz").json()["taxonomy_version"] == "tiny-1"


@pytest.mark.parametrize("image", bad_images(), ids=str)
def test_bad_image(client: httpx.Client, image: BadImage) -> None:
    bad, good = analyze(client, {"images": [uri(image.data)]}, {"title": "red shirt"})
    assert (bad["error"] or {}).get("code") == image.code
    assert good["error"] is None
    response = client.post(ANALYZE, files={"image": (image.filename, image.data)})
    assert response.status_code == (422 if image.code else 200)
    assert response.json().get("error", {}).get("code") == image.code


def test_of_16_clients_only_the_one_with_a_bad_image_fails(client: httpx.Client) -> None:
    def ask(n: int) -> dict[str, Any]:
        image = b"GIF89a" if n == 5 else encode(speckled(), "PNG")
        return analyze(client, {"id": str(n), "images": [uri(image)]})[0]

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(ask, range(16)))
    assert [result["id"] for result in results] == [str(n) for n in range(16)]
    assert [n for n, result in enumerate(results) if result["error"]] == [5]


@pytest.mark.usefixtures("client")
def test_product_that_breaks_the_forward_pass_fails_alone_in_its_batch() -> None:
    replicas = ray_serve.get_deployment_handle("ModelReplica", APPLICATION)
    good = Prepared("good", np.zeros((1, 3, 32, 32), np.uint8), "a")
    poison = Prepared("poison", np.zeros((1, 3, 5, 5), np.uint8), "a")
    found = replicas.understand.remote([good, poison, good], 1, False).result(timeout_s=60)
    assert [getattr(answer, "id", None) for answer in found.answers] == ["good", None, "good"]
    assert isinstance(found.answers[1], ModelFailed)


def test_clients_cannot_steer_serve(client: httpx.Client) -> None:
    # Without the request guard the first would end the request at once, with an answer of Serve's own.
    headers = {"X-Request-Timeout-Seconds": "0.000001", "serve_multiplexed_model_id": "x", "X-Request-Id": "mine-1"}
    response = client.post(ANALYZE, json={"items": [{"title": "shoe"}]}, headers=headers)
    assert response.status_code == 200
    assert response.headers.get_list("x-request-id") == ["mine-1"]


@pytest.mark.parametrize("declared", [True, False])
def test_large_body_is_refused(client: httpx.Client, declared: bool) -> None:
    body = bytes(29 * 1024 * 1024)
    content = body if declared else (body[start : start + 65_536] for start in range(0, len(body), 65_536))
    response = client.post(ANALYZE, content=content, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["error"]["code"]) == (413, "body_too_large")


def test_stalled_body_is_answered_and_closed(client: httpx.Client, settings: Settings) -> None:
    head = f"POST {ANALYZE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    answer, seconds = send_and_wait(settings, head.encode() + b'{"items"')
    assert b" 408 " in answer.split(b"\r\n")[0]
    assert json.loads(answer.split(b"\r\n\r\n")[1])["error"]["code"] == "body_timeout"
    assert seconds < 15
    assert analyze(client, {"title": "shoe"})


def test_stalled_header_is_closed(client: httpx.Client, settings: Settings) -> None:
    answer, seconds = send_and_wait(settings, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    assert answer == b""
    assert 1 < seconds < 15
    assert analyze(client, {"title": "shoe"})


def send_and_wait(settings: Settings, data: bytes) -> tuple[bytes, float]:
    """Everything the service says until it closes the connection, and after how many seconds it does."""
    start = time.monotonic()
    with socket.create_connection((settings.host, settings.port), timeout=30) as connection:
        connection.sendall(data)
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    return received, time.monotonic() - start


def test_the_catalogue_is_exported_through_the_proxy(client: httpx.Client) -> None:
    assert client.put("/v1/products/exported", json={"title": "red shirt"}).status_code in (200, 201)
    lines = client.get("/v1/export", params={"format": "jsonl"}).text.splitlines()
    assert "exported" in [json.loads(line)["id"] for line in lines]


@pytest.mark.usefixtures("client")
def test_address_in_use_is_said_before_ray_starts(settings: Settings) -> None:
    with pytest.raises(AddressInUse, match="is not available to listen on"):
        check_address(settings)
