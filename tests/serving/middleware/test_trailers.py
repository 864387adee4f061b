"""What follows a request's last byte: bounded, never a header of it, and answered after it."""

import socket
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from serving.middleware.api_keys import add_key
from serving.middleware.header_timeout import HeaderTimeoutProtocol
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


@pytest.mark.parametrize(
    ("behind", "status"),
    [
        (b"\0\1\2\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 2**19, 431),
        (b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
    ],
    ids=["no HTTP", "no host", "large", "a bad body"],
)
def test_what_is_refused_behind_requests_is_answered_after_them(settings: Settings, behind: bytes, status: int) -> None:
    alive = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with listening(application(settings)) as address:
        first = exchange(address, alive * 2 + behind)
    assert first.status_code == 200
    assert [int(line.split()[0]) for line in first.body.split(b"HTTP/1.1 ")[1:]] == [200, status]


def test_blank_lines_keep_no_connection(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HeaderTimeoutProtocol, "header_timeout", 0.2)
    with listening(application(settings)) as address:
        host = urlsplit(address)
        with socket.create_connection((host.hostname or "", host.port or 80)) as connection:
            connection.settimeout(0.05)
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            deadline, received = time.monotonic() + 4, b"?"
            while received:
                assert time.monotonic() < deadline
                with suppress(TimeoutError):
                    received = connection.recv(65_536)
                with suppress(ConnectionError):
                    connection.sendall(b"\r\n")
