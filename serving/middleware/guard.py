"""Checks a request before a route, or Ray Serve, spends work on it.

`RequestGuardMiddleware` reads the whole body under limits of size and time, so that neither a huge nor a stalled upload
occupies a replica. It drops the headers by which a client could steer Ray Serve, gives the request an id, and rewrites
the errors of frameworks into the service's own. The application has it (`build_app`), and so has Ray Serve's proxy
process (`serving.middleware.stack.proxy_middlewares`).
"""

import asyncio
import logging
import re
import uuid
from collections.abc import Callable, Iterable
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.errors import CatalogError
from serving.error_responses import from_status, status_of
from serving.errors import (
    BadRequest,
    BodyTimeout,
    BodyTooLarge,
    DeadlineExceeded,
    DeadlineInvalid,
    ModelFailed,
    ModelNotReady,
)
from serving.middleware.early_response import Header, reject_unread, send_error
from serving.middleware.pieces import in_pieces
from serving.settings.schema import Settings

REQUEST_ID = b"x-request-id"
BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
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
# Where the outer guard puts the body for the inner one: Serve would have the gateway fetch it from the proxy by a call
# of its own, which costs each request some milliseconds. Clients cannot set keys of a scope.
BODY = "shelflens.body"
# How much longer than the gateway the proxy waits for an answer in time.
GRACE_SECONDS = 1.0
DEADLINE = b"x-request-deadline-seconds"
EMBEDDINGS = "/v1/embeddings"
# However long it is, it goes on while the client takes it: the limit is for each part.
EXPORT = "/v1/export"
GOOD_DEADLINE = re.compile(rb"[0-9]{1,6}(\.[0-9]{1,20})?")

logger = logging.getLogger(__name__)


class RequestGuardMiddleware:
    """ASGI middleware; see the module's docstring."""

    def __init__(self, app: ASGIApp, settings: Settings, outer: bool = False) -> None:
        """outer: the app has a guard of its own, in another process. That inner guard is handed the body and times out
        first; if it ends without an answer, its process was lost.
        """
        self.app = app
        self.settings = settings
        self.outer = outer
        self.lost: type[CatalogError] = ModelNotReady if outer else ModelFailed
        self.grace_seconds = GRACE_SECONDS if outer else 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request_id = read_request_id(scope["headers"])
        response = ErrorRewritingSend(in_pieces(send) if BODY in scope else send, request_id)
        try:
            check_address(scope)
            seconds = deadline(scope["headers"], self.time_limit(scope["path"]))
            body = await self.take_body(scope, receive)
        except BadRequest as error:
            return await reject_unread(error, scope, receive, send)
        except BodyTooLarge as error:
            return await response.send_error(error, linger=receive)
        except BodyTimeout as error:
            return await response.send_error(error)
        if body is None:
            return
        scope = {**scope, "headers": [*without_steering(scope["headers"]), (REQUEST_ID, request_id)]}
        watched = Watched(receive)
        try:
            async with asyncio.timeout(seconds + self.grace_seconds) as limit:
                response.prolong = prolonging(scope["path"], limit, seconds + self.grace_seconds)
                await self.pass_on(body, scope, watched, response)
        except TimeoutError:
            if not response.started:
                return await response.send_error(
                    DeadlineExceeded(f"The response was not ready within {seconds:g} seconds.")
                )
        except Exception:
            # Raised again it would reach the server, which answers in its own words or not at all.
            logger.exception("a request failed")
        if not response.started and not watched.client_left:
            await response.send_error(self.lost())

    def time_limit(self, path: str) -> float:
        """Seconds. Each portion of a long list of inputs has the time of another request."""
        if path == EMBEDDINGS:
            return max(self.settings.embeddings_timeout_seconds, self.settings.request_timeout_seconds)
        return self.settings.request_timeout_seconds

    async def pass_on(self, body: bytes, scope: Scope, receive: Receive, response: "ErrorRewritingSend") -> None:
        if self.outer:
            await self.app({**scope, BODY: body}, receive, response.send)
        else:
            await self.app(scope, Replay(body, receive), response.send)

    async def take_body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body, or None if the client left. Raises BodyTooLarge or BodyTimeout."""
        if BODY in scope:
            handed: bytes = scope.pop(BODY)
            return handed
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
            raise BodyTimeout(f"The request body did not arrive within {seconds:g} seconds.") from None
        return None


class Watched:
    """An ASGI `receive` that remembers whether the client left."""

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.client_left = False

    async def __call__(self) -> Message:
        message = await self.receive()
        self.client_left = message["type"] == "http.disconnect"
        return message


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


class ErrorRewritingSend:
    """An ASGI `send` that adds the request's id and replaces a framework's error by the service's own, and calls
    `prolong` whenever something was sent.
    """

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send = send
        self._request_id = request_id
        self._replaced = False
        self.started = False
        self.prolong: Callable[[], None] = lambda: None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [header for header in message.get("headers", ()) if header[0].lower() != REQUEST_ID]
            if message["status"] >= 400 and content_type(headers) != b"application/json":
                self._replaced = True
                return await self.send_error(from_status(message["status"]))
            self.started = True
            message = {**message, "headers": [*headers, (REQUEST_ID, self._request_id)]}
        if not self._replaced:
            await self._send(message)
            self.prolong()

    async def send_error(self, error: CatalogError, linger: Receive | None = None) -> None:
        """Answer with an error. linger: go on reading for a while, as a client that is cut off while it sends may
        never see why; the connection then ends.
        """
        self.started = True
        close = status_of(error) in (408, 413)
        await send_error(error, self._send, [(REQUEST_ID, self._request_id)], linger, close)


def prolonging(path: str, limit: asyncio.Timeout, seconds: float) -> Callable[[], None]:
    """What lets so many seconds begin anew, for an export alone."""

    def prolong() -> None:
        if path == EXPORT and not limit.expired():
            limit.reschedule(asyncio.get_running_loop().time() + seconds)

    return prolong


def content_type(headers: Iterable[Header]) -> bytes:
    values = [value for name, value in headers if name.lower() == b"content-type"]
    return values[0].split(b";")[0] if values else b""


def check_address(scope: Scope) -> None:
    """Raises BadRequest unless the address says one thing only: decoded anyway, several would come to the same id, and
    routes take a line's end for the address's.
    """
    path, query = scope.get("raw_path", b""), scope.get("query_string", b"")
    if BAD_ESCAPE.search(path + b"?" + query) or CONTROL.search(unquote_to_bytes(path)):
        raise BadRequest
    try:
        unquote_to_bytes(path + b"?" + query).decode()
    except UnicodeDecodeError:
        raise BadRequest from None


def read_request_id(headers: Iterable[Header]) -> bytes:
    """The client's id for this request if `GOOD_ID` allows it, else a new one."""
    given = dict(headers).get(REQUEST_ID, b"")
    return given if GOOD_ID.fullmatch(given) else uuid.uuid4().hex.encode()


def deadline(headers: Iterable[Header], limit: float) -> float:
    """The seconds that the client gives its request, `limit` at most. Raises DeadlineInvalid."""
    given = dict(headers).get(DEADLINE)
    if given is None:
        return limit
    if not GOOD_DEADLINE.fullmatch(given) or float(given) == 0:
        raise DeadlineInvalid
    return min(float(given), limit)


def without_steering(headers: Iterable[Header]) -> list[Header]:
    """Headers for the app: Serve takes `-` and `_` for the same."""
    plain = ((name, value, name.lower().replace(b"_", b"-")) for name, value in headers)
    return [
        (name, value)
        for name, value, key in plain
        if key not in STEERING and key != REQUEST_ID and not key.startswith(STEERING_PREFIX)
    ]
