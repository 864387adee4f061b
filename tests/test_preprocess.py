"""Products -> tensors."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import PreTrainedTokenizerBase

from catalog.errors import ImageFormatUnsupported, ProductEmpty, TextTooLong, TooManyImages
from catalog.preprocess import MAX_CHARACTERS, MAX_IMAGES, collate, prepare, to_pixels, tokenize
from catalog.product import Product
from tests.bad_pictures import encode, plain, speckled
from tests.tiny import tiny_tokenizer

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    return tiny_tokenizer(tmp_path_factory.mktemp("vocabulary"))


@pytest.mark.parametrize("size", [(300, 40), (40, 300), (20, 20)])
def test_the_whole_picture_is_squashed_into_the_square(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, "white")
    picture.paste(RED, (0, 0, size[0] // 4, size[1]))
    picture.paste(BLUE, (size[0] - size[0] // 4, 0, *size))
    pixels_CHW = to_pixels(picture, 32)
    assert pixels_CHW.shape == (3, 32, 32)
    assert pixels_CHW.dtype == np.uint8
    assert pixels_CHW.flags.c_contiguous
    np.testing.assert_array_equal(pixels_CHW[:, :, 0], np.tile(np.array([RED]).T, 32))
    np.testing.assert_array_equal(pixels_CHW[:, :, -1], np.tile(np.array([BLUE]).T, 32))


def test_a_product_with_pictures_and_words() -> None:
    images = (encode(plain("RGB", RED), "PNG"), encode(speckled(), "JPEG"))
    prepared = prepare(Product("p", " red shirt ", "striped\n", images), 32)
    assert prepared.id == "p"
    assert prepared.text == "red shirt. striped"
    assert prepared.pixels_NCHW.shape == (2, 3, 32, 32)


@pytest.mark.parametrize(
    ("product", "text"),
    [
        (Product(title="red"), "red"),
        (Product(description="plain"), "plain"),
        (Product(title=" ", description="a"), "a"),
    ],
)
def test_words_alone(product: Product, text: str) -> None:
    prepared = prepare(product, 32)
    assert prepared.text == text
    assert prepared.pixels_NCHW.shape == (0, 3, 32, 32)


def test_what_is_refused() -> None:
    with pytest.raises(ProductEmpty, match="neither a picture nor any text"):
        prepare(Product(title=" \n"), 32)
    with pytest.raises(TextTooLong, match=r"8193 characters; the limit is 8192"):
        prepare(Product(title="x" * (MAX_CHARACTERS + 1)), 32)
    with pytest.raises(TooManyImages, match=r"9 pictures; the limit is 8"):
        prepare(Product(images=(b"",) * (MAX_IMAGES + 1)), 32)
    with pytest.raises(ImageFormatUnsupported, match="not a JPEG"):
        prepare(Product(title="red", images=(b"words",)), 32)


def test_text_is_cut_at_the_most_tokens(tokenizer: PreTrainedTokenizerBase) -> None:
    ids_BT, mask_BT = tokenize(["red " * 100, "red"], tokenizer, 8)
    assert ids_BT.shape == mask_BT.shape == (2, 8)
    assert ids_BT.dtype == torch.int64
    assert mask_BT.sum(1).tolist() == [8, 3]
    assert ids_BT[0, -1] == ids_BT[1, 2] == tokenizer.sep_token_id


def test_a_batch_is_as_long_as_its_longest_text(tokenizer: PreTrainedTokenizerBase) -> None:
    assert tokenize(["red shirt", "a"], tokenizer, 96)[0].shape == (2, 4)


def test_a_batch_knows_whose_pictures_are_whose(tokenizer: PreTrainedTokenizerBase) -> None:
    red, blue = encode(plain("RGB", RED), "PNG"), encode(plain("RGB", BLUE), "PNG")
    products = [Product("a", images=(red, blue)), Product("b", "shoe"), Product("c", "apple", images=(blue,))]
    batch = collate([prepare(product, 16) for product in products], tokenizer, 96)
    assert batch.pixels_NCHW.shape == (3, 3, 16, 16)
    assert batch.pixels_NCHW[:, 0, 0, 0].tolist() == [255, 0, 0]
    assert batch.owner_N.tolist() == [0, 0, 2]
    assert batch.has_image_B.tolist() == [True, False, True]
    assert batch.has_text_B.tolist() == [False, True, True]


def test_a_batch_of_words_alone_has_no_pictures(tokenizer: PreTrainedTokenizerBase) -> None:
    batch = collate([prepare(Product(title="shoe"), 16)], tokenizer, 96)
    assert batch.pixels_NCHW.shape == (0, 3, 16, 16)
    assert batch.owner_N.tolist() == []


def test_a_batch_moves_whole(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    batch = collate([prepare(Product(title="shoe"), 16)], tokenizer, 96).to(torch.device("meta"))
    assert {tensor.device.type for tensor in vars(batch).values()} == {"meta"}
