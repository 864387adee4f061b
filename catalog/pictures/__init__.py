"""A picture's reference, as a feed gives it, into its bytes."""

from catalog.pictures.reader import MAX_BYTES, ImageRef, PictureReader

__all__ = ["MAX_BYTES", "ImageRef", "PictureReader"]
