"""A file that is sent while it is written."""

import io
from typing import Any


class Outgoing(io.RawIOBase):
    """Keeps what is written to it until that is taken."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._written += data
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self._written)
        self._written.clear()
        return data
