"""Pictures that would cost far more to decode than their size says, made in code, and ordinary ones of that size."""

import struct
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image

from tests.support.malformed.images import chunk, encode, plain, png, speckled

GREY_JPEG = encode(plain("L", (128,), 64, 64), "JPEG")
GREY_GIF = encode(plain("P", (0,), 8, 8), "GIF")


def segment(marker: int, body: bytes = b"") -> bytes:
    """A segment of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def in_header(piece: bytes, size: int) -> bytes:
    """A JPEG with the piece repeated behind its first two bytes, `size` bytes in all."""
    return GREY_JPEG[:2] + piece * (size // len(piece)) + GREY_JPEG[2:]


def behind_scan(piece: bytes) -> bytes:
    return GREY_JPEG[:-2] + piece + GREY_JPEG[-2:]


def repeated_scan(width: int, height: int, scans: int) -> bytes:
    """A grey progressive JPEG with its last scan, which refines nothing, repeated."""
    data = encode(Image.new("L", (width, height), 128), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * scans + data[-2:]


def png_with(before: bytes = b"", behind: bytes = b"") -> bytes:
    """A PNG with chunks before and behind its pixels."""
    pixels = zlib.compress((b"\0" + bytes(8)) * 8)
    return png(8, 8, 8, 0, pixels, before=(before,)).replace(chunk(b"IEND", b""), behind + chunk(b"IEND", b""))


def gif_with(blocks: bytes) -> bytes:
    """A GIF with blocks before its first frame."""
    start = 13 + (3 << ((GREY_GIF[10] & 7) + 1) if GREY_GIF[10] & 0x80 else 0)
    return GREY_GIF[:start] + blocks + GREY_GIF[start:]


def deep_png(width: int, height: int) -> bytes:
    """A PNG of 8 bytes a pixel."""
    squeeze, row = zlib.compressobj(1), bytes(1 + 8 * width)
    return png(width, height, 16, 6, b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush())


def costly_images() -> dict[str, Callable[[], bytes]]:
    """Each a kind that was measured to cost seconds at 20 MB, here as small as the limits allow."""
    exif, profile = b"Exif\0\0" + bytes(64), chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1000)))
    resource = b"8BIM" + struct.pack(">HBBI", 1, 0, 0, 0)
    return {
        "fill_bytes": lambda: in_header(b"\xff", 70_000),
        "escaped_fill_bytes": lambda: in_header(b"\xff\0", 140_000),
        "stray_bytes": lambda: GREY_JPEG[:2] + segment(0xFE) + bytes(70_000) + GREY_JPEG[2:],
        "fill_bytes_behind_an_end": lambda: GREY_JPEG[:2] + b"\xff\xd9" + b"\xff" * 70_000 + GREY_JPEG[2:],
        "fill_bytes_behind_the_scan": lambda: behind_scan(b"\xff" * 1_100_000),
        "restarts": lambda: in_header(b"\xff\xd0", 140_000),
        "comments": lambda: in_header(segment(0xFE), 8_000),
        "applications": lambda: in_header(segment(0xE5, b"x"), 8_000),
        "exif_again_and_again": lambda: in_header(segment(0xE1, exif), 74 * 80),
        "quantization_tables": lambda: in_header(segment(0xDB, (b"\0" + b"\1" * 64) * 1000), 65_004),
        "photoshop": lambda: in_header(segment(0xED, b"Photoshop 3.0\0" + resource * 5_000), 4 * 60_018),
        "scans": lambda: repeated_scan(8, 8, 201),
        "scans_of_many_blocks": lambda: repeated_scan(3_200, 3_200, 160),
        "scan_hidden_in_a_comment": lambda: behind_scan(segment(0xFE, b"\xff\xda" * 201)),
        "empty_png_chunks": lambda: png_with(chunk(b"teSt", b"") * 30_000),
        "empty_png_chunks_at_the_end": lambda: png_with(b"", chunk(b"teSt", b"") * 30_000),
        "empty_pixel_chunks": lambda: png_with(chunk(b"IDAT", b"") * 30_000),
        "png_texts": lambda: png_with(b"".join(chunk(b"tEXt", b"k%d\0" % number) for number in range(30_000))),
        "png_profiles": lambda: png_with(profile * 5),
        "png_of_8_bytes_a_pixel": lambda: deep_png(6_000, 5_000),
        "gif_comments": lambda: gif_with(b"!\xfe\0" * 30_000),
        "gif_blocks": lambda: gif_with(b"!\xfe" + b"\1a" * 40_000 + b"\0"),
        "gif_zeros": lambda: gif_with(bytes(70_000)),
        "gif_blocks_behind_an_empty_one": lambda: gif_with(b"!\xf9\0," + b"a" * 44 + b"\1a" * 40_000 + b"\0"),
    }


def ordinary_images() -> dict[str, Callable[[], bytes]]:
    """What cameras, phones and browsers write, at its largest."""
    exif = Image.Exif()
    exif[0x010F] = "Maker of the camera" * 1_000
    text = b"".join(chunk(b"tEXt", b"k%d\0words" % number) for number in range(200))
    profile = chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(3_000)))
    return {
        "camera_jpeg": lambda: encode(
            camera(), "JPEG", quality=97, exif=exif, icc_profile=bytes(300_000), comment=b"words"
        ),
        "progressive_jpeg": lambda: encode(camera(), "JPEG", progressive=True, subsampling=0, exif=exif),
        "jpeg_with_another_behind": lambda: encode(noise(), "JPEG", progressive=True) * 2,
        "jpeg_with_restarts": lambda: encode(noise(), "JPEG", restart_marker_blocks=1),
        "cmyk_jpeg": lambda: encode(noise().convert("CMYK"), "JPEG", progressive=True),
        "screenshot": screenshot,
        "png_with_profile_and_words": lambda: png_with(profile + text),
        "transparent_png": lambda: encode(noise().convert("RGBA"), "PNG", compress_level=1),
    }


@cache
def noise() -> Image.Image:
    return speckled(1_600, 1_200)


@cache
def camera() -> Image.Image:
    return noise().resize((4_000, 3_000), Image.Resampling.BICUBIC)


def screenshot() -> bytes:
    """Blocks of one colour, as text and buttons have."""
    return encode(Image.fromarray(np.kron(np.asarray(speckled(80, 45)), np.ones((24, 24, 1), np.uint8))), "PNG")
