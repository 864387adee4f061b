"""A feed's lines as the bytes that they are, each beside its text, numbered as `catalog.feeds.formats.lines` does."""

import codecs
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from catalog.errors import FeedEncodingInvalid
from catalog.feeds.encodings.streams import as_utf8
from catalog.feeds.formats.lines import read_lines, read_some

# Those in which an end of line is no part of any other character; of others a line is encoded anew.
PLAIN = '\r\n,;\t|^" aAzZ09'
SHIFTING = ("iso2022", "iso-2022", "hz")
MARKS: dict[str, tuple[bytes, ...]] = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}


class RawLine(NamedTuple):
    """text: what it says, with its end; what is not valid stands in it as surrogates."""

    number: int
    data: bytes
    text: str


class RawLines:
    """mark: the byte order mark in front of the first line; encoding: of text that is put between."""

    def __init__(self, open_bytes: Callable[[], BinaryIO], encoding: str) -> None:
        """open_bytes: the feed's own bytes, decompressed. Raises FeedEncodingInvalid."""
        self._open = open_bytes
        with open_bytes() as stream:
            head = read_some(stream, 4)
        self._wide = encoding.startswith(tuple(MARKS))
        little_and_big = MARKS.get(encoding[:6], ())
        marks = little_and_big or (codecs.BOM_UTF8,)
        self.mark = next((mark for mark in marks if head.startswith(mark)), b"")
        big = encoding.endswith("be") or self.mark in little_and_big[1:]
        self.encoding = f"{encoding[:6]}-{'be' if big else 'le'}" if self._wide else encoding
        if not self._wide and (encoding.startswith(SHIFTING) or PLAIN.encode(encoding) != PLAIN.encode()):
            raise FeedEncodingInvalid(f"A feed in {encoding} cannot be written again. Save it as UTF-8.")

    def __iter__(self) -> Iterator[RawLine]:
        """Raises FeedDamaged, FeedEncodingInvalid."""
        with self._open() as stream:
            if self._wide:
                yield from self._encoded_anew(stream)
                return
            for line in read_lines(stream, sys.maxsize):
                yield RawLine(line.number, line.data, line.data.decode(self.encoding, "surrogateescape"))

    def _encoded_anew(self, stream: BinaryIO) -> Iterator[RawLine]:
        """An encoding of fixed units says each text in one way only."""
        for line in read_lines(as_utf8(stream, self.encoding), sys.maxsize):
            text = line.data.decode("utf-8", "surrogatepass")
            try:
                yield RawLine(line.number, text.encode(self.encoding), text)
            except UnicodeEncodeError:
                raise FeedEncodingInvalid(
                    f"Line {line.number:,} of the feed is not valid {self.encoding}, so it cannot be written again."
                ) from None
