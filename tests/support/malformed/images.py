"""Difficult images, made in code, each with the error code it must give, for the tests of every way in.

`bad_images()` holds the ten that the command line and the HTTP service are tested with; `more_bad_images()` holds
further ones for the decoder's own tests.
"""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image

Colour = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BadImage:
    """`code` is the code of the error the image must give, or None if it must be accepted and understood."""

    name: str
    filename: str
    data: bytes
    code: str | None

    def __str__(self) -> str:
        return self.name


def bad_images() -> list[BadImage]:
    """The ten images a product feed is sure to bring one day."""
    return [
        BadImage("empty", "empty.jpg", b"", "image_empty"),
        BadImage("truncated_jpeg", "truncated.jpg", halved(encode(speckled(), "JPEG")), "image_corrupt"),
        BadImage("200_megapixels", "huge.png", blank_png(20_000, 10_000), "image_too_many_pixels"),
        BadImage("cmyk_jpeg", "print.jpg", encode(plain("CMYK", (0, 200, 200, 0)), "JPEG", quality=95), None),
        BadImage("16_bit_png", "deep.png", encode(grey_ramp_16_bit(), "PNG"), None),
        BadImage("animated_gif", "animated.gif", animation("GIF"), None),
        BadImage("text_named_jpg", "notes.jpg", b"A red cotton T-shirt with short sleeves.\n" * 8, UNSUPPORTED),
        BadImage("svg", "logo.svg", SVG, UNSUPPORTED),
        BadImage("1_by_5000", "line.png", blank_png(1, 5000), "image_side_out_of_range"),
        BadImage("png_named_jpg", "wrong.jpg", encode(speckled(), "PNG"), None),
    ]


def more_bad_images() -> list[BadImage]:
    """Further images that differ from the ten in format or in what is wrong with them."""
    gif, bmp = animation("GIF"), encode(speckled(), "BMP")
    return [
        BadImage("rgba_png", "cutout.png", encode(plain("RGBA", (255, 0, 0, 128)), "PNG"), None),
        BadImage("animated_webp", "animated.webp", animation("WEBP"), None),
        BadImage("animated_png", "animated.png", animation("PNG"), None),
        BadImage("tiff", "scan.tiff", encode(speckled(), "TIFF"), UNSUPPORTED),
        BadImage("pdf", "sheet.pdf", b"%PDF-1.7\n" + bytes(64), UNSUPPORTED),
        BadImage("psd", "layers.psd", b"8BPS\0\1" + bytes(64), UNSUPPORTED),
        BadImage("text_like_bmp", "bmw.bmp", b"BMW floor mats, set of four, black rubber", UNSUPPORTED),
        BadImage("run_length_bmp", "runs.bmp", run_length_bmp(64, 64), UNSUPPORTED),
        BadImage("zero_size", "zero.png", blank_png(0, 0), "image_corrupt"),
        BadImage("truncated_png", "cut.png", halved(encode(speckled(), "PNG")), "image_corrupt"),
        BadImage("png_without_end", "open.png", encode(speckled(), "PNG")[:-12], None),
        BadImage("truncated_webp", "cut.webp", halved(encode(speckled(), "WEBP")), "image_corrupt"),
        BadImage("truncated_gif", "cut.gif", gif[: len(gif) // 4], "image_corrupt"),
        BadImage("truncated_bmp", "cut.bmp", halved(bmp), "image_corrupt"),
        BadImage("only_a_signature", "start.png", b"\x89PNG\r\n\x1a\n", "image_corrupt"),
        BadImage("huge_gif_frame", "frame.gif", gif_frame(50_000, 60_000), "image_too_many_pixels"),
        BadImage("large_gif_frame", "frame.gif", gif_frame(10_000, 10_000), "image_too_many_pixels"),
        BadImage("huge_webp", "canvas.webp", with_canvas(animation("WEBP"), 16_384, 16_384), "image_too_many_pixels"),
        BadImage("4_by_5000", "strip.png", blank_png(4, 5000), "image_aspect_out_of_range"),
        BadImage("16385_wide", "wide.png", blank_png(16_385, 200), "image_side_out_of_range"),
        BadImage("many_scans", "scans.jpg", many_scans(300), "image_too_costly"),
    ]


UNSUPPORTED = "image_format_unsupported"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


def encode(image: Image.Image, image_format: str, **options: object) -> bytes:
    """The image as a file of that format."""
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def plain(mode: str, colour: Colour, width: int = 48, height: int = 32) -> Image.Image:
    """An image of one colour."""
    return Image.new(mode, (width, height), colour)


def speckled(width: int = 48, height: int = 32) -> Image.Image:
    """RGB noise, the same each time: it hardly compresses, so half of its file is about half of the image."""
    noise_HWC = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise_HWC)


def grey_ramp_16_bit() -> Image.Image:
    """From 0 at the left to 65535 at the right in 256 equal steps, 8 rows."""
    return Image.fromarray(np.tile(np.arange(256, dtype=np.uint16) * 257, (8, 1)))


def animation(image_format: str) -> bytes:
    """A red frame, then a blue one."""
    red, blue = plain("RGB", (255, 0, 0)), plain("RGB", (0, 0, 255))
    options: dict[str, object] = {"lossless": True} if image_format == "WEBP" else {}
    return encode(red, image_format, save_all=True, append_images=[blue], duration=100, **options)


def halved(data: bytes) -> bytes:
    return data[: len(data) // 2]


def png(width: int, height: int, depth: int, colour_type: int, pixels: bytes, before: tuple[bytes, ...] = ()) -> bytes:
    """A PNG from its parts: `pixels` is the compressed data, `before` are whole chunks that precede it."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    chunks = (chunk(b"IHDR", header), *before, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def blank_png(width: int, height: int) -> bytes:
    """A black PNG of one bit a pixel, compressed row by row: 200 megapixels are 24 KB and never in memory."""
    squeeze = zlib.compressobj()
    row = bytes(1 + (width + 7) // 8)
    return png(width, height, 1, 0, b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush())


def gif_frame(width: int, height: int) -> bytes:
    """A GIF of 8 by 8 pixels whose one frame claims more, to be erased afterwards (disposal 2)."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0x80, 0, 0) + bytes((0, 0, 0, 255, 255, 255))
    control = b"!\xf9\x04\x08\0\0\0\0"
    return screen + control + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\0;"


def with_canvas(webp: bytes, width: int, height: int) -> bytes:
    """An animated WebP with the canvas size in its header replaced."""
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return webp[:24] + size + webp[30:]


def run_length_bmp(width: int, height: int) -> bytes:
    """A BMP of two bytes for each run of one pixel, each row ended early."""
    runs = b"\x01\x07\0\0" * height
    start = 14 + 40 + 1024
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start) + header + bytes(range(256)) * 4 + runs


def many_scans(count: int) -> bytes:
    """A progressive JPEG that refines its last coefficients `count` times."""
    data = encode(plain("L", (128,)), "JPEG", progressive=True)
    last_scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last_scan * count + data[-2:]
