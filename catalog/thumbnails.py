"""Small copies of a product's pictures: for the page, and to read the product again when its words change."""

import io

from catalog.images import decode

# Sharp enough for a card on the page and for the model, which reads no more than this; about 10 KB each.
SIDE = 320
QUALITY = 80


def make_thumbnail(data: bytes) -> bytes:
    """A picture as WebP, at most SIDE pixels on its longer side. Raises a subclass of InvalidImage."""
    picture = decode(data, size_hint=SIDE)
    picture.thumbnail((SIDE, SIDE))
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=QUALITY, method=2)
    return written.getvalue()
