"""A request as bytes on the wire, so that nothing between a test and the server mends what is wrong with it."""

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

JSON = "application/json"
BOUNDARY = "form"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


@dataclass(frozen=True, slots=True)
class BadRequest:
    """`data` is the whole request; status and code are what must be answered."""

    name: str
    data: bytes
    status: int
    code: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class WireAnswer:
    status_code: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


def http(method: str, target: str, body: bytes | str = b"", kind: str = "", *headers: str) -> bytes:
    """A request that is well formed unless its parts are not. Parts outside Latin-1 go as UTF-8."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    if kind:
        lines.append(f"Content-Type: {kind}")
    if content or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def sent(name: str, method: str, target: str, body: Any, status: int, code: str) -> BadRequest:
    """A JSON body: text and bytes as they are, all else written as JSON."""
    content = body if isinstance(body, bytes | str) else json.dumps(body)
    return BadRequest(f"{method} {target[:60]} {name}", http(method, target, content, JSON), status, code)


def got(target: str, status: int, code: str, method: str = "GET") -> BadRequest:
    return BadRequest(f"{method} {target[:80]}", http(method, target), status, code)


def part(name: str, value: bytes | str, filename: str | None = None) -> bytes:
    """A part of a form."""
    content = value.encode() if isinstance(value, str) else value
    file = "" if filename is None else f'; filename="{filename}"'
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def exchange(address: str, data: bytes) -> WireAnswer:
    """Send the bytes, and read the answer until the server closes the connection."""
    host = urlsplit(address)
    with socket.create_connection((host.hostname or "", host.port or 80), timeout=20) as connection:
        connection.sendall(data)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return WireAnswer(int(first.split()[1]), headers, body)
