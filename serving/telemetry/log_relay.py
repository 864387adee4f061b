"""From the processes of Ray to the terminal of `shelflens serve`.

Ray writes what its processes print to files of its own, and repeats it on the terminal only with prefixes and
colours, which would spoil lines of JSON. So `serve` listens on a socket in a folder of its own, and every process
on this machine that finds its path in the environment sends its lines there. Without the socket (on a cluster:
`serve deploy`) lines go to the process's own stderr, which is a file in Ray's session folder, for the cluster's
collector of logs.
"""

import logging
import os
import socket
import socketserver
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

VARIABLE = "SHELFLENS_LOG_SOCKET"
# A terminal that does not take lines (it was paused, say) may hold a process up for so long, and once in AGAIN seconds.
SEND_SECONDS = 0.05
AGAIN_SECONDS = 5.0


class TerminalHandler(logging.Handler):
    """Writes each record to the socket of `shelflens serve` if there is one, else to this process's stderr."""

    def __init__(self) -> None:
        super().__init__()
        self._path = os.environ.get(VARIABLE)
        self._connection: socket.socket | None = None
        self._not_before = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
            if not (self._path and self._send(line.encode("utf-8", "replace") + b"\n")):
                print(line, file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        self._hang_up()
        super().close()

    def _send(self, line: bytes) -> bool:
        """Whether the line was taken. One of which only a part was sent is not shown, as the connection then ends."""
        if self._connection is None and time.monotonic() < self._not_before:
            return False
        try:
            if self._connection is None:
                self._connection = socket.socket(socket.AF_UNIX)
                self._connection.settimeout(SEND_SECONDS)
                self._connection.connect(str(self._path))
            self._connection.sendall(line)
        except OSError:
            self._hang_up()
            self._not_before = time.monotonic() + AGAIN_SECONDS
            return False
        return True

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Lines(socketserver.StreamRequestHandler):
    """Repeats whole lines on stderr until the process at the other end is gone."""

    def handle(self) -> None:
        assert isinstance(self.server, Server)
        self.server.connections.add(self.connection)
        for line in self.rfile:
            if line.endswith(b"\n"):
                sys.stderr.write(line.decode("utf-8", "replace"))
                sys.stderr.flush()
        self.server.connections.discard(self.connection)


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: str) -> None:
        super().__init__(path, Lines)
        self.connections: set[socket.socket] = set()

    def hang_up(self) -> None:
        """What is sent from now on goes to the senders' own stderr."""
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def lines_shown() -> Iterator[dict[str, str]]:
    """What processes of this service log is shown on this one's stderr. Gives the environment that tells them where,
    an empty one where there is no place for a socket.
    """
    with tempfile.TemporaryDirectory(prefix="shelflens-") as folder:
        path = Path(folder, "log")
        try:
            server = Server(str(path))
        except OSError:  # the path of the folder is too long for one
            yield {}
            return
        with server:
            thread = threading.Thread(target=server.serve_forever, name="log lines", daemon=True)
            thread.start()
            try:
                yield {VARIABLE: str(path)}
            finally:
                server.shutdown()
                server.hang_up()
                thread.join()
