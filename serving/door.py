"""The door: what every request passes before any of our routes, or Ray Serve, spends work on it.

It takes the whole body, counted and timed, so that neither a huge nor a stalled upload ever occupies a replica; drops
the headers by which a client could steer Ray Serve; gives the request an id; and has every error leave in our words.
The same class stands in front of `build_app` and, through `proxy_middlewares`, inside Ray Serve's proxy process.
"""

import asyncio
import logging
import re
import uuid
from collections.abc import Iterable

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.config import HTTP_PROTOCOLS

from catalog.errors import CatalogError
from serving.errors import BodyTimeout, BodyTooLarge, DeadlineExceeded, ModelFailed, ModelNotReady, answer, from_status
from serving.patience import ImpatientProtocol
from serving.settings import Settings

Header = tuple[bytes, bytes]

REQUEST_ID = b"x-request-id"
GOOD_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# Serve reads these from clients: a timeout of 0 would switch the time limit off, the others choose a replica.
STEERING = frozenset(
    (
        b"x-request-timeout-seconds",
        b"x-request-disconnect-disabled",
        b"x-session-id",
        b"serve-multiplexed-model-id",
    )
)
STEERING_PREFIX = b"x-serve-"
LINGER_SECONDS = 2.0

logger = logging.getLogger(__name__)


class Door:
    """ASGI middleware; see the module's docstring."""

    def __init__(self, app: ASGIApp, settings: Settings, lost: type[CatalogError] = ModelFailed) -> None:
        """lost: what to answer when the app ends without an answer."""
        self.app = app
        self.settings = settings
        self.lost = lost

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request_id = read_request_id(scope["headers"])
        response = Response(send, request_id)
        try:
            body = await self.take_body(scope, receive)
        except BodyTooLarge as error:
            return await response.refuse(error, linger=receive)
        except BodyTimeout as error:
            return await response.refuse(error)
        if body is None:
            return
        scope = {**scope, "headers": [*without_steering(scope["headers"]), (REQUEST_ID, request_id)]}
        try:
            async with asyncio.timeout(self.settings.request_timeout_seconds):
                await self.app(scope, Replay(body, receive), response.send)
        except TimeoutError:
            if not response.started:
                return await response.refuse(DeadlineExceeded())
        except Exception:
            # Raised again it would reach the server, which answers in its own words or not at all.
            logger.exception("request %s failed", request_id.decode())
        if not response.started:
            await response.refuse(self.lost())

    async def take_body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body, or None if the client left. Raises BodyTooLarge or BodyTimeout."""
        limit = self.settings.max_body_bytes
        declared = dict(scope["headers"]).get(b"content-length", b"")
        if declared.isdigit() and int(declared) > limit:
            raise BodyTooLarge(f"The body has {int(declared):,} bytes; the limit is {limit:,}.")
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self.settings.body_timeout_seconds):
                while (message := await receive())["type"] == "http.request":
                    chunks.append(message.get("body", b""))
                    size += len(chunks[-1])
                    if size > limit:
                        raise BodyTooLarge(f"The body has more than {limit:,} bytes.")
                    if not message.get("more_body", False):
                        return b"".join(chunks)
        except TimeoutError:
            seconds = self.settings.body_timeout_seconds
            raise BodyTimeout(f"The body of the request did not arrive within {seconds:g} seconds.") from None
        return None


class Replay:
    """An ASGI `receive` that gives a body already taken, then whatever the client does next."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self.body: bytes | None = body
        self.receive = receive

    async def __call__(self) -> Message:
        if self.body is None:
            return await self.receive()
        body, self.body = self.body, None
        return {"type": "http.request", "body": body, "more_body": False}


class Response:
    """An ASGI `send` that adds the request's id and puts a framework's error into our words."""

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send = send
        self._request_id = request_id
        self._replaced = False
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [header for header in message.get("headers", ()) if header[0].lower() != REQUEST_ID]
            if message["status"] >= 400 and content_type(headers) != b"application/json":
                self._replaced = True
                return await self.refuse(from_status(message["status"]))
            self.started = True
            message = {**message, "headers": [*headers, (REQUEST_ID, self._request_id)]}
        if not self._replaced:
            await self._send(message)

    async def refuse(self, error: CatalogError, linger: Receive | None = None) -> None:
        """Answer with an error. linger: go on reading for a while, as a client that is cut off while it sends may
        never see why; the connection then ends.
        """
        self.started = True
        status, extra, body = answer(error)
        content = body.model_dump_json().encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            (REQUEST_ID, self._request_id),
            *((name.lower().encode(), value.encode()) for name, value in extra.items()),
        ]
        if status in (408, 413):
            headers.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": content, "more_body": linger is not None})
        if linger is not None:
            await discard(linger)
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


async def discard(receive: Receive) -> None:
    """Read and forget until the body ends, the client leaves, or LINGER_SECONDS have passed."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while (message := await receive())["type"] == "http.request" and message.get("more_body", False):
                pass
    except TimeoutError:
        pass


def content_type(headers: Iterable[Header]) -> bytes:
    values = [value for name, value in headers if name.lower() == b"content-type"]
    return values[0].split(b";")[0] if values else b""


def read_request_id(headers: Iterable[Header]) -> bytes:
    """The client's id for this request if it is short and plain, else a new one."""
    given = dict(headers).get(REQUEST_ID, b"")
    return given if GOOD_ID.fullmatch(given) else uuid.uuid4().hex.encode()


def without_steering(headers: Iterable[Header]) -> list[Header]:
    """Headers for the app: Serve takes `-` and `_` for the same."""
    plain = ((name, value, name.lower().replace(b"_", b"-")) for name, value in headers)
    return [
        (name, value)
        for name, value, key in plain
        if key not in STEERING and key != REQUEST_ID and not key.startswith(STEERING_PREFIX)
    ]


def proxy_middlewares() -> list[Middleware]:
    """Called by Ray Serve in its proxy process (RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH).

    Serve offers no limit on the time that headers take and builds its uvicorn server with the protocol "auto", so
    that name is pointed at ours; uvicorn looks it up when the server is made, which is after this call.
    """
    settings = Settings()
    ImpatientProtocol.header_timeout = settings.header_timeout_seconds
    HTTP_PROTOCOLS["auto"] = "serving.patience:ImpatientProtocol"
    return [Middleware(Door, settings=settings, lost=ModelNotReady)]
