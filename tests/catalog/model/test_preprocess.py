"""Products -> arrays."""

import numpy as np
import pytest
from PIL import Image

from catalog.errors import ImageFormatUnsupported, ProductEmpty, TextTooLong, TooManyImages
from catalog.model.preprocess import MAX_CHARACTERS, MAX_IMAGES, Prepared, check_length, collate, prepare, to_pixels
from catalog.model.tokenizer import Tokenizer
from catalog.product import Product
from tests.support.malformed.images import encode, plain, speckled
from tests.support.tiny import tiny_tokenizer

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return tiny_tokenizer()


@pytest.mark.parametrize("size", [(300, 40), (40, 300), (20, 20)])
def test_the_whole_image_is_squashed_into_the_square(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, "white")
    image.paste(RED, (0, 0, size[0] // 4, size[1]))
    image.paste(BLUE, (size[0] - size[0] // 4, 0, *size))
    pixels_CHW = to_pixels(image, 32)
    assert pixels_CHW.shape == (3, 32, 32)
    assert pixels_CHW.dtype == np.uint8
    assert pixels_CHW.flags.c_contiguous
    np.testing.assert_array_equal(pixels_CHW[:, :, 0], np.tile(np.array([RED]).T, 32))
    np.testing.assert_array_equal(pixels_CHW[:, :, -1], np.tile(np.array([BLUE]).T, 32))


def test_a_product_with_images_and_text() -> None:
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
def test_text_alone(product: Product, text: str) -> None:
    prepared = prepare(product, 32)
    assert prepared.text == text
    assert prepared.pixels_NCHW.shape == (0, 3, 32, 32)


def test_what_is_refused() -> None:
    with pytest.raises(ProductEmpty, match="no image and no text"):
        prepare(Product(title=" \n"), 32)
    with pytest.raises(TooManyImages, match=r"9 images; the limit is 8"):
        prepare(Product(images=(b"",) * (MAX_IMAGES + 1)), 32)
    with pytest.raises(ImageFormatUnsupported, match="not a JPEG"):
        prepare(Product(title="red", images=(b"words",)), 32)


def test_of_a_long_text_the_model_is_given_the_beginning() -> None:
    product = Product(title="oak table", description="hand made " * 100_000)
    assert prepare(product, 32).text == f"oak table. {product.description}"[:MAX_CHARACTERS]


def test_a_request_may_have_as_much_text_as_the_model_is_given() -> None:
    check_length(Product(title="x" * MAX_CHARACTERS))
    with pytest.raises(TextTooLong, match=r"8193 characters; the limit is 8192"):
        check_length(Product(title="x" * (MAX_CHARACTERS + 1)))


def texts(*texts: str) -> list[Prepared]:
    return [prepare(Product(title=text), 16) for text in texts]


def test_texts_are_cut_at_the_maximum_of_tokens(tokenizer: Tokenizer) -> None:
    (group,) = collate(texts("red " * 100, "red"), tokenizer).texts
    assert group.ids_GT.shape == group.mask_GT.shape == (2, 32)
    assert group.ids_GT.dtype == np.int64
    assert group.mask_GT.sum(1).tolist() == [3, 32]
    assert group.ids_GT[1, -1] == group.ids_GT[0, 2] == 3


def test_a_group_of_texts_is_as_long_as_its_longest(tokenizer: Tokenizer) -> None:
    batch = collate(texts(*("red " * count for count in range(20, 0, -1))), tokenizer)
    assert [group.ids_GT.shape for group in batch.texts] == [(16, 18), (4, 22)]
    assert batch.texts_BP[:, 0].tolist() == list(range(19, -1, -1))


def test_a_batch_knows_whose_images_are_whose(tokenizer: Tokenizer) -> None:
    red, blue = encode(plain("RGB", RED), "PNG"), encode(plain("RGB", BLUE), "PNG")
    products = [Product("a", images=(red, blue)), Product("b", "shoe"), Product("c", "apple red", images=(blue,))]
    batch = collate([prepare(product, 16) for product in products], tokenizer)
    assert batch.pixels_NCHW.shape == (2, 3, 16, 16)
    assert batch.pixels_NCHW[:, 0, 0, 0].tolist() == [255, 0]
    assert len(set(batch.digests)) == 2
    assert batch.images_BP.tolist() == [[0, 1], [-1, -1], [1, -1]]
    assert batch.texts_BP.tolist() == [[-1], [0], [1]]


def test_equal_texts_are_in_a_batch_once(tokenizer: Tokenizer) -> None:
    batch = collate(texts("red shoe", "apple", "red shoe"), tokenizer)
    assert [len(group.ids_GT) for group in batch.texts] == [2]
    assert batch.texts_BP.tolist() == [[1], [0], [1]]


def test_a_batch_of_text_alone_has_no_images(tokenizer: Tokenizer) -> None:
    batch = collate(texts("shoe"), tokenizer)
    assert batch.pixels_NCHW.shape == (0, 3, 16, 16)
    assert batch.images_BP.tolist() == [[-1]]


def test_a_batch_of_images_alone_has_no_text(tokenizer: Tokenizer) -> None:
    batch = collate([prepare(Product(images=(encode(plain("RGB", RED), "PNG"),)), 16)], tokenizer)
    assert batch.texts == ()
    assert batch.texts_BP.tolist() == [[-1]]
