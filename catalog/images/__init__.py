"""Image references of a feed -> bytes -> RGB images, with every limit on untrusted input."""

from catalog.images.sources import ImageReader, ImageRef

__all__ = ["ImageReader", "ImageRef"]
