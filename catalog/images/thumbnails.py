"""Small copies of a product's pictures: for the page, and to read the product again when its words change."""

import io
from collections.abc import Callable

from catalog.images.decode import decode

# Sharp enough for a card on the page and for the model, which reads no more than this; about 10 KB each.
SIDE = 320
QUALITY = 80


def make_thumbnail(data: bytes, check: Callable[[], None] = lambda: None) -> bytes:
    """A picture as WebP, at most SIDE pixels on its longer side. check: as `decode` has it. Raises InvalidImage."""
    picture = decode(data, size_hint=SIDE, check=check)
    picture.thumbnail((SIDE, SIDE))
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=QUALITY, method=2)
    return written.getvalue()
