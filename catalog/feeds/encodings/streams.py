"""A feed's bytes -> UTF-8, decompressed, a chunk at a time."""

import codecs
import gzip
import io
from typing import BinaryIO, cast

from catalog.errors import FeedInvalid
from catalog.feeds.encodings.names import UTF8

CHUNK = 256 * 1024
GZIP = b"\x1f\x8b"
MAX_RATIO = 200  # unpacked over packed, as of zips
FREE = 16 * 1024 * 1024  # bytes that may unpack from whatever
UNREADABLE = "shelflens-unreadable"
# What cannot be decoded becomes invalid UTF-8, so that the reader of the line finds it, and only the line fails.
codecs.register_error(UNREADABLE, lambda error: ("\udcff", cast(UnicodeDecodeError, error).end))


class Transcoded(io.RawIOBase):
    """A stream of another encoding as UTF-8, without a byte order mark."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(UNREADABLE)
        self._held = b""
        self._begun = self._ended = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        while not self._ended and (size < 0 or len(self._held) < size):
            chunk = self._stream.read(CHUNK)
            self._ended = not chunk
            text = self._decoder.decode(chunk, final=not chunk)
            if text and not self._begun:
                text, self._begun = text.removeprefix("\ufeff"), True
            self._held += text.encode("utf-8", "surrogatepass")
        end = len(self._held) if size < 0 else size
        found, self._held = self._held[:end], self._held[end:]
        return found

    def close(self) -> None:
        self._stream.close()
        super().close()


class Gunzipped(io.RawIOBase):
    """What a stream of gzip holds. size: bytes that it has on the disk.

    Reading raises FeedInvalid for a bomb, and whatever `gzip` does.
    """

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._unpacked = gzip.GzipFile(fileobj=stream)
        self._limit = FREE + MAX_RATIO * size
        self._given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        found = self._unpacked.read(size)
        self._given += len(found)
        if self._given > self._limit:
            raise FeedInvalid(f"The feed decompresses to more than {MAX_RATIO} times its size.")
        return found

    def close(self) -> None:
        self._unpacked.close()
        self._stream.close()
        super().close()


def as_utf8(stream: BinaryIO, encoding: str) -> BinaryIO:
    return stream if encoding == UTF8 else cast(BinaryIO, Transcoded(stream, encoding))


def unpacked(stream: BinaryIO, size: int) -> BinaryIO:
    return cast(BinaryIO, Gunzipped(stream, size))
