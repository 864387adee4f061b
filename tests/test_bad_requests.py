"""Hundreds of bad requests, byte for byte over a real connection: each is refused as it should be, harming nothing."""

import base64
import time
from collections.abc import Iterator

import httpx
import pytest

from catalog.understand import Understander
from serving.app import build_app
from serving.local import LocalAnalyzer
from serving.models import Models
from serving.services import Services
from tests.answers import error_of
from tests.bad_pictures import encode, speckled
from tests.bad_requests import bad_requests
from tests.listening import listening
from tests.services import SETTINGS, tiny_shelf
from tests.tiny import tiny_folder
from tests.wire_request import JSON, BadRequest, exchange, http

FEWEST = 150
REQUESTS = bad_requests()
GOOD = http("POST", "/v1/products/analyze", '{"items": [{"title": "red shirt"}]}', JSON)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a service that holds one product."""
    model = Understander.load(tiny_folder(tmp_path_factory.mktemp("served") / "model"))
    with tiny_shelf(tmp_path_factory.mktemp("served") / "index") as shelf:
        app = build_app(Services(Models(LocalAnalyzer(lambda: model, SETTINGS)), shelf), SETTINGS)
        with listening(app) as address:
            uri = "data:image/png;base64," + base64.b64encode(encode(speckled(), "PNG")).decode()
            product = {"title": "red shirt", "images": [uri]}
            deadline = time.monotonic() + 60
            while httpx.put(f"{address}/v1/products/stored", json=product).status_code != 201:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield address


def state(address: str) -> list[str]:
    addresses = ("/v1/products/stored?include=embedding", "/v1/products/stored/similar", "/v1/feedback", "/v1/models")
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
