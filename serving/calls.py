"""How an object is asked that may be elsewhere: `await call(method, *arguments)`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Call = Callable[..., Awaitable[Any]]


def in_threads(target: object) -> Call:
    """Calls synchronous methods, each in a thread of the event loop's executor."""

    async def call(method: str, *args: object, **options: object) -> Any:
        return await asyncio.to_thread(getattr(target, method), *args, **options)

    return call


def in_loop(target: object) -> Call:
    """Calls asynchronous methods of an object that lives in this event loop."""

    async def call(method: str, *args: object, **options: object) -> Any:
        return await getattr(target, method)(*args, **options)

    return call
