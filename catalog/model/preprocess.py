"""Products -> arrays: the one preprocessing path that training and serving share.

`prepare` decodes and checks one product, and raises for a bad one; `collate` joins good ones into a `Batch`. So a bad
product never fails a batch.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.errors import ImageAsText, ProductEmpty, TextTooLong, TooManyImages
from catalog.images.decode import decode_sized
from catalog.images.measures import measured
from catalog.images.written import is_image
from catalog.model.tokenizer import Tokenizer
from catalog.product import ImageMeasures, Product

MAX_CHARACTERS = 8_192  # of a product's text the model is given the first of them
MAX_IMAGES = 8
GROUP = 16  # texts that are padded to one length


class Prepared(NamedTuple):
    """A checked product: images as uint8 (N, 3, size, size), title and description as one text, and the title.

    digests: hashes of the image files, by which equal images are found; () if unknown. image_measures: as of
    Understanding.
    """

    id: str
    pixels_NCHW: NDArray[np.uint8]
    text: str
    digests: tuple[bytes, ...] = ()
    image_measures: tuple[ImageMeasures, ...] = ()
    title: str = ""


class TextBatch(NamedTuple):
    """Texts of similar length, padded to the longest: ids (G, T), and a mask that is True at real tokens."""

    ids_GT: NDArray[np.int64]
    mask_GT: NDArray[np.bool_]


@dataclass(frozen=True)
class Batch:
    """B products with N different images and U different texts.

    pixels_NCHW: uint8. digests: of the N images, as in Prepared; b"": unknown. texts: the U texts, shortest first, in
    groups padded to one length. P: slots of a product, as many as the product with the most images (texts: 1) needs.
    images_BP: which of the N images is in each slot; -1: empty. texts_BP: likewise of the U texts.
    """

    pixels_NCHW: NDArray[np.uint8]
    digests: tuple[bytes, ...]
    texts: tuple[TextBatch, ...]
    images_BP: NDArray[np.int64]
    texts_BP: NDArray[np.int64]

    @property
    def any_has_both(self) -> bool:
        """Whether any product has both an image and a text."""
        return bool(((self.images_BP[:, 0] >= 0) & (self.texts_BP[:, 0] >= 0)).any())


def joined_text(product: Product) -> str:
    return ". ".join(part for part in (product.title.strip(), product.description.strip()) if part)


def check_length(product: Product) -> None:
    """For a request, whose sender can shorten the text. Raises TextTooLong, or what an image in its place is told."""
    check_texts(product)
    length = len(joined_text(product))
    if length > MAX_CHARACTERS:
        raise TextTooLong(f"The title and description have {length} characters; the limit is {MAX_CHARACTERS}.")


def prepare(product: Product, size: int, check: Callable[[], None] = lambda: None) -> Prepared:
    """Decode and check one product. check: as `decode` has it. Raises ProductInvalid or ImageInvalid."""
    check_texts(product)
    text = joined_text(product)[:MAX_CHARACTERS]
    if len(product.images) > MAX_IMAGES:
        raise TooManyImages(f"The product has {len(product.images)} images; the limit is {MAX_IMAGES}.")
    if not text and not product.images:
        raise ProductEmpty
    decoded = [decode_sized(data, size_hint=size, check=check) for data in product.images]
    images = [to_pixels(image, size) for image, _ in decoded]
    pixels_NCHW = np.stack(images) if images else np.empty((0, 3, size, size), np.uint8)
    measures = tuple(measured(pixels, own) for pixels, (_, own) in zip(images, decoded, strict=True))
    digests = tuple(hashlib.blake2b(data, digest_size=16).digest() for data in product.images)
    return Prepared(product.id, pixels_NCHW, text, digests, measures, product.title.strip()[:MAX_CHARACTERS])


def check_texts(product: Product) -> None:
    """Raises ImageAsText: letters of base64 would be read as words."""
    for field, text in (("title", product.title), ("description", product.description)):
        if is_image(text):
            error = ImageAsText()
            error.param = field
            raise error


def to_pixels(image: Image.Image, size: int) -> NDArray[np.uint8]:
    """RGB image -> uint8 (3, size, size), resized to a square, not cropped: the aspect is not kept."""
    squashed = image.resize((size, size), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.ascontiguousarray(np.asarray(squashed, np.uint8).transpose(2, 0, 1))


def collate(products: Sequence[Prepared], tokenizer: Tokenizer) -> Batch:
    """Join prepared products (at least one) into a batch."""
    pixels: list[NDArray[np.uint8]] = []
    digests: list[bytes] = []
    seen: dict[bytes, int] = {}
    images_BP = np.full((len(products), max(1, *(len(product.pixels_NCHW) for product in products))), -1, np.int64)
    for row, product in enumerate(products):
        named = product.digests or (b"",) * len(product.pixels_NCHW)
        for slot, (pixels_CHW, digest) in enumerate(zip(product.pixels_NCHW, named, strict=True)):
            image = seen.get(digest, len(pixels))
            if image == len(pixels):
                pixels.append(pixels_CHW)
                digests.append(digest)
            if digest:
                seen[digest] = image
            images_BP[row, slot] = image
    different = list(dict.fromkeys(product.text for product in products if product.text))
    ids = dict(zip(different, tokenizer(different), strict=True))
    ordered = sorted(different, key=lambda text: len(ids[text]))
    number = {text: index for index, text in enumerate(ordered)}
    groups = [ordered[start : start + GROUP] for start in range(0, len(ordered), GROUP)]
    return Batch(
        pixels_NCHW=np.stack(pixels) if pixels else products[0].pixels_NCHW[:0],
        digests=tuple(digests),
        texts=tuple(pad([ids[text] for text in group], tokenizer.pad_id) for group in groups),
        images_BP=images_BP,
        texts_BP=np.array([[number.get(product.text, -1)] for product in products]),
    )


def pad(ids: Sequence[Sequence[int]], pad_id: int) -> TextBatch:
    length_G = np.array([len(each) for each in ids])
    mask_GT = np.arange(length_G.max()) < length_G[:, None]
    ids_GT = np.full(mask_GT.shape, pad_id, np.int64)
    ids_GT[mask_GT] = np.concatenate(ids)
    return TextBatch(ids_GT, mask_GT)
