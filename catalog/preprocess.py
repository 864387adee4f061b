"""Products -> tensors: the one path that training and serving share.

`prepare` is the CPU work for one product and raises for a bad one; `collate` joins good ones into a `Batch`.
So a bad product is refused before it can harm a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from catalog.errors import ProductEmpty, TextTooLong, TooManyImages
from catalog.images import decode
from catalog.product import Product

MAX_CHARACTERS = 8_192
MAX_IMAGES = 8


class Prepared(NamedTuple):
    """A checked product: pictures as uint8 (N, 3, size, size), words as one string."""

    id: str
    pixels_NCHW: NDArray[np.uint8]
    text: str


@dataclass(frozen=True)
class Batch:
    """B products with N pictures among them.

    pixels_NCHW: uint8; owner_N: which product a picture belongs to; ids_BT, mask_BT: tokens (T is the longest here);
    has_image_B, has_text_B: bool.
    """

    pixels_NCHW: Tensor
    owner_N: Tensor
    ids_BT: Tensor
    mask_BT: Tensor
    has_image_B: Tensor
    has_text_B: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(**{name: tensor.to(device, non_blocking=True) for name, tensor in vars(self).items()})


def prepare(product: Product, size: int) -> Prepared:
    """Decode and check one product. Raises InvalidProduct or InvalidImage."""
    text = ". ".join(part for part in (product.title.strip(), product.description.strip()) if part)
    if len(text) > MAX_CHARACTERS:
        raise TextTooLong(f"The title and description have {len(text)} characters; the limit is {MAX_CHARACTERS}.")
    if len(product.images) > MAX_IMAGES:
        raise TooManyImages(f"The product has {len(product.images)} pictures; the limit is {MAX_IMAGES}.")
    if not text and not product.images:
        raise ProductEmpty
    pictures = [to_pixels(decode(data, size_hint=size), size) for data in product.images]
    pixels_NCHW = np.stack(pictures) if pictures else np.empty((0, 3, size, size), np.uint8)
    return Prepared(product.id, pixels_NCHW, text)


def to_pixels(picture: Image.Image, size: int) -> NDArray[np.uint8]:
    """RGB picture -> uint8 (3, size, size), squashed to a square so that nothing of the product is cut off."""
    squashed = picture.resize((size, size), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.ascontiguousarray(np.asarray(squashed, np.uint8).transpose(2, 0, 1))


def tokenize(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> tuple[Tensor, Tensor]:
    """-> ids int64 (B, T), mask bool (B, T); T is the longest text of these, at most max_tokens."""
    encoded = tokenizer(list(texts), padding=True, truncation=True, max_length=max_tokens, return_tensors="pt")
    return encoded["input_ids"], encoded["attention_mask"].bool()


def collate(products: Sequence[Prepared], tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> Batch:
    """Join prepared products (at least one) into a batch."""
    ids_BT, mask_BT = tokenize([product.text for product in products], tokenizer, max_tokens)
    counts = torch.tensor([len(product.pixels_NCHW) for product in products])
    return Batch(
        pixels_NCHW=torch.from_numpy(np.concatenate([product.pixels_NCHW for product in products])),
        owner_N=torch.arange(len(products)).repeat_interleave(counts),
        ids_BT=ids_BT,
        mask_BT=mask_BT,
        has_image_B=counts > 0,
        has_text_B=torch.tensor([bool(product.text) for product in products]),
    )
