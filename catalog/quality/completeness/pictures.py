"""Faults of an image, by what was measured of it when it was read.

The limits were chosen on made faults of the training half of a fashion shop's photos; see docs/health.md.
"""

from collections.abc import Iterator

from catalog.product import Picture
from catalog.quality.finding import Evidence

BLURRED = 0.065  # detail; half way (by ratio) between the dullest clean photos and the sharpest blurred ones
UNEVEN = 0.5  # of the edge; a plain background has less


def picture_faults(picture: Picture, least_side: int) -> Iterator[tuple[str, Evidence]]:
    """Codes of findings that need no other picture to be seen, with what was measured."""
    if min(picture.width, picture.height) < least_side:
        size = f"{picture.width} x {picture.height} pixels, of at least {least_side}"
        yield "image_too_small", Evidence("image", size)
    if picture.detail < BLURRED:
        yield "image_blurred", Evidence("image", f"sharpness {picture.detail:.3f}, of at least {BLURRED}")


def is_plain(picture: Picture) -> bool:
    """Whether the background is of one colour."""
    return picture.uneven <= UNEVEN
