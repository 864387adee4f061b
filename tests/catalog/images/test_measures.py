"""Sharpness does not depend on what is shown; an uneven edge is no plain background."""

import numpy as np
from PIL import Image, ImageFilter

from catalog.images.measures import measured
from catalog.model.preprocess import prepare, to_pixels
from catalog.product import ImageMeasures, Product
from tests.support.malformed.images import encode

SIDE = 224


def fabric(background: bool = True) -> Image.Image:
    """Noise like that of a fabric, on white."""
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    image = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(0.7))
    if not background:
        return image
    white = Image.new("RGB", (SIDE, SIDE), "white")
    white.paste(image.crop((0, 0, 120, 120)), (50, 50))
    return white


def of(image: Image.Image) -> ImageMeasures:
    return measured(to_pixels(image, SIDE), image.size)


def test_a_blurred_image_has_less_detail_and_a_paler_one_has_not() -> None:
    sharp = fabric()
    paler = sharp.point(lambda level: 128 + level // 2)
    assert of(sharp.filter(ImageFilter.GaussianBlur(2))).detail < 0.065 < 0.1 < of(sharp).detail
    assert abs(of(paler).detail - of(sharp).detail) < 0.1


def test_an_empty_image_is_not_blurred() -> None:
    assert of(Image.new("RGB", (SIDE, SIDE), "white")) == ImageMeasures(SIDE, SIDE, 1.0, 0.0)


def test_a_plain_background_has_an_even_edge() -> None:
    assert of(fabric()).uneven == 0
    assert of(fabric(background=False)).uneven > 0.5


def test_the_size_is_that_of_the_file() -> None:
    image = fabric().resize((1600, 1200))
    [measures] = prepare(Product(images=(encode(image, "JPEG"),)), SIDE).image_measures
    assert (measures.width, measures.height) == (1600, 1200)
