"""An HTTP protocol for uvicorn that waits neither for ever nor for endless headers, and refuses in our words."""

import asyncio
import uuid
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from catalog.errors import CatalogError
from serving.errors import BadRequest, HeadersTooLarge, answer

# For the headers and the address that has arrived before them; at most one read of the socket more.
MOST_HEADER_BYTES = 65_536
# How long to go on reading from a client that is cut off while it sends, and may never see why otherwise.
LINGER_SECONDS = 1.0


class ImpatientProtocol(HttpToolsProtocol):
    """Closes a connection whose request line and headers are not complete within `header_timeout` seconds or have more
    than MOST_HEADER_BYTES, as uvicorn limits only the pause between two requests of one connection. The time limit
    belongs to the class, as uvicorn makes the instances.
    """

    header_timeout = 5.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        # A read that a message begins in may hold the body of the one before.
        self._header_bytes += len(data)
        super().data_received(data)
        if self._timer is not None and self._header_bytes > MOST_HEADER_BYTES:
            self._refuse(HeadersTooLarge())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes = 0
        self._start_timer()

    def on_headers_complete(self) -> None:
        self._stop_timer()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """For what is no HTTP."""
        self._refuse(BadRequest())

    def _should_upgrade(self) -> bool:
        """No: there are no WebSockets here, so what asks for one is a request like any other."""
        return False

    def _unsupported_upgrade_warning(self) -> None:
        pass

    def _refuse(self, error: CatalogError) -> None:
        self._refused = True
        self._stop_timer()
        status, _, body = answer(error)
        content = body.model_dump_json()
        lines = (
            f"HTTP/1.1 {status} Refused",
            "content-type: application/json",
            f"content-length: {len(content.encode())}",
            f"x-request-id: {uuid.uuid4().hex}",
            "connection: close",
        )
        self.transport.write("\r\n".join((*lines, "", content)).encode())
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self.header_timeout, self.transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
