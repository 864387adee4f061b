"""What follows a chunked body's last byte: bounded, and never a header."""

from pathlib import Path

import pytest

from serving.middleware.api_keys import add_key
from serving.settings.schema import Settings
from tests.support.asgi_client import Work, application
from tests.support.live_server import listening
from tests.support.malformed.wire_request import exchange

SEARCH = "POST /v1/search HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"


def chunked(head: str, *trailers: str) -> bytes:
    return "\r\n".join((SEARCH + head, "", "1", "a", "0", *trailers, "", "")).encode()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(keys=tmp_path / "keys.json")


def test_a_few_are_dropped(settings: Settings) -> None:
    work = Work()
    with listening(application(settings, work)) as address:
        assert exchange(address, chunked("Host: localhost", "X-Checksum: 7")).status_code == 200
    assert work.bodies == [b"a"]


def test_none_is_a_key(settings: Settings) -> None:
    key = add_key(settings.keys, "shop")
    with listening(application(settings)) as address:
        for head in ("Host: localhost", "Host: localhost\r\nAuthorization: Bearer no"):
            assert exchange(address, chunked(head, f"Authorization: Bearer {key}")).status_code == 401


def test_none_is_a_host_or_says_who_asks(settings: Settings) -> None:
    with listening(application(settings)) as address:
        for head, trailer in (
            ("Host: evil.example", "Host: localhost"),
            ("Host: localhost\r\nSec-Fetch-Site: cross-site", "Sec-Fetch-Site: none"),
            ("Host: localhost\r\nOrigin: http://evil.example", "Origin: http://localhost"),
        ):
            assert exchange(address, chunked(head, trailer)).status_code == 403


@pytest.mark.parametrize("trailers", [["X-A: b"] * 131_072, ["X-A: " + "a" * 2**20]], ids=["many", "one"])
def test_large_ones_are_refused(settings: Settings, trailers: list[str]) -> None:
    work = Work()
    with listening(application(settings, work)) as address:
        assert exchange(address, chunked("Host: localhost", *trailers)).status_code == 431
    assert work.bodies == []
