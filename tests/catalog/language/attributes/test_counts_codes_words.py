"""Packs, pieces, ages; model numbers and GTINs; labelled fields; colours, materials and closures."""

import pytest

from catalog.language.attributes.grammar.read import by_grammar


def said(text: str) -> set[tuple[str, str, object]]:
    found = by_grammar(text)
    assert all(text[one.start : one.end] == one.value for one in found)
    return {(one.name, one.value, one.normalised) for one in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Soap (Pack of 6)", ("pack_count", "Pack of 6", 6.0)),
        ("Soap 6-pack", ("pack_count", "6-pack", 6.0)),
        ("Brushes 5pk", ("pack_count", "5pk", 5.0)),
        ("Vitamin C, 1,000 Count", ("count", "1,000 Count", 1000.0)),
        ("Labels 100/Box", ("count", "100/Box", 100.0)),
        ("Paper, 50 Sheets/Pack", ("count", "50 Sheets/Pack", 50.0)),
        ("Pens, 2 dozen", ("count", "2 dozen", 24.0)),
        ("Card with dual port", ("ports", "dual port", 2.0)),
        ("蜂蜜500g*2瓶", ("pack_count", "2瓶", 2.0)),
        ("面膜三盒装", ("pack_count", "三盒装", 3.0)),
        ("Blocks, ages 3-5 years", ("age", "ages 3-5 years", (3.0, 5.0))),
        ("Blocks ages 3+", ("age", "ages 3+", (3.0, None))),
        ("Baby bottle 6 months", ("age", "6 months", 0.5)),
        ("积木3岁以上", ("age", "3岁以上", (3.0, None))),
    ],
)
def test_counts_and_ages(text: str, expected: tuple[str, str, object]) -> None:
    assert expected in said(text)


def test_carats_and_counts_have_one_sign() -> None:
    [found] = by_grammar("diamond band 5 ct")
    assert (found.name, [one.name for one in found.others]) == ("count", ["carat_weight"])


def test_a_warranty_is_no_age() -> None:
    assert said("Drill with 2 years warranty") == set()


def test_codes() -> None:
    assert ("gtin", "042976574666", "042976574666") in said("UPC: 042976574666")
    assert said("UPC: 042976574667") == set()  # its check digit is wrong
    assert ("model_number", "WT-30S120", "WT30S120") in said("Work table WT-30S120")
    assert ("part_number", "375863-016", "375863016") in said("Drive tray 375863-016")
    assert ("part_number", "AB-12", "AB12") in said("Part# AB-12")
    assert {name for name, _, _ in said("Covid-19 3D mask, 100% new, 36-Count")} == {"count"}


def test_labelled_fields() -> None:
    text = "Nice bowl. Color(s): Black; Material: Faux leather; Flavor: Sweet Chili. Brand: Acme"
    assert {("color", "Black", "Black"), ("material", "Faux leather", "Faux leather")} <= said(text)
    assert {("flavor", "Sweet Chili", "Sweet Chili"), ("brand", "Acme", "Acme")} <= said(text)
    assert {("color", "酒红色", "Red"), ("brand", "丸美", "丸美")} <= said("颜色：酒红色；品牌：丸美")


def test_words_have_the_value_of_shopifys_tree() -> None:
    assert {("color", "grey", "Gray"), ("material", "viscose", "Rayon")} <= said("grey viscose shirt")
    assert ("closure", "velcro", "Hook & loop") in said("Shoe with velcro")
    assert {("material", "纯棉", "Cotton"), ("closure", "拉链", "Zipper")} <= said("纯棉拉链外套")
    assert said("black tea, greyhound") == set()


def test_a_word_that_often_says_something_else_is_less_sure() -> None:
    [rose], [red] = by_grammar("rose soap"), by_grammar("red soap")
    assert rose.confidence < red.confidence


@pytest.mark.parametrize(
    ("text", "size", "normalised"),
    [
        ("Match Football, Size 5", "5", "5"),
        ("T-Shirt, Navy, XL", "XL", "XL"),
        ("Shirt size medium", "medium", "M"),
        ("Shirt 2XL", "2XL", "XXL"),
        ("Loafer,7 M US", "7 M US", "7 M US"),
        ("Clog, 10.5 2E US", "10.5 2E US", "10.5 2E US"),
        ("EU 42 boot", "EU 42", "EU 42"),
        ("连衣裙 尺码：L", "L", "L"),
    ],
)
def test_sizes(text: str, size: str, normalised: str) -> None:
    assert ("size", size, normalised) in said(text)


@pytest.mark.parametrize(
    "text",
    [
        "size: 10 x 20 cm",
        "Size 5 oz",
        "various sizes",
        "iPhone XS",
        "M&M",
        "Vitamins A, D",
        "USB 3",
        "US 2023",
        "Contact us 5 times",
    ],
)
def test_what_is_no_size(text: str) -> None:
    assert "size" not in {name for name, _, _ in said(text)}


def test_the_colour_of_a_part_is_not_surely_that_of_the_product() -> None:
    found = {one.value: one.confidence for one in by_grammar("Watch, Blue Dial and Leather Strap, Black")}
    assert found["Blue"] == found["Leather"] == 0.5
    assert found["Black"] > 0.5


@pytest.mark.parametrize(
    "text", ["Orange Juice", "Golden Delicious apple", "Silk Tie", "白麝香", "红茶", "Peach yoghurt"]
)
def test_what_only_sounds_like_a_colour_or_a_closure(text: str) -> None:
    assert not {"color", "closure"} & {name for name, _, _ in said(text)}


@pytest.mark.parametrize(
    ("text", "value"), [("Trousers, Sand", "Beige"), ("Wallet (Cognac)", "Brown"), ("帽子 黑", "Black")]
)
def test_a_word_that_stands_where_colours_stand_may_be_one(text: str, value: str) -> None:
    [found] = [one for one in by_grammar(text) if one.name == "color"]
    assert (found.normalised, found.confidence) == (value, 0.5)


def test_how_many_something_holds_is_no_count_of_it() -> None:
    assert not {name for name, _, _ in said("Wallet with six card slots, 12 bottle rack")} & {"count", "pack_count"}
