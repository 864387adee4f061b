"""A picture's reference, as a feed gives it, into its bytes."""

from catalog.images.sources import MAX_BYTES, ImageRef, PictureReader

__all__ = ["MAX_BYTES", "ImageRef", "PictureReader"]
