"""Small copies of a product's images: for the page, and to read the product again when its words change."""

import io
from collections.abc import Callable

from catalog.images.decode import decode

# Sharp enough for a card on the page and for the model, which reads no more than this; about 10 KB each.
SIDE = 320
QUALITY = 80


def make_thumbnail(data: bytes, check: Callable[[], None] = lambda: None) -> bytes:
    """An image as WebP, at most SIDE pixels on its longer side. check: as `decode` has it. Raises ImageInvalid."""
    image = decode(data, size_hint=SIDE, check=check)
    image.thumbnail((SIDE, SIDE))
    written = io.BytesIO()
    image.save(written, "WEBP", quality=QUALITY, method=2)
    return written.getvalue()
