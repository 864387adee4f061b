"""Bytes of a text file -> its lines, whatever ends them, holding no more than one at a time.

A line ends with LF, CR LF or CR. A line that is too long is cut and says so; the next one is intact.
"""

import codecs
from collections import deque
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from catalog.errors import CatalogError, FeedDamaged

CHUNK = 256 * 1024


class Line(NamedTuple):
    """number: from 1; data: UTF-8 with the line's end; cut: the rest was thrown away."""

    number: int
    data: bytes
    cut: bool = False


class Lines:
    """The lines of a stream that are not blank, with lines that were read too far put back in front.

    blank: the characters of which a blank line may be made.

    Raises FeedDamaged after more than `max_empty` blank lines one after another.
    """

    def __init__(self, stream: BinaryIO, limit: int, max_empty: int) -> None:
        self._lines = read_lines(stream, limit)
        self._returned: deque[Line] = deque()
        self._max_empty = max_empty
        self.blank = b" \t\r\n"

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        line = self._returned.popleft() if self._returned else next(self._lines)
        if line.data.strip(self.blank):
            return line
        for _ in range(self._max_empty):
            line = self.following()
            if line.data.strip(self.blank):
                return line
        raise FeedDamaged(f"The feed has more than {self._max_empty:,} empty lines one after another.")

    def following(self) -> Line:
        """The next line, also a blank one, as within a quoted cell. Raises StopIteration."""
        return self._returned.popleft() if self._returned else next(self._lines)

    def put_back(self, lines: Iterable[Line]) -> None:
        self._returned.extendleft(reversed(list(lines)))


def read_lines(stream: BinaryIO, limit: int) -> Iterator[Line]:
    """limit: bytes of a line."""
    number, parts, size, last = 1, list[bytes](), 0, b""
    for chunk in utf8(stream):
        for piece in chunk.splitlines(keepends=True):
            if not size and piece.endswith(b"\n") and len(piece) <= limit:  # by far the most
                yield Line(number, piece)
                number += 1
                continue
            # After a CR the line has ended, unless a new chunk brings its LF.
            if last == b"\r" and piece != b"\n":
                yield Line(number, b"".join(parts), size > limit)
                number, parts, size = number + 1, [], 0
            if size < limit:
                parts.append(piece[: limit - size])
            size, last = size + len(piece), piece[-1:]
            if last == b"\n":
                yield Line(number, b"".join(parts), size > limit)
                number, parts, size, last = number + 1, [], 0, b""
    if size:
        yield Line(number, b"".join(parts), size > limit)


def utf8(stream: BinaryIO) -> Iterator[bytes]:
    """Chunks without a byte order mark."""
    yield read_some(stream, CHUNK).removeprefix(codecs.BOM_UTF8)
    while chunk := read_some(stream, CHUNK):
        yield chunk


def read_some(stream: BinaryIO, size: int) -> bytes:
    """Raises FeedDamaged: what comes out of a zip may fail in a dozen ways, and a disk in one."""
    try:
        return stream.read(size)
    except (MemoryError, CatalogError):
        raise
    except Exception:
        raise FeedDamaged from None
