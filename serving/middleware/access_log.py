"""The first and the last to see a request: what it was, how it ended and how long it took, for the log, the metrics
and a trace. Every answer leaves here with its request's id and with the headers that keep browsers from harm.
"""

import asyncio
import json
import logging
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.middleware.auth import CLIENT, PASSED
from serving.middleware.early_response import Header
from serving.middleware.guard import REQUEST_ID, content_type, read_request_id
from serving.middleware.paths import PROXY_HEALTH, pattern_of
from serving.telemetry.logs import access, of_request
from serving.telemetry.metrics import CONTENT_TYPE, Metrics
from serving.telemetry.request_trace import FACTS_HEADER, RequestTrace, collecting, from_header, to_header
from serving.telemetry.tracing import Tracer

# The status that is written down for a client that left before its answer began; none is ever sent.
CLIENT_LEFT = 499
# What is read of an error to find its code.
MAX_ERROR_BYTES = 65_536
SCRAPE_SECONDS = 3.0
# A line that says that one of these was answered is not worth having.
PROBES = frozenset(("/healthz", "/readyz", "/metrics"))

HTML_POLICY = (
    b"default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'self'; object-src 'none';"
    b" frame-ancestors 'none'"
)
POLICY = b"default-src 'none'; frame-ancestors 'none'"
SAFETY: tuple[Header, ...] = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))


class AccessLogMiddleware:
    """ASGI middleware. Behind another one like it (on Ray Serve: in the gateway, behind the proxy's) it writes nothing
    down, and tells that one the facts.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, tracer: Tracer | None = None) -> None:
        self.app = app
        self.metrics = metrics
        self.tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif PASSED in scope:
            await self.tell(scope, receive, send)
        else:
            await self.write_down(scope, receive, send)

    async def tell(self, scope: Scope, receive: Receive, send: Send) -> None:
        with of_request(read_request_id(scope["headers"]).decode()), collecting() as found:

            async def told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message = {**message, "headers": [*message.get("headers", ()), (FACTS_HEADER, to_header(found))]}
                await send(message)

            await self.app(scope, receive, told)

    async def write_down(self, scope: Scope, receive: Receive, send: Send) -> None:
        id = read_request_id(scope["headers"])
        headers = [header for header in scope["headers"] if header[0] != REQUEST_ID]
        scope = {**scope, "headers": [*headers, (REQUEST_ID, id)]}
        answer = Answer(send, id)
        started = time.perf_counter()
        self.metrics.running.inc()
        with of_request(id.decode()), collecting() as found:
            try:
                if (scope["method"], scope["path"]) == ("GET", "/metrics"):
                    await scrape(self.app, self.metrics, scope, receive, answer.send)
                else:
                    await self.app(scope, receive, answer.send)
            finally:
                self.metrics.running.dec()
                self.done(scope, answer, answer.facts or found, (answer.ended or time.perf_counter()) - started)

    def done(self, scope: Scope, answer: "Answer", found: RequestTrace, seconds: float) -> None:
        route, method = pattern_of(scope["path"]), method_of(scope)
        self.metrics.observe(route, method, answer.status, answer.code, seconds, found)
        level = logging.ERROR if answer.status >= 500 else logging.INFO
        if answer.status < 400 and (route in PROBES or scope["path"] == PROXY_HEALTH):
            level = logging.DEBUG
        if access.isEnabledFor(level):
            line = {"route": route, "method": method, "status": answer.status, "seconds": round(seconds, 4)}
            line |= {"code": answer.code, "key": scope.get(CLIENT, "")} | shown(found)
            access.log(level, "request", extra={"fields": {name: value for name, value in line.items() if value != ""}})
        if self.tracer is not None:
            attributes: dict[str, str | int] = {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": answer.status,
                "shelflens.request_id": answer.id.decode(),
            }
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            self.tracer.trace(headers, f"{method} {route}", attributes, seconds, found)


class Answer:
    """An ASGI `send` that learns what is answered, and adds what every answer has."""

    def __init__(self, send: Send, id: bytes) -> None:
        self.id = id
        self.status = CLIENT_LEFT
        self.facts: RequestTrace | None = None
        self.ended: float | None = None  # Serve goes on for a while after the last byte
        self._send = send
        self._error: bytearray | None = None

    @property
    def code(self) -> str:
        """That of the error; empty if there is none."""
        if self.status == CLIENT_LEFT:
            return "client_left"
        return code_of(bytes(self._error)) if self._error is not None else ""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = self.start(message)
        elif self._error is not None and len(self._error) < MAX_ERROR_BYTES:
            self._error += message.get("body", b"")
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.ended = time.perf_counter()

    def start(self, message: Message) -> Message:
        self.status = message["status"]
        headers: list[Header] = []
        for name, value in message.get("headers", ()):
            if name == FACTS_HEADER:
                self.facts = from_header(value)
            elif name.lower() != REQUEST_ID:
                headers.append((name, value))
        kind = content_type(headers)
        if self.status >= 400 and kind == b"application/json":
            self._error = bytearray()
        policy = (b"content-security-policy", HTML_POLICY if kind == b"text/html" else POLICY)
        there = {name.lower() for name, _ in headers}
        headers += [header for header in (*SAFETY, policy) if header[0] not in there]
        return {**message, "headers": [*headers, (REQUEST_ID, self.id)]}


async def scrape(app: ASGIApp, metrics: Metrics, scope: Scope, receive: Receive, send: Send) -> None:
    """The route's gauges and our own counts as one document. Where the route cannot answer, the counts alone: what goes
    wrong is what they are for.
    """
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    try:
        async with asyncio.timeout(SCRAPE_SECONDS):
            await app(scope, receive, keep)
    except TimeoutError:
        messages = []
    status = messages[0]["status"] if messages else 500
    if status != 200 and status < 500:
        for message in messages:
            await send(message)
        return
    gauges = b"".join(message.get("body", b"") for message in messages) if status == 200 else b""
    body = gauges + metrics.text()
    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def shown(found: RequestTrace) -> dict[str, Any]:
    """The facts that a log line has: only those there are."""
    line = {"items": found.items, "with_image": found.with_image, "with_text": found.with_text, "model": found.model}
    stages = {stage.name: round(stage.seconds, 4) for stage in found.stages}
    return {name: value for name, value in (line | {"failed": found.failed, "stages": stages}).items() if value}


def code_of(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""


def method_of(scope: Scope) -> str:
    """Of a few names only: a method may be any word."""
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return scope["method"] if scope["method"] in known else "OTHER"
