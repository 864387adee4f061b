"""Which encoding a feed's text has, judged over the whole file: the first foreign byte may come late.

What a byte order mark or an XML declaration says is believed where the bytes allow it. Bytes that are UTF-8 but for a
few lines are UTF-8. Of the others the encoding is taken in which they read as a language (`languages`); where two
readings are about as likely, the feed is refused, and both are named.
"""

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from catalog.errors import CatalogError, FeedEncodingInvalid
from catalog.feeds.encodings.languages import Reading, readings
from catalog.feeds.encodings.names import UTF8, declared_encoding

CHUNK = 1024 * 1024
ENOUGH = 512 * 1024  # bytes of lines that are not ASCII
JUDGED = 48 * 1024  # of them, bytes that are read in every encoding
LONGEST = 64 * 1024  # of a line
FEW = 4  # bytes that are no UTF-8 in a single line may be that line's fault
MARGIN = 7.0  # of log-likelihood: the second reading is a thousand times less likely
STRANGE = 0.1  # the most characters of a reading that its language does not have
MARKS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass
class Sample:
    """Lines that are not ASCII. valid: those that are UTF-8; lines: those that are not; size: their bytes."""

    valid: list[bytes] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, line: bytes) -> None:
        if line.isascii():
            return
        self.size += len(line)
        if is_utf8(line):
            self.valid.append(line)
        else:
            self.lines.append(line)

    @property
    def foreign(self) -> int:
        """Bytes that are not ASCII, in lines that are not UTF-8."""
        return sum(byte > 0x7F for line in self.lines[:FEW] for byte in line)


def encoding_of(open_bytes: Callable[[], BinaryIO]) -> str:
    """Raises FeedEncodingInvalid where it is not certain."""
    with open_bytes() as stream:
        head = read(stream)
        marked = next((encoding for mark, encoding in MARKS if head.startswith(mark)), None)
        if marked or (marked := without_mark(head)):
            return marked
        sample = sampled(stream, head)
    declared = declared_encoding(head)
    if declared in (None, UTF8) or not reads(sample.lines, declared):
        return judged(sample)
    # A declaration that is older than a file's conversion to UTF-8 is common; chance makes UTF-8 of no two lines.
    return UTF8 if len(sample.valid) > 1 and not sample.lines else declared


def without_mark(head: bytes) -> str | None:
    """UTF-16 and UTF-32 without a byte order mark: all ASCII in them comes with zeros in the same places."""
    part = head[: 4 * 1024 - len(head) % 4] if len(head) >= 4 * 1024 else head[: len(head) // 4 * 4]
    zeros = [part[place::4].count(0) for place in range(4)]
    units = len(part) // 4
    if not units or sum(zeros) < units // 4 or b"\0\0\0\0" in part:
        return None
    for encoding, full in (("utf-32-le", (3, 2)), ("utf-32-be", (0, 1))):
        if all(zeros[place] == units for place in full):
            return encoding
    low, high = zeros[0] + zeros[2], zeros[1] + zeros[3]
    found = "utf-16-le" if high > 20 * low else "utf-16-be" if low > 20 * high else None
    return found if found and reads([part], found) else None


def reads(lines: list[bytes], encoding: str | None) -> bool:
    try:
        return bool(encoding) and all(line.decode(encoding or UTF8) is not None for line in lines)
    except UnicodeDecodeError:
        return False


def sampled(stream: BinaryIO, head: bytes) -> Sample:
    found, rest, chunk = Sample(), b"", head
    while chunk and found.size < ENOUGH:
        if chunk.isascii() and rest.isascii():
            rest = chunk[chunk.rfind(b"\n") + 1 :][-LONGEST:]
        else:
            *lines, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
            for line in lines:
                found.add(line[:LONGEST] if line[:LONGEST].isascii() or len(line) <= LONGEST else whole(line))
            rest = rest if len(rest) <= CHUNK else rest[-LONGEST:]
        chunk = read(stream)
    found.add(whole(rest))
    return found


def whole(line: bytes) -> bytes:
    """The beginning of a long line, up to a place where no character is cut."""
    if len(line) <= LONGEST:
        return line
    end = next((place for place in range(LONGEST, 0, -1) if line[place] < 0x40), 0)
    return line[:end]


def read(stream: BinaryIO) -> bytes:
    """Nothing where the file is damaged: whoever reads its rows says so."""
    try:
        return stream.read(CHUNK)
    except (MemoryError, CatalogError):
        raise
    except Exception:
        return b""


def judged(sample: Sample) -> str:
    """Raises FeedEncodingInvalid."""
    wrong, valid = len(sample.lines), len(sample.valid)
    if 2 * valid > wrong or not wrong or (wrong < 2 and sample.foreign < FEW):
        return UTF8
    found = readings(spread(sample.lines))
    best = next(iter(found), None)
    if best is None or best.strange > STRANGE:
        raise FeedEncodingInvalid(uncertain(found[:3]))
    near = [reading for reading in found if reading.score > best.score - MARGIN]
    if len(near) > 1:
        raise FeedEncodingInvalid(uncertain(near[:4]))
    if valid and strange_in(sample.valid, best.encoding):
        return UTF8
    return best.encoding


def strange_in(lines: list[bytes], encoding: str) -> bool:
    """Whether lines that are UTF-8 make no sense in this encoding, so that they are not so by chance."""
    return not any(reading.encoding == encoding and reading.strange <= STRANGE for reading in readings(spread(lines)))


def spread(lines: list[bytes]) -> bytes:
    """Lines from all over the sample."""
    step = max(1, sum(map(len, lines)) // JUDGED)
    return b"\n".join(lines[::step])[: 4 * JUDGED] if step == 1 else b"\n".join(lines[::step])


def uncertain(found: list[Reading]) -> str:
    names = " or ".join(reading.encoding for reading in found)
    told = f"It may be {names}: name it (--encoding), or save" if names else "Name it (--encoding), or save"
    return f'The feed is not UTF-8, and its encoding is not certain. {told} the feed as UTF-8; in Excel "CSV UTF-8".'


def is_utf8(line: bytes) -> bool:
    try:
        return bool(line.decode())
    except UnicodeDecodeError:
        return False
