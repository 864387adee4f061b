"""An HTTP protocol for uvicorn that waits neither for ever nor for endless headers or trailers, takes HTTP 1.0 and 1.1
only, and sends the service's own errors.
"""

import asyncio
import uuid
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from catalog.errors import CatalogError
from serving.error_responses import to_response
from serving.errors import BadRequest, HeadersTooLarge

# For the headers and the address that has arrived before them, and again for whatever follows a body's last byte; at
# most one read of the socket more.
MAX_HEADER_BYTES = 65_536
VERSIONS = ("1.0", "1.1")
# How long to go on reading from a client that is cut off while it sends, and may never see why otherwise.
LINGER_SECONDS = 1.0


class HeaderTimeoutProtocol(HttpToolsProtocol):
    """Closes a connection whose request line and headers are not complete within `header_timeout` seconds or have more
    than MAX_HEADER_BYTES, as uvicorn limits only the pause between two requests of one connection. The time limit
    belongs to the class, as uvicorn makes the instances.

    Trailers are dropped (RFC 9110, 6.5.1, lets a recipient do so): nothing here has a use for them, and uvicorn would
    take them for headers after the headers have been checked. They count as headers do.

    What follows a request on its connection and is refused is answered after that request. Blank lines between two
    requests, which uvicorn takes for a sign of life, begin the time of the next one's headers.
    """

    header_timeout = 5.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._refused: CatalogError | None = None
        self._running: RequestResponseCycle | None = None
        self._in_head = True
        self._in_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        # A read that a message begins in may hold the body of the one before.
        self._header_bytes += len(data)
        super().data_received(data)
        if self._header_bytes > MAX_HEADER_BYTES and not self._refused:
            self._refuse(HeadersTooLarge())
        elif not (self._in_body or self._timer or self._refused or self._is_answering):
            self._start_timer()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes = 0
        self._in_head = True
        self._start_timer()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Raises ValueError, which the parser passes on as an error of its own, for what is not HTTP 1.0 or 1.1."""
        self._stop_timer()
        self._in_head = False
        check_version(self.parser.get_http_version(), [value for name, value in self.headers if name == b"host"])
        super().on_headers_complete()
        self._in_body = True

    def on_body(self, body: bytes) -> None:
        self._header_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._header_bytes = 0
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._refused and not self._is_answering:
            self._send_refusal(self._refused)

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

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    @property
    def _is_answering(self) -> bool:
        """Whether a request that came whole is not answered yet."""
        running = self._running
        return bool(self.pipeline) or not (running is None or running.response_complete or running.disconnected)

    def _refuse(self, error: CatalogError) -> None:
        self._refused = error
        self._stop_timer()
        if self._in_body:
            answered = self.cycle.response_started
            self._abandon()
            if answered:
                return self.transport.close()
        if not self._is_answering:
            self._send_refusal(error)

    def _send_refusal(self, error: CatalogError) -> None:
        if self.transport.is_closing():
            return
        status, _, body = to_response(error)
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

    def _abandon(self) -> None:
        """The application is told that the client of the request whose body is coming has left, and answers no more."""
        if self.pipeline and self.pipeline[0][0] is self.cycle:
            self.pipeline.popleft()
        self.cycle.disconnected = True
        self.cycle.message_event.set()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self.header_timeout, self.transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def check_version(version: str, hosts: list[bytes]) -> None:
    """Raises ValueError. HTTP 1.1 needs exactly one Host (RFC 9112, 3.2): what a request is for must not be guessed."""
    if version not in VERSIONS or len(hosts) > 1 or (version == "1.1" and not hosts):
        raise ValueError(version)
