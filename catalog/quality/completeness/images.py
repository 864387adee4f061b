"""Faults of an image, by what was measured of it when it was read.

The limits were chosen on made faults of the training half of a fashion shop's photos; see docs/health.md.
"""

from collections.abc import Iterator

from catalog.product import ImageMeasures
from catalog.quality.finding import Evidence

BLURRED = 0.065  # detail; half way (by ratio) between the dullest clean photos and the sharpest blurred ones
UNEVEN = 0.5  # of the edge; a plain background has less


def image_faults(measures: ImageMeasures, least_side: int) -> Iterator[tuple[str, Evidence]]:
    """Codes of findings that need no other measures to be seen, with what was measured."""
    if min(measures.width, measures.height) < least_side:
        size = f"{measures.width} x {measures.height} pixels, of at least {least_side}"
        yield "image_too_small", Evidence("image", size)
    if measures.detail < BLURRED:
        yield "image_blurred", Evidence("image", f"sharpness {measures.detail:.3f}, of at least {BLURRED}")


def is_plain(measures: ImageMeasures) -> bool:
    """Whether the background is of one colour."""
    return measures.uneven <= UNEVEN
