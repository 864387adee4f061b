"""An answer given before the request's body has been read, to a client that may still be sending it."""

import asyncio
from collections.abc import Iterable

from starlette.types import Receive, Scope, Send

from catalog.errors import CatalogError
from serving.error_responses import to_response

Header = tuple[bytes, bytes]

LINGER_SECONDS = 2.0
# A body of at most so many bytes is waited for and thrown away, as its connection can then be used again.
SMALL_BYTES = 65_536


async def send_error(
    error: CatalogError, send: Send, headers: Iterable[Header] = (), linger: Receive | None = None, close: bool = False
) -> None:
    """Answer with an error. linger: go on reading for a while, as a client that is cut off while it sends may never
    see why. close: the connection ends with the answer.
    """
    status, extra, body = to_response(error)
    content = body.model_dump_json().encode()
    sent = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        *headers,
        *((name.lower().encode(), value.encode()) for name, value in extra.items()),
    ]
    if close:
        sent.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": content, "more_body": linger is not None})
    if linger is not None:
        await discard(linger)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def reject_unread(error: CatalogError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with an error instead of reading the body, whatever its size and however slowly it comes."""
    headers = dict(scope["headers"])
    declared = headers.get(b"content-length", b"0")
    if b"transfer-encoding" in headers or not declared.isdigit() or int(declared) > SMALL_BYTES:
        return await send_error(error, send, linger=receive, close=True)
    there = int(declared) == 0 or await discard(receive)
    await send_error(error, send, close=not there)


async def discard(receive: Receive) -> bool:
    """Read and forget until the body ends, the client leaves, or LINGER_SECONDS have passed. Whether it ended."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while (message := await receive())["type"] == "http.request":
                if not message.get("more_body", False):
                    return True
    except TimeoutError:
        pass
    return False
