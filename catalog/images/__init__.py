"""Image references of a feed -> bytes -> RGB images, with every limit on untrusted input."""

from catalog.images.sources import MAX_BYTES, ImageReader, ImageRef

__all__ = ["MAX_BYTES", "ImageReader", "ImageRef"]
