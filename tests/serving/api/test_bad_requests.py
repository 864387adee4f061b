"""Hundreds of bad requests, byte for byte over a real connection: each is refused as it should be, harming nothing."""

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from catalog.understand import Understander
from tests.support.answers import error_of
from tests.support.malformed.images import encode, speckled
from tests.support.malformed.requests import bad_requests
from tests.support.malformed.wire_request import JSON, BadRequest, exchange, http
from tests.support.services import SETTINGS, tiny_server
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow

FEWEST = 150
REQUESTS = bad_requests()
GOOD = http("GET", "/v1/products/stored")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a service that holds one product."""
    folder = tmp_path_factory.mktemp("served")
    model = Understander.load(tiny_onnx_folder(folder / "model"))
    settings = SETTINGS.model_copy(update={"feeds": feeds(folder)})
    uri = "data:image/png;base64," + base64.b64encode(encode(speckled(), "PNG")).decode()
    with tiny_server(model, folder / "index", settings) as address:
        product = {"title": "red shirt", "images": [uri]}
        assert httpx.put(f"{address}/v1/products/stored", json=product).status_code == 201
        job = httpx.post(f"{address}/v1/jobs", json={"source": "good.csv"}, headers={"Idempotency-Key": "used"})
        assert job.status_code == 202
        yield address


def feeds(folder: Path) -> Path:
    """Files that jobs may read, and links out."""
    inside = folder / "feeds"
    inside.mkdir()
    for path in (inside / "good.csv", folder / "secret.csv"):
        path.write_text("id,title\n1,red shirt\n")
    (inside / "link.csv").symlink_to("../secret.csv")
    (inside / "folder").mkdir()
    return inside


def state(address: str) -> list[str]:
    addresses = ("/v1/products/stored?include=embedding", "/v1/products/stored/similar", "/v1/feedback", "/v1/models")
    addresses += ("/v1/jobs", "/v1/review")
    return [exchange(address, http("GET", path)).text for path in addresses]


@pytest.fixture(scope="module")
def before(address: str) -> list[str]:
    return state(address)


def test_there_are_many_and_no_two_the_same() -> None:
    assert len({request.data for request in REQUESTS}) == len(REQUESTS) >= FEWEST


@pytest.mark.parametrize("bad", REQUESTS, ids=str)
def test_bad_request_is_refused(address: str, before: list[str], bad: BadRequest) -> None:
    error = error_of(exchange(address, bad.data), bad.status)
    assert error["code"] == bad.code
    assert len(error["message"]) < 1_000
    assert exchange(address, GOOD).status_code == 200


def test_nothing_was_changed(address: str, before: list[str]) -> None:
    assert state(address) == before
    analyzed = exchange(address, http("POST", "/v1/products/analyze", '{"items": [{"title": "red shirt"}]}', JSON))
    assert analyzed.json()["results"][0]["error"] is None
