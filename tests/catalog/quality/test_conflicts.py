"""What contradicts itself in a product: its picture the words, the words the merchant's own fields."""

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog.index.exports import export, read_parquet
from catalog.index.records import from_payload, to_payload
from catalog.product import CategoryScore, Product, Scored, Sides, StoredProduct, Values
from catalog.quality.conflicts import conflict_findings, conflicts, examined
from catalog.quality.conflicts.misfiled import OwnCategories
from catalog.quality.finding import Finding
from tests.support.stored import WIDTH, stored_product, unit

SHOES = CategoryScore("w.s.h", ("Wear", "Shoes", "Heels"), (0.99, 0.98, 0.97), ("w", "w.s", "w.s.h"))
SHIRTS = CategoryScore("w.c.s", ("Wear", "Clothing", "Shirts"), (0.99, 0.99, 0.98), ("w", "w.c", "w.c.s"))
CLOTHING = CategoryScore("w.c", ("Wear", "Clothing"), (0.99, 0.99), ("w", "w.c"))
BLACK = {"colour": (Scored("Black", 0.98), Scored("Navy Blue", 0.01)), "gender": (Scored("Women", 0.99),)}


def told(title: str, attributes: dict[str, Values] | None = None, **fields: Any) -> list[tuple[str, str, str]]:
    found = conflicts(Product("1", title, attributes=attributes or {}, **fields), None)
    return [(one.field, one.said, one.proposed) for one in found]


def with_sides(sides: Sides, title: str, attributes: dict[str, Values] | None = None) -> StoredProduct:
    stored = stored_product(attributes=attributes or {})
    understanding = replace(stored.understanding, sides=sides, decision="auto")
    return replace(stored, product=replace(stored.product, title=title), understanding=understanding)


@pytest.mark.parametrize(
    ("title", "name", "field", "said"),
    [
        ("Men's shirt, black", "Colour", "Red", "black"),
        ("Linen shirt navy blue", "color", "Yellow", "navy"),
        ("Shirt white cotton", "g:color", "Black", "white"),
        ("黑色 连衣裙", "颜色", "红色", "黑色"),
        ("Women's running shoe", "gender", "Men", "Women"),
        ("女士 跑鞋", "性别", "男", "女士"),
        ("Boys' T-Shirt", "gender", "female", "Boys"),
        ("Orange juice 500 ml", "volume", "1 l", "500 ml"),
        ("Shampoo 250 ml", "net content", "0.5 l", "250 ml"),
        ("Phone 128GB", "storage", "256 GB", "128GB"),
        ("Socks, pack of 6", "multipack", "3", "pack of 6"),
        ("T-shirt size XL", "size", "M", "XL"),
    ],
)
def test_words_and_a_field_that_cannot_both_be_true(title: str, name: str, field: str, said: str) -> None:
    assert told(title, {name: field}) == [(name, field, said)]


@pytest.mark.parametrize(
    ("title", "name", "field"),
    [
        ("Linen shirt navy", "colour", "Blue"),
        ("Red and white striped shirt", "colour", "White"),
        ("Shirt black", "colour", ("Red", "Black")),
        ("Shirt red", "colour", "Multicolour"),
        ("Shirt red", "colour", "Crimson"),
        ("Shirt red", "colour", "Vermilion Sky"),
        ("Red Tape shoes", "colour", "Brown"),
        ("Black & Decker drill", "colour", "Orange"),
        ("Watch with white dial", "colour", "Steel"),
        ("Orange juice", "colour", "Yellow"),
        ("Floral print dress, blue", "colour", "Pink"),
        ("Shirts for men and women", "gender", "Women"),
        ("Men's shirt", "gender", "Unisex"),
        ("Boys' shirt", "gender", "male"),
        ("Woman's bag", "gender", "F"),
        ("Juice 0.5 l", "volume", "500 ml"),
        ("Set of 2 x 250 g coffee", "net weight", "500 g"),
        ("6 x 330ml cola", "volume", "1.98 l"),
        ("6 x 330ml cola", "volume", "330 ml"),
        ("Coffee 500 g", "weight", "620 g"),
        ("Coffee 500 g", "size", "Large"),
        ("Socks, pack of 6", "multipack", "6"),
        ("Socks, pack of 6", "multipack", "1"),
        ("Two 3-packs of socks", "multipack", "6"),
        ("T-shirt size XXL", "size", "2XL"),
        ("T-shirt size M-XL", "size", "L"),
        ("T-shirt size XL", "size", "42"),
    ],
)
def test_words_and_a_field_that_can_both_be_true(title: str, name: str, field: Values) -> None:
    assert told(title, {name: field}) == []


def test_a_brand_that_a_label_gives_is_compared() -> None:
    assert told("Sneaker", brand="Adidas", description="Brand: Nike") == [("brand", "Adidas", "Nike")]
    assert told("Sneaker", brand="NIKE", description="Brand: Nike Inc.") == []


def test_a_word_of_the_brand_is_no_colour() -> None:
    assert told("Brown Thomas shirt", {"colour": "White"}, brand="Brown Thomas") == []


def test_evidence_names_the_words_and_their_place() -> None:
    [found] = conflicts(Product("1", "Shirt, black", attributes={"colour": "Red"}), None)
    words, field = found.evidence
    assert (words.source, words.says, words.start, words.end) == ("title", "black", 7, 12)
    assert (field.source, field.says) == ("field", "Red")
    assert found.sentence == "The words say black, but your feed has Red for colour."


def test_image_and_words_of_other_categories_contradict() -> None:
    sides = Sides(SHOES, SHIRTS, image_of_text=0.00001, text_of_image=0.00001, cosine=-0.1)
    [found] = conflict_findings(with_sides(sides, "Blue shirt"))
    assert (found.code, found.field) == ("image_and_title_differ", "category")
    assert (found.proposed, found.said) == ("Wear > Shoes > Heels", "Wear > Clothing > Shirts")
    assert 0.7 <= found.probability < 1
    assert [(one.source, one.score) for one in found.evidence] == [("image", 0.97), ("title", 0.98)]


@pytest.mark.parametrize(
    "sides",
    [
        Sides(CLOTHING, SHIRTS, 0.0001, 0.0001, -0.1),  # the one is the other's kind
        Sides(None, SHIRTS, 0.0001, 0.0, -0.1),  # an unfamiliar picture
        Sides(SHOES, None, 0.0, 0.0001, -0.1),
        Sides(SHOES, SHIRTS, 0.3, 0.3, 0.5),  # either can be
    ],
)
def test_a_guess_is_no_contradiction(sides: Sides) -> None:
    assert conflict_findings(with_sides(sides, "Blue shirt")) == []


def test_an_image_contradicts_the_titles_colour_and_gender() -> None:
    found = conflict_findings(with_sides(Sides(shows=BLACK), "Men's white shirt"))
    assert {(one.field, one.said, one.proposed) for one in found} == {
        ("colour", "white", "Black"),
        ("gender", "Men", "Women"),
    }


def test_an_image_contradicts_a_field() -> None:
    [found] = conflict_findings(with_sides(Sides(shows=BLACK), "Shirt", {"Color": "White"}))
    assert (found.code, found.field, found.said) == ("image_and_field_differ", "Color", "White")


@pytest.mark.parametrize("title", ["Navy shirt", "Black shirt", "Women's shirt", "Shirt in many colours, white"])
def test_an_image_that_fits_contradicts_nothing(title: str) -> None:
    assert conflict_findings(with_sides(Sides(shows=BLACK), title)) == []


def test_what_contradicts_itself_is_not_accepted_unseen_and_is_noted() -> None:
    stored = examined(with_sides(Sides(shows=BLACK), "White shirt", {"gender": "Men"}))
    assert set(stored.contradictions) == {"image_and_title_differ", "image_and_field_differ"}
    assert stored.understanding.decision == "review"
    assert examined(with_sides(Sides(shows=BLACK), "Black shirt")).contradictions == ()


def test_sides_come_back_from_a_record_and_an_export(tmp_path: Path) -> None:
    sides = Sides(SHOES, SHIRTS, 0.00001, 0.00002, -0.1, BLACK)
    stored = examined(with_sides(sides, "White shirt"))
    back = from_payload(to_payload(stored), stored.understanding.embedding)
    assert back.understanding.sides == sides
    assert back.contradictions == stored.contradictions
    assert conflict_findings(back) == conflict_findings(stored)
    export([[stored]], tmp_path / "products.parquet")
    [[read]] = read_parquet(tmp_path / "products.parquet")
    assert conflict_findings(read) == conflict_findings(stored)


def test_sides_that_agree_take_little_room() -> None:
    stored = with_sides(Sides(SHIRTS, SHIRTS, 0.98, 0.97, 0.6, BLACK), "Black shirt")
    back = from_payload(to_payload(stored), stored.understanding.embedding)
    assert back.understanding.sides == Sides(shows=BLACK)


@pytest.mark.parametrize(
    ("title", "attributes"),
    [
        ("a" * 100_000 + "_", {"gender": "Men"}),
        ("red " * 25_000, {"colour": "Blue"}),
        (" ".join(map(str, range(9_999))), {"volume": "1 l", "pack count": "3"}),
        ("Shirts, pack of 3", {"pack count": "1" + " " * 50_000 + "z"}),
    ],
)
def test_hostile_words_are_read_in_no_time(title: str, attributes: dict[str, Values]) -> None:
    began = time.process_time()
    told(title, attributes)
    assert time.process_time() - began < 15  # it was minutes


def filed(number: int, kind: int, path: str) -> StoredProduct:
    """A product near all others of its kind."""
    draw = np.random.default_rng(number)
    stored = stored_product(f"p{number}", f"Thing {number}", unit(10 * np.eye(WIDTH)[kind] + draw.normal(size=WIDTH)))
    return replace(stored, product=replace(stored.product, product_type=path))


def misfiled(products: Iterable[StoredProduct]) -> list[Finding]:
    categories = OwnCategories()
    for stored in products:
        categories.learn(stored)
    return list(categories.findings())


PATHS = ("Küche > Töpfe", "Küche > Pfannen", "玩具 > 积木")


def shop() -> list[StoredProduct]:
    return [filed(number, number % 3, PATHS[number % 3]) for number in range(120)]


@pytest.mark.parametrize("wrong", ["玩具 > 积木", "Küche > Pfannen", "Garten"])
def test_a_product_among_those_of_another_own_category_is_told(wrong: str) -> None:
    """The tree is the merchant's, in its languages."""
    [found] = misfiled([*shop(), filed(300, 0, wrong)])
    assert (found.code, found.product, found.field) == ("misfiled", "p300", "product_type")
    assert (found.said, found.proposed) == (wrong, "Küche > Töpfe")
    assert found.probability >= 0.8
    assert all(one.says.startswith("Thing") for one in found.evidence)


def test_categories_that_say_nothing_of_each_other_are_not_told() -> None:
    mixed = [filed(number, number % 3, PATHS[number % 2]) for number in range(120)]  # as a "New" and a "Sale" are
    few, bare = shop()[:50], [replace(one, product=replace(one.product, product_type="")) for one in shop()]
    assert misfiled(shop()) == misfiled(mixed) == misfiled([*few, filed(300, 0, "Garten")]) == misfiled(bare) == []
    assert misfiled([*shop(), filed(300, 0, "Küche")]) == []  # above what the others have


def test_googles_category_is_the_own_one_where_there_is_no_other() -> None:
    products = [
        replace(one, product=replace(one.product, product_type="", google_product_category=one.product.product_type))
        for one in [*shop(), filed(300, 0, "Garten")]
    ]
    [found] = misfiled(products)
    assert (found.field, found.said) == ("google_product_category", "Garten")
