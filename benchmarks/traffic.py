"""HTTP traffic for the load and fault benchmarks, and what the kernel says of the service's processes.

It is all on the loopback, in one asyncio thread. What goes wrong is an outcome like any other: a client never stops.
"""

import asyncio
import base64
import json
import os
import socket
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

DEMO = Path("assets/demo/images")
# In the place of a status: nobody listened; the connection ended, or ANSWER_SECONDS passed, without an answer.
REFUSED, LOST, SILENT = 0, -1, -2
ANSWER_SECONDS = 60.0
# A refused client tries again after this pause.
PAUSE_SECONDS = 0.05


class Address(NamedTuple):
    host: str
    port: int


class Ask(NamedTuple):
    """A request. id: of the product that it stores, if it stores one."""

    kind: str
    data: bytes
    id: str = ""


class Outcome(NamedTuple):
    """What became of a request. Times are of `time.monotonic`, in seconds."""

    kind: str
    started: float
    ended: float
    status: int
    id: str = ""

    @property
    def seconds(self) -> float:
        return self.ended - self.started

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


def request(method: str, path: str, body: object = None) -> bytes:
    """A whole HTTP request with a body of JSON."""
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(content)}\r\n"
    return head.encode() + b"content-type: application/json\r\n\r\n" + content


def images(count: int, folder: Path = DEMO) -> list[bytes]:
    paths = sorted(folder.glob("*.jpg"))[:count]
    return [path.read_bytes() for path in paths]


def uri(image: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(image).decode()


def analyze_ask(image: bytes) -> Ask:
    item = {"title": "red shoe", "images": [uri(image)]}
    return Ask("analyze", request("POST", "/v1/products/analyze", {"items": [item]}))


def search_ask(text: str = "red shoe") -> Ask:
    return Ask("search", request("POST", "/v1/search", {"text": text}))


def put_ask(id: str) -> Ask:
    body = {"title": f"red shoe {id}", "brand": "A", "price": 12.5, "currency": "EUR"}
    return Ask("put", request("PUT", f"/v1/products/{id}", body), id)


class Client:
    """One kept connection, opened anew whenever it is lost."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None
        self.body = b""

    async def ask(self, ask: Ask) -> Outcome:
        """The body of the answer is then in `body`."""
        started = time.monotonic()
        status = SILENT
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status = await self._status(ask.data)
        except TimeoutError:
            pass
        if status <= 0:
            self.close()
        return Outcome(ask.kind, started, time.monotonic(), status, ask.id)

    async def _status(self, data: bytes) -> int:
        if self.reader is None or self.reader.at_eof():
            self.close()
            try:
                self.reader, self.writer = await asyncio.open_connection(*self.address)
            except OSError:
                return REFUSED
        assert self.writer is not None
        try:
            self.writer.write(data)
            head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            self.body = await self.reader.readexactly(int(length or 0))
        except (OSError, asyncio.IncompleteReadError):
            return LOST
        if b"connection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


class Traffic:
    """Clients that each ask one thing after another until `stop`. All that happened is in `outcomes`."""

    def __init__(self, address: Address, asks: Sequence[Iterator[Ask]], pause: float = 0.0) -> None:
        """asks: what each client asks. pause: seconds between an answer and the next request."""
        self.outcomes: list[Outcome] = []
        self._running = True
        self._clients = [asyncio.create_task(self._run(Client(address), each, pause)) for each in asks]

    async def _run(self, client: Client, asks: Iterator[Ask], pause: float) -> None:
        for ask in asks:
            outcome = await client.ask(ask)
            self.outcomes.append(outcome)
            await asyncio.sleep(PAUSE_SECONDS if outcome.status <= 0 else pause)
            if not self._running:
                break
        client.close()

    async def stop(self) -> list[Outcome]:
        """Once all requests under way have ended."""
        self._running = False
        await asyncio.gather(*self._clients)
        return self.outcomes


# As Ray's titles of their processes name them.
PARTS = ("ProxyActor", "Gateway", "ModelReplica", "IndexOwner")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def percentile(seconds: Iterable[float], share: int) -> float:
    """In milliseconds; nan of nothing. share: 1 to 99."""
    values = list(seconds)
    if len(values) < 2:
        return 1000 * values[0] if values else float("nan")
    return 1000 * statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def statuses(outcomes: Iterable[Outcome]) -> dict[str, int]:
    names = {REFUSED: "refused", LOST: "lost", SILENT: "silent"}
    return dict(Counter(names.get(outcome.status, str(outcome.status)) for outcome in outcomes))


def processes(title: str = "", above: int | None = None) -> list[int]:
    """The processes below one, by default this one, whose title begins so; Ray calls them
    `ray::ServeReplica:shelflens:Gateway`.
    """
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
    top = above or os.getpid()
    ours = {top}
    while more := {child for child, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return [process for process in sorted(ours - {top}) if title_of(process).startswith(title)]


def title_of(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def processor_seconds() -> dict[str, float]:
    """What each part of the service has used of the processor so far."""
    ticks = os.sysconf("SC_CLK_TCK")
    used = dict.fromkeys(PARTS, 0.0)
    for process in processes("ray::"):
        for part in PARTS:
            with suppress(OSError):
                if part in title_of(process):
                    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                    used[part] += (int(fields[11]) + int(fields[12])) / ticks
    return used


def memory_megabytes(title: str = "ray::") -> float:
    """Of all processes of that title together, without the files that they map."""
    return sum(kilobytes(process) for process in processes(title)) / 1024


def kilobytes(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


async def until(true: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


def markdown(row: dict[str, Any]) -> str:
    cells = {name: f"{value:.2f}" if isinstance(value, float) else str(value) for name, value in row.items()}
    lines = [f"| {cells.pop('name')} | |", "|---|---|", *(f"| {name} | {value} |" for name, value in cells.items())]
    return "\n".join(lines) + "\n"
