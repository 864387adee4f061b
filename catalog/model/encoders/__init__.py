"""Image and text encoders: any timm ViT, any transformers BERT, one result type."""

from catalog.model.encoders.encoded import Encoded, Widths
from catalog.model.encoders.image import ImageEncoder
from catalog.model.encoders.text import TextEncoder, masked_mean

__all__ = ["Encoded", "ImageEncoder", "TextEncoder", "Widths", "masked_mean"]
