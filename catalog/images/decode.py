"""Untrusted bytes -> RGB image.

The steps of `decode`, in order: limit the bytes, detect the format from the first bytes, estimate the cost of decoding
(`catalog.images.structure`), read the header, check the declared size, load the first frame, apply the EXIF
orientation, flatten to RGB.

Pillow's format classes are used directly. `Image.open` would try dozens of formats, follow the other images of a
multi-picture JPEG, and issue a process-wide warning for a huge one before its size is known.
"""

import io
import struct
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import TypeVar

import numpy as np
from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from catalog.errors import (
    CatalogError,
    ImageAspectOutOfRange,
    ImageCorrupt,
    ImageEmpty,
    ImageFormatUnsupported,
    ImageSideOutOfRange,
    ImageTooCostly,
    ImageTooManyBytes,
    ImageTooManyPixels,
)
from catalog.images.structure import ImageLimits, check_structure, lacks_scans

# The sizes a BMP's second header may have. "BM" alone would take any text that starts with those two letters.
BMP_HEADER_SIZES = frozenset(struct.pack("<I", size) for size in (12, 40, 52, 56, 64, 108, 124))

# EXIF 2.32, table 6: orientation as stored -> what turns the image upright. 1 is upright already.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ORIENTATION_TAG = 0x0112
LIMITS = ImageLimits()
END_OF_IMAGE = b"\xff\xd9"
# Read after the end of a JPEG that is cut, it becomes blocks unlike those that libjpeg makes up.
NOISE = bytes((37 * i * i + 11 * i + 5) % 251 for i in range(4_096))
# An image with more pixels is decoded alone: a WebP of 38 bytes with 40 megapixels takes 600 MB meanwhile, a PNG 300.
LARGE_PIXELS = 12_000_000
LARGE = threading.Lock()
MISSING = 1 / 8  # the share of a JPEG's pixels that may be missing at its end, as browsers show it
Loaded = TypeVar("Loaded", bound=ImageFile.ImageFile)


def decode(
    data: bytes,
    limits: ImageLimits = LIMITS,
    size_hint: int | None = None,
    check: Callable[[], None] = lambda: None,
) -> Image.Image:
    """Decode the first frame of a JPEG, PNG, WebP, GIF or BMP into a plain RGB image without metadata.

    Transparent parts become white, 16-bit samples are scaled to 8 bits, EXIF orientation is applied. With `size_hint`
    (pixels, at least 1) a JPEG may come back at 1/2, 1/4 or 1/8 of its size, much faster, but never with a side below
    `size_hint` that was not below it already. A JPEG or PNG may lack what comes after its pixels, a JPEG also a few of
    these. check: called before each 64 KB of the file, and raises the CatalogError that is to end the work.

    Raises a subclass of ImageInvalid whatever the bytes are. MemoryError passes through: that is the machine's state,
    not the image's fault. Safe to call from many threads: no process-wide setting is changed.
    """
    return decode_sized(data, limits, size_hint, check)[0]


def decode_sized(
    data: bytes,
    limits: ImageLimits = LIMITS,
    size_hint: int | None = None,
    check: Callable[[], None] = lambda: None,
) -> tuple[Image.Image, tuple[int, int]]:
    """The same, and the size in pixels that the file has."""
    assert size_hint is None or size_hint >= 1
    if not data:
        raise ImageEmpty
    if len(data) > limits.max_bytes:
        raise ImageTooManyBytes(f"The image file has {len(data):,} bytes; the limit is {limits.max_bytes:,}.")
    reader = recognise(data)
    check_structure(data, limits)
    if reader is JpegReader:
        data = data.rstrip(b"\xff")  # half a marker, if anything
    try:
        opened = reader(WholeFile(data, limits.max_reads, check))
        size = opened.size
        image = load(opened, limits, size_hint)
        if isinstance(image, JpegReader) and image.is_cut:
            other = JpegReader(WholeFile(data, limits.max_reads, check), unlike_ending(data))
            check_complete(data, image, load(other, limits, size_hint))
        return upright(flatten(image), orientation(image.info.get("exif"))), size
    except (CatalogError, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        # WebP and GIF apply Pillow's own, higher limit while their headers are read, before ours sees the size.
        raise ImageTooManyPixels from None
    except Exception:
        # Pillow's parsers fail with whatever the bytes made them trip over; no list of types would be complete.
        raise ImageCorrupt from None


def load(image: Loaded, limits: ImageLimits, size_hint: int | None) -> Loaded:
    check_size(*image.size, limits)
    if size_hint is not None:
        image.draft(None, (size_hint, size_hint))
    with LARGE if image.width * image.height > LARGE_PIXELS else nullcontext():
        image.load()
    return image


class WholeFile(io.BytesIO):
    """Bytes that fail when read past their end, so that a truncated image is noticed whatever
    `ImageFile.LOAD_TRUNCATED_IMAGES`, which any library in the process may set, says. They also fail when read too
    often, and whenever `check` does.
    """

    def __init__(self, data: bytes, max_reads: int, check: Callable[[], None]) -> None:
        super().__init__(data)
        self._left, self._check = max_reads, check

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise ImageTooCostly("The image file is split into too many small blocks.")
        self._check()
        chunk = super().read(size)
        if not chunk and size is not None and size > 0:
            raise EOFError
        return chunk


class JpegReader(JpegImageFile):
    """A JPEG whose EXIF is not parsed on opening. Pillow does so only to learn the dots per inch, which nobody here
    needs, and warns about each flaw: flawed EXIF is common in good photos.

    Where the file ends too early, `ending` is read in place of the rest, and is_cut says so.
    """

    def __init__(self, file: WholeFile, ending: bytes = END_OF_IMAGE) -> None:
        self.ending, self.is_cut = ending, False
        super().__init__(file)
        self.height_in_file = self.height

    def load_read(self, read_bytes: int) -> bytes:
        try:
            return self.fp.read(read_bytes) if self.fp else b""
        except EOFError:
            if self.is_cut:
                raise
            self.is_cut = True
            return self.ending

    def _read_dpi_from_exif(self) -> None:
        pass

    @property
    def block_height(self) -> int:
        """Rows of the loaded image that are coded together."""
        sampling = max((down for _, _, down, _ in self.layer), default=1)
        return -(-8 * sampling * self.height // self.height_in_file)


class PngReader(PngImageFile):
    """A PNG that may end with its last pixel: Pillow reads on for texts."""

    def load_end(self) -> None:
        with suppress(EOFError):
            super().load_end()


def unlike_ending(data: bytes) -> bytes:
    """Noise, also behind the restart marker that libjpeg may be looking for."""
    last = max(data.rfind(bytes((0xFF, marker))) for marker in range(0xD0, 0xD8))
    restart = 0xD0 if last < 0 else 0xD0 + (data[last + 1] + 1) % 8
    return NOISE + bytes((0xFF, restart)) + NOISE + END_OF_IMAGE


def check_complete(data: bytes, image: JpegReader, other: JpegReader) -> None:
    """Raises ImageCorrupt for a JPEG that lacks more than its end. image, other: the same file read with two endings,
    which only what the file itself does not hold depends on: from the first difference on, blocks are missing.
    """
    if lacks_scans(data):
        raise ImageCorrupt
    differs_HW = (np.asarray(image) != np.asarray(other)).reshape(image.height, image.width, -1).any(-1)
    if not differs_HW.any():
        return
    top = int(differs_HW.any(1).argmax())
    band = differs_HW[top : top + image.block_height]
    left = int(band.any(0).argmax())
    below = image.height - top - len(band)
    if len(band) * (image.width - left) + below * image.width > MISSING * differs_HW.size:
        raise ImageCorrupt


def recognise(data: bytes) -> type[ImageFile.ImageFile]:
    """The reader for the format that the first bytes declare; file names are never trusted."""
    if data.startswith(b"\xff\xd8\xff"):
        return JpegReader
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngReader
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WebPImageFile
    if data.startswith((b"GIF87a", b"GIF89a")):
        return GifImageFile
    if data.startswith(b"BM") and data[14:18] in BMP_HEADER_SIZES:
        return BmpImageFile
    raise ImageFormatUnsupported


def check_size(width: int, height: int, limits: ImageLimits) -> None:
    """Refuse by the declared size in pixels, before any pixel is decoded."""
    if width * height > limits.max_pixels:
        megapixels = width * height / 1e6
        raise ImageTooManyPixels(
            f"The image has {megapixels:.1f} megapixels ({width} x {height}); the limit is {limits.max_pixels / 1e6:g}."
        )
    short, long = sorted((width, height))
    if short < limits.min_side or long > limits.max_side:
        raise ImageSideOutOfRange(
            f"The image is {width} x {height} pixels; each side must have {limits.min_side} to {limits.max_side}."
        )
    if long > limits.max_aspect * short:
        raise ImageAspectOutOfRange(
            f"The image is {width} x {height} pixels, {long / short:.1f} times as long as it is narrow; "
            f"the limit is {limits.max_aspect}."
        )


def flatten(image: Image.Image) -> Image.Image:
    """Any mode -> RGB without metadata: transparent parts over white, 16-bit grey scaled to 8."""
    if image.mode.startswith("I"):
        image = scale_to_8_bits(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        flat = Image.new("RGB", image.size, "white")
        flat.paste(rgba, mask=rgba)
    else:
        flat = image.convert("RGB")
    flat.info.clear()
    return flat


def scale_to_8_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits -> L, or LA if one grey is declared transparent. Pillow's own conversion clips at 255."""
    values_HW = np.asarray(image)
    # round(value / 257), as 65535 = 255 * 257, in arithmetic that cannot overflow 16 bits.
    grey = Image.fromarray((values_HW // 257 + (values_HW % 257 > 128)).astype(np.uint8))
    if "transparency" in image.info:
        opaque_HW = values_HW != image.info["transparency"]
        grey.putalpha(Image.fromarray(opaque_HW.astype(np.uint8) * 255))
    return grey


def orientation(exif: object) -> int:
    """The orientation, 1 to 8, that an EXIF block declares; 1 if it is absent or unreadable.

    Pillow's parser reads every tag and warns of each flaw; only this one matters here, and flawed metadata is no
    reason to refuse an image. The block is a TIFF header and a list of 12-byte entries (EXIF 2.32, 4.6).
    """
    if not isinstance(exif, bytes):
        return 1
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, _type, _count, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == ORIENTATION_TAG:
                return int(value)
    except struct.error:
        pass
    return 1


def upright(image: Image.Image, stored: int) -> Image.Image:
    """Turn an image upright given its stored EXIF orientation. Unknown values change nothing."""
    turn = UPRIGHT.get(stored)
    return image if turn is None else image.transpose(turn)
