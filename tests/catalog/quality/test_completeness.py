"""What a product lacks is told, with what could fill it, and the score is the sum of its parts."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from catalog.product import CategoryScore, ImageMeasures, Scored, StoredProduct, Variant
from catalog.quality.completeness import Completeness, Expectations, completeness
from catalog.quality.completeness.given import key_of
from catalog.quality.completeness.titles import repeated
from catalog.taxonomy.tree import Node, Taxonomy
from tests.support.stored import stored_product

COLOURS = ("Red", "Blue", "Green", "Black")
SHOES = ("Apparel & Accessories", "Shoes")
TREE = Taxonomy(
    "1",
    (
        Node("aa", SHOES[0], SHOES[0], None),
        Node("aa-8", "Shoes", "Shoes", "aa", attributes=("Color", "Shoe size", "Heel height type", "Toe style")),
        Node("ma", "Media", "Media", None, attributes=()),
    ),
)
FULL = {
    "description": "A light shoe for every day.",
    "brand": "Kestrel",
    "price": 49.0,
    "link": "https://shop.example/1",
    "availability": "in_stock",
    "sku": "K-1",
    "gtin": "4006381333931",
    "product_type": "Shoes",
    "google_product_category": "187",
}


def shoe(id: str, title: str, measures: Sequence[ImageMeasures] = (), **offer: Any) -> StoredProduct:
    stored = stored_product(id, title, found={}, **(FULL | offer))
    category = CategoryScore("aa-8", SHOES, (0.99, 0.98), ("aa", "aa-8"))
    return replace(
        stored, understanding=replace(stored.understanding, category=category, image_measures=tuple(measures))
    )


def shoes(count: int = 120) -> list[StoredProduct]:
    """All with a colour, a size, a gender and an age group; five with a heel height."""
    return [
        shoe(
            f"shoe-{n}",
            f"Kestrel {COLOURS[n % 4]} runner {n}",
            attributes={
                "Farbe": COLOURS[n % 4],
                "Größe" if n % 2 else "size": str(38 + n % 6),
                "gender": "Unisex",
                "age_group": "adult",
                **({"heel height type": "flat"} if n < 5 else {}),
            },
        )
        for n in range(count)
    ]


def lacking(stored: StoredProduct, catalogue: Sequence[StoredProduct] | None = None, **asked: Any) -> Completeness:
    return completeness(stored, Expectations.of([*(catalogue or shoes()), stored], TREE, **asked))


def codes(answer: Completeness) -> set[tuple[str, str]]:
    return {(one.code, one.field) for one in answer.findings}


FILLED = {"colour": "Red", "size": "41", "gender": "Unisex", "age group": "adult"}


def test_a_full_product_lacks_nothing() -> None:
    answer = lacking(shoe("full", "Kestrel Red runner", attributes=FILLED))
    assert (codes(answer), answer.score) == (set(), 100)


def test_what_the_catalogue_usually_fills_is_missed_and_what_it_hardly_fills_is_not() -> None:
    answer = lacking(shoe("bare", "Kestrel runner"), sells_on=())
    missing = {key_of(field) for code, field in codes(answer) if code == "attribute_missing"}
    assert {"colour", "gender", "audience"} <= missing
    assert not {"heel height type", "toe style"} & missing


def test_what_shoes_have_is_not_missed_of_a_few_apples() -> None:
    apple = shoe("apple", "Red apple")
    grocery = CategoryScore("fb-1", ("Food", "Apples"), (0.99, 0.98), ("fb", "fb-1"))
    apple = replace(apple, understanding=replace(apple.understanding, category=grocery))
    assert "attribute_missing" not in {code for code, _ in codes(lacking(apple, sells_on=()))}


def test_the_words_that_say_a_missing_value_are_its_proof() -> None:
    stored = shoe("bare", "Kestrel Blue runner", attributes={"size": "41", "gender": "Unisex", "age group": "adult"})
    answer = lacking(stored)
    proposal = answer.proposals["colour"]
    assert (proposal.value, proposal.decision) == ("Blue", "auto")
    words = [one for one in proposal.evidence if one.source == "title"]
    assert all(stored.product.title[one.start : one.end] == one.says == "Blue" for one in words)
    assert words
    [finding] = [one for one in answer.findings if key_of(one.field) == "colour"]
    assert (finding.code, finding.proposed) == ("field_required", "Blue")
    assert finding.sentence == "It has no colour, which is required by Google Merchant Center."


def test_a_way_that_the_catalogue_has_not_proven_is_only_offered() -> None:
    few = shoes(12)
    answer = lacking(shoe("bare", "Kestrel Blue runner"), few)
    assert answer.proposals["colour"].decision == "review"


def test_a_way_that_is_mostly_wrong_proposes_nothing() -> None:
    """The titles name another colour than the field does."""
    crossed = [
        replace(one, product=replace(one.product, attributes={**one.product.attributes, "Farbe": COLOURS[(n + 1) % 4]}))
        for n, one in enumerate(shoes())
    ]
    assert "colour" not in lacking(shoe("bare", "Kestrel Blue runner"), crossed).proposals


def test_the_model_is_a_proof_of_its_own() -> None:
    def seen(stored: StoredProduct, value: str) -> StoredProduct:
        found = {"gender": Scored(value, 0.97)}
        return replace(stored, understanding=replace(stored.understanding, attributes=found))

    catalogue = [seen(one, "Unisex") for one in shoes()]
    proposal = lacking(seen(shoe("bare", "Kestrel runner"), "Unisex"), catalogue).proposals["gender"]
    assert (proposal.value, proposal.decision) == ("Unisex", "auto")
    assert [(one.source, one.says, one.score) for one in proposal.evidence] == [("model", "Unisex", 0.97)]


@pytest.mark.parametrize("name", ["Shoe size", "pa_size", "Größe", "尺码", "SIZE"])
def test_a_field_counts_however_it_is_spelt(name: str) -> None:
    others = {"colour": "Red", "gender": "Unisex", "age group": "adult"}
    assert "size" not in {
        key_of(field) for _, field in codes(lacking(shoe("one", "Kestrel Red", attributes={name: "41", **others})))
    }


def test_the_options_of_variants_count_and_their_numbers() -> None:
    variants = (Variant({"Size": "41"}, "K-41", "4006381333931"), Variant({"Size": "42"}, "K-42", "4006381333948"))
    stored = shoe("many", "Kestrel Red runner", variants=variants, sku="", gtin="", attributes={"colour": "Red"})
    fields = {field for _, field in codes(lacking(stored))}
    assert not {"size", "sku", "gtin, or brand and mpn"} & fields


def test_words_for_nothing_fill_nothing() -> None:
    answer = lacking(shoe("one", "Kestrel runner", attributes={**FILLED, "colour": "n/a"}))
    assert "colour" in {key_of(field) for _, field in codes(answer)}


@pytest.mark.parametrize(
    ("path", "offer", "asked"),
    [
        ("Home & Garden > Kettles", {"mpn": "R-1"}, None),
        ("Home & Garden > Kettles", {"mpn": ""}, ("field_required", "gtin, or brand and mpn")),
        ("Home & Garden > Kettles", {"mpn": "R-1", "brand": ""}, ("field_required", "gtin, or brand and mpn")),
        ("Apparel & Accessories > Shoes", {"mpn": ""}, ("field_recommended", "gtin, or brand and mpn")),
        ("Media > Books", {"mpn": "R-1"}, ("field_required", "gtin")),
    ],
)
def test_a_channel_asks_for_numbers_by_category(
    path: str, offer: dict[str, str], asked: tuple[str, str] | None
) -> None:
    stored = stored_product("x", "A thing", found={}, **(FULL | {"gtin": "", "google_product_category": path} | offer))
    found = {one for one in codes(completeness(stored, Expectations.of([stored], TREE))) if "gtin" in one[1]}
    assert found == ({asked} if asked else set())


def test_a_keychain_needs_a_colour_and_no_gender() -> None:
    path = "Apparel & Accessories > Handbag & Wallet Accessories > Keychains"
    stored = stored_product("x", "A thing", found={}, **(FULL | {"google_product_category": path}))
    fields = {field for _, field in codes(completeness(stored, Expectations.of([stored], TREE)))}
    assert fields & {"colour", "gender", "age group", "size"} == {"colour"}


def test_clothes_need_what_a_book_does_not() -> None:
    book = stored_product("book", "A field guide to birds", found={}, **FULL)
    category = CategoryScore("ma", ("Media",), (0.99,), ("ma",))
    book = replace(book, understanding=replace(book.understanding, category=category))
    fields = {field for _, field in codes(completeness(book, Expectations.of([*shoes(), *[book] * 20], TREE)))}
    assert not {"colour", "size", "gender", "age group", "brand"} & fields


def test_the_merchants_own_category_says_it_is_clothing_too() -> None:
    stored = stored_product("x", "Kestrel runner", found={}, **(FULL | {"google_product_category": " > ".join(SHOES)}))
    assert ("field_required", "size") in codes(completeness(stored, Expectations.of([stored], TREE)))


def test_the_score_is_the_sum_of_its_parts_and_each_part_says_what_it_lost() -> None:
    answer = lacking(shoe("bare", "RUNNER SHOES FOR EVERYONE SALE!", description="", price=None))
    assert answer.score == round(sum(part.points for part in answer.parts), 2) < 80
    assert sum(part.of for part in answer.parts) == 100
    for part in answer.parts:
        assert part.points + sum(one.points for one in part.reasons) == pytest.approx(part.of)
    told = {(one.code, one.field) for part in answer.parts for one in part.reasons}
    assert told == codes(answer)


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("Mug", "title_too_short"),
        ("杯子", "title_too_short"),
        ("KESTREL RUNNING SHOES FOR MEN", "title_capitals"),
        ("Kestrel shoe shoe for running", "title_repeats"),
        ("Kestrel runner, free shipping", "title_promotion"),
        ("Kestrel 跑步鞋 男款 包邮", "title_promotion"),
        ("Kestrel <b>runner</b> for men", "title_markup"),
        ("Salt &amp; pepper mill by Kestrel", "title_markup"),
        ("Kestrel runner " + "very light " * 15, "title_too_long"),
        ("Trail runner for men", "title_without_brand"),
    ],
)
def test_faults_of_titles(title: str, code: str) -> None:
    assert (code, "title") in codes(lacking(shoe("one", title, attributes=FILLED)))


@pytest.mark.parametrize(
    "title", ["Kestrel USB-C hub 4 TB", "Kestrel salt mill and pepper mill", "H&M T-shirt, 100 % cotton, Kestrel"]
)
def test_good_titles(title: str) -> None:
    assert not {code for code, field in codes(lacking(shoe("one", title, attributes=FILLED))) if field == "title"}


def test_faults_of_images() -> None:
    sharp = ImageMeasures(900, 900, 0.4, 0.02)
    catalogue = [
        replace(one, understanding=replace(one.understanding, image_measures=(sharp,)), hashes=one.hashes)
        for one in shoes()
    ]

    def faults(*measures: ImageMeasures, **offer: Any) -> set[str]:
        answer = lacking(shoe("one", "Kestrel Red runner", measures, attributes=FILLED, **offer), catalogue)
        return {code for code, field in codes(answer) if field == "image"}

    assert faults(sharp) == set()
    assert faults() == set()  # an earlier release measured none
    assert faults(ImageMeasures(240, 900, 0.4, 0.02)) == {"image_too_small"}
    assert faults(ImageMeasures(900, 900, 0.03, 0.02)) == {"image_blurred"}
    assert faults(ImageMeasures(900, 900, 0.4, 0.8)) == {"image_background"}


def test_a_product_without_an_image() -> None:
    stored = shoe("one", "Kestrel Red runner", attributes=FILLED)
    bare = replace(stored, image_refs=(), understanding=replace(stored.understanding, modalities_used=("text",)))
    assert ("image_missing", "image") in codes(lacking(bare))


def test_an_image_of_products_with_nothing_in_common_is_a_placeholder_and_one_of_variants_is_not() -> None:
    def of(titles: Sequence[str]) -> bool:
        own = [shoe(f"p{n}", title, attributes=FILLED) for n, title in enumerate(titles)]
        own = [replace(one, hashes=one.hashes._replace(images="same")) for one in own]
        return ("image_placeholder", "image") in codes(completeness(own[0], Expectations.of([*shoes(), *own], TREE)))

    assert of(["Kestrel trail boot", "Kestrel sandal", "Kestrel rain jacket"])
    assert not of(["Kestrel trail boot red", "Kestrel trail boot blue", "Kestrel trail boot green"])


def test_a_catalogue_of_titles_alone_misses_what_its_words_say() -> None:
    """Nobody has filled a colour, but the titles name one."""
    bare = [replace(one, product=replace(one.product, attributes={})) for one in shoes()]
    answer = lacking(shoe("one", "Kestrel Blue runner"), bare, sells_on=())
    assert {key_of(field) for code, field in codes(answer) if code == "attribute_missing"} == {"colour"}
    assert (answer.proposals["colour"].value, answer.proposals["colour"].decision) == ("Blue", "review")


def test_of_a_huge_title_the_beginning_is_read() -> None:
    huge = shoe("huge", "Kestrel Red runner " + "1 " * 50_000)
    began = time.process_time()
    lacking = completeness(huge, Expectations.of([*shoes(), huge], TREE))
    assert lacking.proposals["colour"].value == "Red"
    assert time.process_time() - began < 10


def test_the_word_that_repeats_stands_where_it_is_said_to() -> None:
    title = "Große İ Straße one STRASSE two Straße"
    proof = repeated(title)
    assert proof
    assert (proof.says, title[proof.start : proof.end]) == ("Straße", "Straße")


CLOTHES = Taxonomy(
    "1",
    (
        Node("aa", SHOES[0], SHOES[0], None, attributes=("Color",)),
        Node("aa-1", "Clothing", "Clothing", "aa", attributes=("Color", "Fabric", "Sleeve length type")),
        Node("aa-8", "Shoes", "Shoes", "aa", attributes=("Color", "Footwear material")),
    ),
)


def shirt(id: str, attributes: dict[str, str]) -> StoredProduct:
    stored = shoe(id, f"Halden shirt {id}", attributes=attributes)
    category = CategoryScore("aa-1", (SHOES[0], "Clothing"), (0.99, 0.98), ("aa", "aa-1"))
    return replace(stored, understanding=replace(stored.understanding, category=category))


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("Fabric", "Footwear material"),  # a name of clothes alone
        ("Material", "Material"),  # the merchant's for all
        ("pa_material", "pa_material"),
    ],
)
def test_what_is_asked_has_a_name_that_fits_the_category(given: str, asked: str) -> None:
    shirts = [shirt(str(n), {given: "Cotton", "Sleeve length type": "Long", "Season": "Summer"}) for n in range(30)]
    answer = completeness(sandal := shoe("sandal", "Kestrel sandal"), Expectations.of([*shirts, sandal], CLOTHES, ()))
    assert {field for code, field in codes(answer) if code == "attribute_missing"} == {asked, "Season"}


def test_one_accepted_name_does_not_rename_what_others_are_asked() -> None:
    shirts = [shirt(str(n), {"Material": "Cotton"}) for n in range(30)]
    sandals = [shoe(str(n), f"Kestrel sandal {n}", attributes={"Footwear material": "Cork"}) for n in range(30)]
    bare = shirt("bare", {})
    expectations = Expectations.of([*shirts, *sandals, bare], CLOTHES, ())
    assert expectations.name("material", bare) == "Material"
    assert expectations.name("material", sandals[0]) == "Footwear material"
