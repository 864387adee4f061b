"""Thumbnails of a product's images: for the page, and to analyze the product again when its text changes."""

import io
from collections.abc import Callable

from catalog.images.decode import decode

# Enough for a card on the page and for the model, whose input is no larger; about 10 KB each.
SIDE = 320
QUALITY = 80


def make_thumbnail(data: bytes, check: Callable[[], None] = lambda: None) -> bytes:
    """An image as WebP, at most SIDE pixels on its longer side. check: as `decode` has it. Raises ImageInvalid."""
    image = decode(data, size_hint=SIDE, check=check)
    image.thumbnail((SIDE, SIDE))
    written = io.BytesIO()
    image.save(written, "WEBP", quality=QUALITY, method=2)
    return written.getvalue()
