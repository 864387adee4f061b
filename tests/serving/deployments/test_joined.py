"""The service whose model answers HTTP in its own process: a real Ray Serve of a tiny model, shared by all tests here.
What does not depend on who answers is tested in test_serve.py, with proxies and gateway in processes of their own.
"""

import asyncio
import socket
from collections.abc import Iterator

import httpx
import pytest

from benchmarks.faults import REPLICA, Fault, under_kill, under_redeploy
from benchmarks.traffic import Address
from catalog.errors import ConfigInvalid
from serving.deployments.listener import Listener
from serving.deployments.preflight import check_address, url
from serving.deployments.start import serve, stop
from serving.errors import AddressInUse
from serving.settings.schema import Settings
from tests.support.services import free_port
from tests.support.tiny import tiny_onnx_folder

CALM_SECONDS = 1.0
SOON_SECONDS = 60.0


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        model=tiny_onnx_folder(tmp_path_factory.mktemp("served") / "model"),
        index=str(tmp_path_factory.mktemp("index") / "index"),
        port=free_port(),
        layout="joined",
        body_timeout_seconds=3,
        header_timeout_seconds=2,
        request_timeout_seconds=2 * SOON_SECONDS,
    )


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx.Client]:
    serve(settings, blocking=False)
    try:
        with httpx.Client(base_url=url(settings), timeout=60, trust_env=False) as client:
            yield client
    finally:
        stop()


@pytest.fixture(scope="module")
def address(client: httpx.Client, settings: Settings) -> Address:
    return Address(settings.host, settings.port)


@pytest.mark.slow
def test_what_arrives_while_the_replica_is_lost_is_answered(address: Address) -> None:
    row = asyncio.run(under_kill(address, Fault("joined", f"{REPLICA}Gateway"), CALM_SECONDS))
    assert (row["begun later, failed"], row["refused"], row["lost"]) == (0, 0, 0), row
    assert row["acknowledged"] > 0
    assert row["healthy after, s"] < SOON_SECONDS


@pytest.mark.slow
def test_a_redeploy_fails_nothing(address: Address, settings: Settings) -> None:
    two = settings.model_copy(update={"replicas": 2})
    row = asyncio.run(under_redeploy(address, two, CALM_SECONDS))
    assert (row["failed"], row["lost"], row["kept"]) == (0, 0, 0), row


@pytest.mark.slow
def test_limits_of_body_and_headers_hold(client: httpx.Client, settings: Settings) -> None:
    large = client.post("/v1/products/analyze", content=b"x" * (settings.max_body_bytes + 1))
    assert (large.status_code, large.json()["error"]["code"]) == (413, "body_too_large")
    assert client.get("/nowhere").json()["error"]["code"] == "not_found"
    assert b"body_timeout" in answer_to(settings, b"POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    assert answer_to(settings, b"GET /healthz HTTP/1.1\r\nHost: x") == b""


def answer_to(settings: Settings, unfinished: bytes) -> bytes:
    """All that is said before the connection is closed."""
    with socket.create_connection((settings.host, settings.port), timeout=SOON_SECONDS) as connection:
        connection.sendall(unfinished)
        said = b""
        while more := connection.recv(65_536):
            said += more
        return said


def test_a_listener_keeps_its_address() -> None:
    settings = Settings(port=free_port())
    listener = Listener(settings)
    with pytest.raises(AddressInUse):
        check_address(settings)
    listener.close()
    check_address(settings)
    assert not listener.path.parent.exists()


def test_replicas_that_answer_by_themselves_do_not_scale() -> None:
    settings = Settings(port=free_port(), layout="joined", max_replicas=2)
    with pytest.raises(ConfigInvalid, match="max_replicas"):
        serve(settings, blocking=False)
