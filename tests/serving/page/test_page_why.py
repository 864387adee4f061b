"""Why an answer is given, and why a product was found, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser import Reader, image_png

pytestmark = pytest.mark.slow

SHIRT = {"name": "shirt.png", "mimeType": "image/png", "buffer": image_png("Shirt", "red")}


def test_an_answer_shows_its_words_the_heat_map_and_the_nearest_products(reader: Reader) -> None:
    reader.open()
    reader.page.locator("input[type=file]").set_input_files(SHIRT)
    reader.page.get_by_label("Title").fill("\N{T-SHIRT} red shirt")
    reader.page.get_by_role("button", name="Understand", exact=True).click()
    expect(reader.page.locator(".why mark")).to_have_count(0)
    reader.page.get_by_role("button", name="Show why").click()
    marks = reader.page.locator(".why mark")
    expect(marks).to_have_text(["red", "shirt"])  # a sign before them takes two units of UTF-16
    expect(marks.first).to_have_attribute("title", re.compile(r"Speaks (for|against) it: \d"))
    heat = reader.page.locator(".heat")
    expect(heat).to_be_visible()
    painted = heat.evaluate("map => map.getContext('2d').getImageData(0, 0, 5, 5).data.some((one) => one > 0)")
    assert painted
    reader.page.get_by_label("Colour the parts of the image").uncheck()
    expect(heat).to_be_hidden()
    nearest = reader.page.locator(".why-nearest li, .why > p")
    expect(nearest.first).to_be_visible()


def test_a_card_tells_why_it_was_found(reader: Reader) -> None:
    reader.open("#/search?q=red+shirt")
    card = reader.page.locator(".card").first
    card.locator(".hit summary").click()
    expect(card.locator(".hit-reasons li").first).to_have_text(re.compile(r"By meaning: place \d+"))
    expect(reader.page).to_have_url(re.compile("#/search"))  # the card's link lies beneath
