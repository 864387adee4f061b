"""Content of an exact size, made up from a seed, for tests of limits."""

import base64
import io
import struct
import zipfile
from collections.abc import Iterable
from typing import Any

import httpx
import numpy as np

BMP_HEADER = 54
ROW = 7_920  # bytes of a line of a photo of 2,640 pixels


def noise(count: int, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).bytes(count)


def large_image(size: int, seed: int = 0) -> bytes:
    """An image file of exactly so many bytes: noise as BMP, with a gap before its pixels."""
    height, gap = divmod(size - BMP_HEADER, ROW)
    return bmp(ROW // 3, height, gap, seed)


def small_image(seed: int, side: int = 16) -> bytes:
    return bmp(side, side, 0, seed)


def bmp(width: int, height: int, gap: int, seed: int) -> bytes:
    """24 bits a pixel; width: a multiple of 4."""
    pixels = noise(width * height * 3, seed)
    start = BMP_HEADER + gap
    file = struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start)
    image = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(pixels), 0, 0, 0, 0)
    return file + image + bytes(gap) + pixels


def uri(data: bytes) -> str:
    return "data:image/bmp;base64," + base64.b64encode(data).decode()


def csv_feed(size: int, rows: int = 30, start: str = "r") -> bytes:
    """A feed of exactly so many bytes, most of them in a column of which no words are made."""
    lines = [f"{start}{row},red shirt {row}," for row in range(rows)]
    header = "id,title,link\n"
    each, rest = divmod(size - len(header) - sum(len(line) + 1 for line in lines), rows)
    fills = [each + rest, *[each] * (rows - 1)]
    return (header + "".join(f"{line}{'n' * fill}\n" for line, fill in zip(lines, fills, strict=True))).encode()


def zip_feed(rows: int, images: int) -> bytes:
    """So many rows, each with so many images that no other has."""
    written = io.BytesIO()
    lines = ["id,title,images"]
    with zipfile.ZipFile(written, "w") as archive:
        for row in range(rows):
            names = [f"{row}-{number}.bmp" for number in range(images)]
            for number, name in enumerate(names):
                archive.writestr(name, small_image(row * images + number))
            lines.append(f"z{row},red shirt,{'|'.join(names)}")
        archive.writestr("products.csv", "\n".join(lines) + "\n")
    return written.getvalue()


def fat_product(seed: int) -> dict[str, Any]:
    """As large as a product may be: about 80 KB of UTF-8, and an image that packs badly."""
    attributes = {f"name {number}": "鞋" * 256 for number in range(64)}
    fat = {"title": "red shirt", "description": "鞋" * 8_000, "link": "l" * 2_000, "attributes": attributes}
    return fat | {"images": [uri(small_image(seed, side=320))]}


def form_of(client: httpx.Client, size: int, field: str, parts: Iterable[bytes]) -> dict[str, Any]:
    """Files for a multipart request whose body has exactly `size` bytes: these parts and one that fills it up."""
    given = [(field, ("a.bmp", part)) for part in parts]
    empty = client.build_request("POST", "/", files=[*given, (field, ("a.bmp", b""))])
    return {"files": [*given, (field, ("a.bmp", large_image(size - len(empty.read()))))]}
