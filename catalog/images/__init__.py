"""An image's reference, as a feed gives it, into its bytes."""

from catalog.images.sources import MAX_BYTES, ImageReader, ImageRef

__all__ = ["MAX_BYTES", "ImageReader", "ImageRef"]
