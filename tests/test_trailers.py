"""What follows a chunked body's last byte: bounded, and never a header."""

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from serving.front.keys import add_key
from serving.settings import Settings
from tests.fronted import Work, application
from tests.listening import listening
from tests.wire_request import exchange

SEARCH = "POST /v1/search HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
LINES = b"X-A: b\r\n" * 8_192
VALUE = b"a" * 65_536


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


@pytest.mark.parametrize(("begin", "block"), [(b"", LINES), (b"X-A: ", VALUE)], ids=["many", "one"])
def test_endless_ones_are_refused(settings: Settings, begin: bytes, block: bytes) -> None:
    """They would be 60 MB."""
    work = Work()
    with listening(application(settings, work)) as address:
        before = resident_bytes()
        answer, sent = flood(address, chunked("Host: localhost")[:-2] + begin, block)
        grown = resident_bytes() - before
    assert answer.startswith(b"HTTP/1.1 431 ") or sent < 60_000_000
    assert b"200 OK" not in answer
    assert grown < 20_000_000
    assert work.bodies == []


def resident_bytes() -> int:
    """What this process, in which the server is a thread, has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def flood(address: str, head: bytes, block: bytes) -> tuple[bytes, int]:
    """What is answered to 60 MB of a block, and how much of it could be sent."""
    host = urlsplit(address)
    sent = 0
    with socket.create_connection((host.hostname or "", host.port or 80), timeout=20) as connection:
        try:
            connection.sendall(head)
            while sent < 60_000_000:
                connection.sendall(block)
                sent += len(block)
            return connection.recv(65_536), sent
        except ConnectionError:
            return b"", sent
