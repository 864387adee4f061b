"""Titles and descriptions together, with the tagger that is shipped; and what a category expects."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.language.attributes import find_attributes, for_expected

MARKS = [*"12,.-x×'”()/:：；至~½", "1/4", '"', " ", "\n", "İ", "ß", "ﬁ", "😀"]
SIGNS = ["cm", "W", "oz", "GB", "毫升", "寸", "瓶装", "三盒装", "Pack of", "ages", "Color:", "颜色：", "tea"]
CODES = ["Black", "纯棉", "UPC: 042976574666", "AB12-34"]
PIECES = st.sampled_from(MARKS + SIGNS + CODES)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join)), st.lists(PIECES, max_size=10))
def test_spans_give_the_value_in_whatever_text(title: str, description: list[str]) -> None:
    texts = {"title": title, "description": "".join(description)}
    for one in find_attributes(texts["title"], texts["description"]):
        assert texts[one.source][one.start : one.end] == one.value
        assert one.value
        assert 0 < one.confidence <= 1


def test_a_title_of_a_learned_kind_is_tagged_as_well() -> None:
    found = find_attributes("Starbucks Dark Roast Ground Coffee, 12 oz bag (Pack of 6)")
    names = {one.name: one for one in found}
    assert names["brand"].value == "Starbucks"
    assert "roast_type" in names
    assert (names["weight"].normalised, names["pack_count"].normalised) == (0.3401942775, 6.0)


def test_other_products_are_read_by_the_grammar_alone() -> None:
    found = find_attributes("Oak table 120 x 80 cm", "Weight: 30 kg", category=("Furniture", "Tables"))
    assert [(one.name, one.source) for one in found] == [
        ("material", "title"),
        ("dimensions", "title"),
        ("weight", "description"),
    ]


def test_what_a_category_expects() -> None:
    found = find_attributes("Black leather boot, zipper", "Boot shaft height: 20 cm")
    expected = for_expected(found, ["Color", "Footwear material", "Closure type", "Shoe size", "Shaft height"])
    assert {name: [one.value for one in own] for name, own in expected.items()} == {
        "Color": ["Black"],
        "Footwear material": ["leather"],
        "Closure type": ["zipper"],
        "Shoe size": [],
        "Shaft height": ["20 cm"],
    }


@pytest.mark.parametrize("ending", [" cm", " 1/2 cm", "½ cm", " pcs", ",000" * 2_000 + " pcs", "-pack", " GB"])
def test_a_number_too_long_to_measure_anything_is_none(ending: str) -> None:
    for digits in (30, 400, 5_000):
        for one in find_attributes("9" * digits + ending):
            assert one.name in ("dimension", "count")
            assert one.start >= digits  # of the ending alone


def test_of_food_a_taste_is_no_colour() -> None:
    food, shirt = ("Food, Beverages & Tobacco", "Fruits"), ("Apparel & Accessories", "Clothing")
    assert not find_attributes("Navel Orange", "A juicy orange.", food)
    assert find_attributes("Shirt Orange", category=shirt)
    assert find_attributes("Red apple", category=food)
