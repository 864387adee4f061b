"""Large answers leave a replica of Ray Serve in pieces, and no faster than they are taken.

Serve passes on together whatever an application has sent since it looked last, and never makes it wait. Were the client
slow, that would be the whole of a large answer: in memory, and in one message between processes.
"""

import asyncio
from typing import Any

from starlette.types import Message, Send

PIECE = 1024 * 1024  # bytes


class Piece(bytes):
    """A part of an answer. `taken` is set when it is pickled, as Serve does when it passes it on."""

    taken: asyncio.Event

    def __reduce__(self) -> tuple[Any, ...]:
        self.taken.set()
        return bytes, (bytes(self),)


def in_pieces(send: Send) -> Send:
    """An ASGI `send` for one that belongs to Ray Serve: each piece but the last is waited for until it is taken."""

    async def send_in_pieces(message: Message) -> None:
        body = message.get("body", b"")
        more = message.get("more_body", False)
        if message["type"] != "http.response.body" or not (more or len(body) > PIECE):
            return await send(message)
        for start in range(0, max(1, len(body)), PIECE):
            piece = Piece(body[start : start + PIECE])
            piece.taken = asyncio.Event()
            going_on = more or start + PIECE < len(body)
            await send({**message, "body": piece, "more_body": going_on})
            if going_on:
                await piece.taken.wait()

    return send_in_pieces
