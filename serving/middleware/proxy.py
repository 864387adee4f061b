"""Middleware of the process that clients reach, behind the request guard: the body was read, no work was done yet."""

import asyncio
from contextlib import ExitStack
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import ModelNotReady, Overloaded
from serving.middleware.concurrency import ConcurrencyLimit
from serving.middleware.early_response import send_error
from serving.middleware.guard import content_type

# A proxy that has just started knows the application after a moment; without an application it never does.
UNKNOWN_SECONDS, AGAIN_SECONDS = 10.0, 0.02


class ConcurrencyLimitMiddleware:
    """ASGI middleware, behind the one that reads the body: a client that sends slowly takes no place. GET, HEAD and
    OPTIONS are not limited, so that products can be read and the service watched while it is full.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.concurrency = ConcurrencyLimit(limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return await self.app(scope, receive, send)
        with ExitStack() as place:
            try:
                place.enter_context(self.concurrency.admitted())
            except Overloaded as error:
                return await send_error(error, send)

            async def send_then_leave(message: Message) -> None:
                if message["type"] == "http.response.body" and not message.get("more_body", False):
                    place.close()  # Serve goes on for a while, but a client that has its answer may ask again
                await send(message)

            await self.app(scope, receive, send_then_leave)


class RetryUntilRoutedMiddleware:
    """ASGI middleware of Ray Serve's proxy: asks again while Serve says that there is no application, which it says for
    a moment after its proxy has started. The application itself says nothing that is not JSON when it has not found
    something.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        deadline = monotonic() + UNKNOWN_SECONDS
        while not await self._asked(scope, receive, send):
            if monotonic() > deadline:
                return await send_error(ModelNotReady(), send)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _asked(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether there is an application. Serve reads nothing of a request that it has none for."""
        unknown = False

        async def send_what_is_ours(message: Message) -> None:
            nonlocal unknown
            if message["type"] == "http.response.start" and message["status"] == 404:
                unknown = content_type(message.get("headers", ())) != b"application/json"
            if not unknown:
                await send(message)

        await self.app(dict(scope), receive, send_what_is_ours)
        return not unknown
