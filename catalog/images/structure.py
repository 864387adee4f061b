"""The cost of decoding an image, estimated from its structure before any pixel is decoded.

A progressive JPEG is decoded once for each of its scans, and Pillow does part of that in Python, so a file of a few
kilobytes can take minutes. Each format is scanned in a bounded number of steps, and an image of disproportionate cost
is refused. A damaged image passes: the decoder's error is more precise.
"""

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from catalog.errors import ImageCorrupt, ImageFormatUnsupported, ImageTooCostly

MAX_IMAGE_BYTES = 20 * 1024 * 1024  # of one image file, wherever it is read from
STRAY = 65_536  # bytes between the segments of a JPEG's header; Pillow takes 0.5 µs for each
FILL = bytes([0xFF]) * 1024 * 1024  # a run behind the header; libjpeg reads it anew for each 64 KB that arrive
FILLS = re.compile(rb"\xff+")
SEGMENTS = 1_000  # of a JPEG's header; a large colour profile takes 60
EXIF_BLOCKS = 64  # Pillow copies all those before for each
PHOTOSHOP_BLOCKS = 10_000
TABLE_BYTES = 16_384  # of quantization tables, which have 516 at most
PROFILES = 4  # in a PNG, each unpacked to a megabyte at most

# JPEG's markers (ITU-T T.81, table B.1).
START_OF_SCAN, QUANTIZATION, EXIF = 0xDA, 0xDB, 0xE1
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
ARITHMETIC = range(0xC9, 0xD0)
# PNG's colour types: how many samples a pixel has.
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


@dataclass(frozen=True)
class ImageLimits:
    """What an image may cost. Limits are inclusive: an image exactly at a limit is accepted.

    `max_aspect` is the longer side over the shorter. `max_scans` bounds the passes over a progressive JPEG, of which an
    encoder writes about ten, and `max_scan_blocks` the 8 x 8 blocks that they visit together, 40 ns each: ten passes
    over 40 megapixels visit nine million. `max_unpacked`: bytes of a PNG's pixels, 160 million for 40 megapixels with
    transparency. `max_reads`: how often Pillow may read from the file, which it does a few times for each chunk of a
    PNG or block of a GIF: 8,000 times for a PNG of 20 MB in the usual chunks of 8 KB.
    """

    max_bytes: int = MAX_IMAGE_BYTES
    max_pixels: int = 40_000_000
    min_side: int = 3
    max_side: int = 16_384
    max_aspect: int = 100
    max_scans: int = 200
    max_scan_blocks: int = 25_000_000
    max_unpacked: int = 200_000_000
    max_reads: int = 60_000


def check_jpeg(data: bytes, limits: ImageLimits) -> None:
    """Raises ImageTooCostly, ImageFormatUnsupported or ImageCorrupt."""
    header = JpegHeader(data)
    header.read()
    if data.count(b"8BIM", 0, header.end) > PHOTOSHOP_BLOCKS:
        raise ImageTooCostly("The JPEG has too many Photoshop blocks.")
    if data.find(FILL, header.end) >= 0:
        raise ImageTooCostly("The JPEG has a megabyte of fill bytes.")
    check_scans(data, header, limits)


class JpegHeader:
    """All before the first scan, which Pillow reads in Python. blocks: component -> its 8 x 8 blocks; end: where the
    scan starts, or the data ends.
    """

    def __init__(self, data: bytes) -> None:
        self.data, self.end = data, len(data)
        self.blocks: dict[int, int] = {}
        self.stray = self.exif = self.tables = 0

    def read(self) -> None:
        position = 2
        for _ in range(SEGMENTS):
            marker, start = self._next_marker(position)
            if self.stray > STRAY:
                raise ImageTooCostly(f"The JPEG's header has more than {STRAY:,} bytes between its segments.")
            if marker in (0, START_OF_SCAN):
                self.end = start
                return
            # Without a length: what stands alone, and what decoders do not know.
            alone = marker < 0xC0 or 0xD0 <= marker <= 0xD9
            position = start + 2 if alone else self._read_segment(marker, start + 2)
        raise ImageTooCostly(f"The JPEG's header has more than {SEGMENTS:,} segments.")

    def _next_marker(self, position: int) -> tuple[int, int]:
        """-> the marker's code, 0 at the end of the data, and where it starts."""
        begin = position
        while True:
            first = self.data.find(b"\xff", position)
            run = FILLS.match(self.data, first) if first >= 0 else None
            if run is None or run.end() == len(self.data):
                self.stray += len(self.data) - begin
                return 0, len(self.data)
            self.stray += run.end() - 1 - begin
            begin, position = run.end() - 1, run.end()
            if self.data[position] or self.stray > STRAY:  # 0xFF00 is no marker
                return self.data[position], begin

    def _read_segment(self, marker: int, start: int) -> int:
        """-> where the next one starts."""
        length = max(2, int.from_bytes(self.data[start : start + 2], "big"))
        body = self.data[start + 2 : start + length]
        if marker in FRAMES:
            self._read_frame(marker, body)
        self.exif += marker == EXIF and body.startswith(b"Exif")
        self.tables += length if marker == QUANTIZATION else 0
        if self.exif > EXIF_BLOCKS or self.tables > TABLE_BYTES:
            raise ImageTooCostly("The JPEG's header repeats its EXIF or its tables too often.")
        return start + length

    def _read_frame(self, marker: int, frame: bytes) -> None:
        """The components and how finely each is sampled (ITU-T T.81, B.2.2)."""
        if self.blocks or len(frame) < 6 or len(frame) != 6 + 3 * frame[5]:
            raise ImageCorrupt
        if marker in ARITHMETIC:
            raise ImageFormatUnsupported("The file is a JPEG with arithmetic coding, which is not supported.")
        height, width = struct.unpack_from(">HH", frame, 1)
        sampling = {frame[at]: (frame[at + 1] >> 4, frame[at + 1] & 15) for at in range(6, len(frame), 3)}
        across, down = (max((one[side] for one in sampling.values()), default=1) or 1 for side in (0, 1))
        for component, (h, v) in sampling.items():
            self.blocks[component] = -(-width * h // (8 * across)) * -(-height * v // (8 * down))


def check_scans(data: bytes, header: JpegHeader, limits: ImageLimits) -> None:
    """Every start of a scan counts, wherever it stands behind the header: coded data escapes 0xFF, so none is missed,
    and no segment can hide one from us that the decoder would find.
    """
    scans = data.count(b"\xff\xda", header.end)
    if scans > limits.max_scans:
        raise ImageTooCostly(f"The JPEG is split into {scans} scans; the limit is {limits.max_scans}.")
    named = [component for components, _ in scans_of(data, header) for component in components]
    visited = sum(header.blocks.get(component, 0) for component in named)
    if visited > limits.max_scan_blocks:
        raise ImageTooCostly(
            f"The JPEG's {scans} scans go through {visited:,} blocks; the limit is {limits.max_scan_blocks:,}."
        )


def scans_of(data: bytes, header: JpegHeader) -> Iterator[tuple[bytes, bytes]]:
    """For each scan its components, and which coefficients of them it holds to which bit: Ss, Se, Ah and Al of T.81."""
    at = data.find(b"\xff\xda", header.end)
    while at >= 0:
        count = min(data[at + 4], 4) if at + 4 < len(data) else 0
        behind = at + 5 + 2 * count
        yield data[at + 5 : behind : 2], data[behind : behind + 3]
        at = data.find(b"\xff\xda", at + 2)


def lacks_scans(data: bytes) -> bool:
    """Whether a JPEG ends before its last scan begins: a coefficient has not come to its last bit."""
    header = JpegHeader(data)
    header.read()
    lacking = {(component, number) for component in header.blocks for number in range(64)}
    for components, held in scans_of(data, header):
        if len(held) == 3 and not held[2] & 15:
            lacking -= {(component, number) for component in components for number in range(held[0], held[1] + 1)}
    return bool(lacking)


def check_png(data: bytes, limits: ImageLimits) -> None:
    """How many chunks there are is counted while they are read. Raises ImageTooCostly."""
    position, profiles = 8, 0
    for _ in range(limits.max_reads):
        length, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        if len(kind) < 4 or kind == b"IEND":
            return
        if kind == b"IHDR":
            check_unpacked(data[position + 8 : position + 18], limits)
        profiles += kind == b"iCCP"
        if profiles > PROFILES:
            raise ImageTooCostly(f"The PNG has more than {PROFILES} colour profiles.")
        position += 12 + length


def check_unpacked(header: bytes, limits: ImageLimits) -> None:
    if len(header) < 10:
        return
    width, height, depth, colour = struct.unpack(">IIBB", header)
    unpacked = height * (1 + (width * depth * SAMPLES.get(colour, 4) + 7) // 8)
    if width * height <= limits.max_pixels and unpacked > limits.max_unpacked:
        raise ImageTooCostly(f"The PNG's pixels have {unpacked:,} bytes; the limit is {limits.max_unpacked:,}.")


def check_bmp(data: bytes, limits: ImageLimits) -> None:
    """A BMP of 26 KB with run lengths took 5 s: Pillow expands them in Python. Raises ImageFormatUnsupported."""
    if data[14] != 12 and data[30:34] in (b"\1\0\0\0", b"\2\0\0\0"):
        raise ImageFormatUnsupported("The file is a run-length compressed BMP, which is not supported.")


CHECKS: dict[bytes, Callable[[bytes, ImageLimits], None]] = {
    b"\xff\xd8\xff": check_jpeg,
    b"\x89PNG": check_png,
    b"BM": check_bmp,
}


def check_structure(data: bytes, limits: ImageLimits) -> None:
    """Raises ImageTooCostly, ImageFormatUnsupported or ImageCorrupt. Of a WebP or a GIF there is nothing to look at:
    libwebp reads the one in a fraction of a second, and for the other it is enough to count how often Pillow reads.
    """
    for start, check in CHECKS.items():
        if data.startswith(start):
            check(data, limits)
