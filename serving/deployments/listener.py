"""The socket that clients connect to, kept by the process of `shelflens serve` and shared with the replicas.

A connection waits in the socket's queue until a replica takes it. As no replica owns the socket, one that is lost takes
no waiting client with it, and several take turns. A replica asks for it over a Unix socket for its user alone.
"""

import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from serving.errors import AddressInUse, ServiceNotStarted
from serving.settings.schema import Settings

PREFIX = "shelflens-http-"
BACKLOG = 2048  # connections that wait, as uvicorn's default
ASK_SECONDS = 10.0


class Listener:
    """Listens from its making on. Raises AddressInUse."""

    def __init__(self, settings: Settings) -> None:
        self._clients = bound(settings)
        self._clients.listen(BACKLOG)
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.path = self._folder / "s"  # short: the path of a socket may have 107 bytes
        self._replicas = socket.socket(socket.AF_UNIX)
        self._replicas.bind(str(self.path))
        self._replicas.listen()
        threading.Thread(target=self._hand_out, name="listener", daemon=True).start()

    def _hand_out(self) -> None:
        while True:
            try:
                replica, _ = self._replicas.accept()
            except OSError:  # closed
                return
            with replica, suppress(OSError):
                socket.send_fds(replica, [b"s"], [self._clients.fileno()])

    def close(self) -> None:
        with suppress(OSError):
            self._replicas.shutdown(socket.SHUT_RDWR)  # wakes the thread, which `close` would not
        self._replicas.close()
        self._clients.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def bound(settings: Settings) -> socket.socket:
    """Raises AddressInUse."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[
            0
        ]
        clients = socket.socket(family, kind, protocol)
        try:
            clients.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            clients.bind(address)
        except OSError:
            clients.close()
            raise
    except OSError:
        raise AddressInUse(
            f"{settings.host}, port {settings.port}, is not available to listen on. Is it in use?"
        ) from None
    return clients


def shared_socket(path: Path) -> socket.socket:
    """The socket of the `Listener` at this path, for a replica. Raises ServiceNotStarted if there is none any more."""
    try:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(ASK_SECONDS)
            asking.connect(str(path))
            _, descriptors, _, _ = socket.recv_fds(asking, 1, 1)
        return socket.socket(fileno=descriptors[0])
    except (OSError, IndexError):
        raise ServiceNotStarted("The process of `shelflens serve` has ended.") from None
