"""Groups of products: what is one product, what a variant of it, and why."""

import random
from itertools import combinations, pairwise

import numpy as np
import pytest

from catalog import Product
from catalog.quality.groups import Grouping, Item, PairVerdict, Scorer, fit, promised
from catalog.quality.groups.candidates import COMPARED
from catalog.quality.groups.clustering import SAMPLE, cluster, core

MUGS = ["Northfield stoneware mug", "Verdano ceramic teapot", "Halden merino sweater", "Corvo steel desk lamp LX-200"]


def grouping(*products: Product, **options: object) -> Grouping:
    found = Grouping(**options)  # type: ignore[arg-type]
    found.add_all(Item(one) for one in (*products, *(Product(id=f"rest {n}", title=t) for n, t in enumerate(MUGS))))
    return found


def judged(one: Product | str, other: Product | str) -> PairVerdict:
    left, right = (Product(title=each) if isinstance(each, str) else each for each in (one, other))
    both = (Product(id="a", **_fields(left)), Product(id="b", **_fields(right)))
    return grouping(*both).judge("a", "b")


def _fields(product: Product) -> dict[str, object]:
    names = ("title", "description", "brand", "price", "gtin", "mpn", "attributes")
    return {name: getattr(product, name) for name in names}


PAIRS = [
    ("Kestrel wireless headphones WH-510 black", "Kestrel WH510 headphones, wireless (black)"),
    ("Kestrel wireless headphones WH-510 black", "Kestrel wireless headphones WH-720 black"),
    (
        Product(title="Pinegrove rice 500 g", brand="Pinegrove", price=2.5, gtin="4006381333931"),
        Product(title="Pinegrove basmati rice 1 kg", brand="Pinegrove", price=4.5, gtin="4006381333948"),
    ),
    (
        Product(title="Desk lamp", description="A lamp of steel for the desk, 40 W", brand="Corvo", price=30),
        Product(title="Corvo LX-200 desk lamp", description="Steel, 40 W", price=31),
    ),
    ("", "Desk lamp"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_reasons_add_up_to_the_score_exactly_in_any_order(one: Product | str, other: Product | str) -> None:
    verdict = judged(one, other)
    weights = [reason.weight for reason in verdict.reasons]
    assert sum(weights) == sum(reversed(weights)) == verdict.score
    assert all(reason.text.endswith(".") for reason in verdict.reasons)


def test_the_score_is_that_by_which_groups_are_made() -> None:
    products = [
        Product(id=str(n), title=title) for n, title in enumerate(("Lamp LX-200 steel", "Steel lamp LX200", "Lamp LX"))
    ]
    catalogue = grouping(*products)
    for one, other in combinations("012", 2):
        assert catalogue.judge(one, other).score == catalogue.duplicate_score(one, other)


def test_one_product_in_other_words_is_a_duplicate() -> None:
    verdict = judged("Kestrel wireless headphones WH-510 black", "Kestrel WH510 headphones, wireless (black)")
    assert (verdict.kind, verdict.axes) == ("duplicate", ())
    assert any("wh510" in reason.text and reason.weight > 0 for reason in verdict.reasons)


@pytest.mark.parametrize(
    ("one", "other", "axis", "said"),
    [
        ("Halden sweater navy blue", "Halden sweater blue", "colour", "navy the one, blue the other"),
        ("Halden Pullover schwarz", "Halden Pullover, white", "colour", "black the one, white the other"),
        ("Halden merino sweater XL", "Halden merino sweater, XS", "size", "XL the one, XS the other"),
        ("Fenn running shoe size 42", "Fenn running shoe size 44", "size", "42 the one, 44 the other"),
        ("Brell stick 64GB", "Brell stick 128 GB", "capacity", "64 GB the one, 128 GB the other"),
        ("Brell stick 1TB", "Brell stick 512 gb", "capacity", "1000 GB the one, 512 GB the other"),
        ("Pinegrove rice 500 g", "Pinegrove rice 1 kg", "weight", "0.5 kg the one, 1 kg the other"),
        ("Olive soap pack of 2", "Olive soap 6-pack", "pack", "2 in a pack the one, 6 in a pack the other"),
    ],
)
def test_variants_say_what_they_differ_in(one: str, other: str, axis: str, said: str) -> None:
    verdict = judged(one, other)
    assert (verdict.kind, verdict.axes) == ("variant", (axis,))
    reason = next(reason for reason in verdict.reasons if reason.about == axis)
    assert said in reason.text
    assert reason.weight < 0


def test_the_merchants_own_fields_tell_variants_apart() -> None:
    verdict = judged(
        Product(title="Halden sweater", attributes={"Color": "Red", "Size": "M"}),
        Product(title="Halden sweater", attributes={"Color": "Green", "Size": "L"}),
    )
    assert (verdict.kind, verdict.axes) == ("variant", ("colour", "size"))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Brell stick 64GB", "Brell stick 64 gb"), ("Tape 2.5 cm", "Tape 25mm"), ("Soap 500 ml", "Soap 0,5 l")],
)
def test_one_measure_in_two_units_is_no_difference(one: str, other: str) -> None:
    verdict = judged(one, other)
    assert (verdict.kind, verdict.axes) == ("duplicate", ())


def test_a_gtin_in_common_outweighs_a_colour() -> None:
    one, other = (Product(title=f"Halden sweater {name}", gtin="04006381333931") for name in ("red", "crimson wine"))
    assert judged(one, other).kind == "duplicate"


def test_another_model_number_looks_alike_only() -> None:
    verdict = judged("Kestrel wireless headphones WH-510 black", "Kestrel wireless headphones WH-720 black")
    assert verdict.kind == "look-alike"
    assert any("wh510" in reason.text and "wh720" in reason.text for reason in verdict.reasons)


def test_families_hold_the_variants_and_groups_the_duplicates() -> None:
    titles = ["Fenn trail shoe red", "Fenn trail shoe, red", "Fenn trail shoe green", "Fenn trail shoe black"]
    catalogue = grouping(*(Product(id=str(n), title=title) for n, title in enumerate(titles)))
    family = next(one for one in catalogue.families() if "0" in one.groups[0].products)
    assert [group.products for group in family.groups] == [("0", "1"), ("2",), ("3",)]
    assert family.axes == ("colour",)


def test_an_axis_that_is_ignored_parts_nothing() -> None:
    titles = ["Fenn trail shoe red", "Fenn trail shoe green"]
    catalogue = grouping(*(Product(id=str(n), title=title) for n, title in enumerate(titles)), ignored=("colour",))
    assert ("0", "1") in [group.products for group in catalogue.groups()]


def test_one_wrong_pair_does_not_join_two_groups() -> None:
    left, right = [f"a{n}" for n in range(4)], [f"b{n}" for n in range(4)]

    def score(one: str, other: str) -> float:
        if {one, other} == {"a0", "b0"}:
            return 5.0  # the wrong pair, and the surest of all
        return 3.0 if one[0] == other[0] else -3.0

    ids = [*left, *right]
    edges = [(score(one, other), one, other) for one, other in combinations(ids, 2)]
    assert cluster(left + right, [edge for edge in edges if edge[1:] != ("a0", "b0")], score) == [left, right]
    joined = cluster(ids, edges, score)
    assert not any({"a1", "b1"} <= set(group) for group in joined)


def test_a_group_of_many_asks_for_a_bounded_number_of_scores() -> None:
    asked = []

    def score(one: str, other: str) -> float:
        asked.append((one, other))
        return 1.0

    ids = [str(n) for n in range(200)]
    assert cluster(ids, [(1.0, one, other) for one, other in pairwise(ids)], score) == [ids]
    assert len(asked) <= 200 * SAMPLE * SAMPLE


def test_candidates_of_a_product_are_bounded_however_alike_all_are() -> None:
    words, chance = [f"word{chr(97 + n)}" for n in range(12)], random.Random(0)
    for count in (100, 400):
        catalogue = Grouping()
        catalogue.add_all(
            Item(Product(id=str(n), title=" ".join(chance.sample(words, 5)) + f" x{n % 7}")) for n in range(count)
        )
        assert len(catalogue.candidates()) <= count * (COMPARED + SAMPLE * SAMPLE)


def test_a_new_product_joins_its_group_or_has_its_own() -> None:
    catalogue = grouping(Product(id="0", title="Kestrel wireless headphones WH-510 black"))
    assert catalogue.add(Item(Product(id="1", title="Kestrel WH510 wireless headphones black"))).products == ("0", "1")
    assert catalogue.add(Item(Product(id="2", title="Kestrel WH510 wireless headphones white"))).products == ("2",)
    assert catalogue.add(Item(Product(id="3", title="Garden hose 20 m"))).products == ("3",)
    assert {group.products for group in catalogue.groups()} >= {("0", "1"), ("2",), ("3",)}


def test_products_that_an_index_finds_near_are_compared_too() -> None:
    vector = np.array([1, 0], np.float32)
    catalogue = Grouping()
    catalogue.add_all([Item(Product(id="0", title="Sofa"), {"both": vector})])
    catalogue.add(Item(Product(id="1", title="Couch"), {"both": vector}, near=("0", "unknown")))
    assert ("0", "1") in catalogue.candidates()
    assert any(reason.about == "vectors" and reason.weight > 0 for reason in catalogue.judge("0", "1").reasons)


def test_only_what_the_contract_promises_is_merged_unseen() -> None:
    titles = ["Kestrel headphones WH-510", "Kestrel WH510 headphones", "Kestrel headphones"]
    products = [Product(id=str(n), title=title) for n, title in enumerate(titles)]
    assert all(group.sure == () for group in grouping(*products).groups())
    scores, same = [n / 100 for n in range(1000)], [n > 300 for n in range(1000)]
    contract = promised(scores, same)
    assert contract.target == 0.98
    sure = next(group.sure for group in grouping(*products, contract=contract).groups() if "0" in group.products)
    assert set(sure) <= {"0", "1", "2"}


def test_the_core_of_a_group_has_no_pair_below_the_threshold() -> None:
    scores = {("a", "b"): 5.0, ("a", "c"): 4.0, ("b", "c"): 1.0, ("a", "d"): 4.5, ("b", "d"): 4.5, ("c", "d"): 0.0}
    assert core("abcd", 3.0, lambda one, other: scores[min(one, other), max(one, other)]) == ["a", "b", "d"]
    assert core("abcd", 6.0, lambda one, other: scores[min(one, other), max(one, other)]) == []


def test_what_is_taught_keeps_the_signs_and_learns_from_judged_pairs() -> None:
    chance = random.Random(0)
    values, same = [], []
    for _ in range(400):
        alike = chance.random() < 0.5
        values.append({"same brand": 1.0, "rarest word in common": 0.9 if alike else 0.1, "far price": chance.random()})
        same.append(alike)
    scorer = fit(values, np.array(same))
    assert scorer.part("rarest word in common", 0.95) > 1
    assert all(curve[-1] <= 0 for name, curve in scorer.curves.items() if name.startswith(("other", "far", "own")))
    assert Scorer.from_dict(scorer.to_dict()) == scorer
    assert np.mean([(scorer.score(one).total > 0) == truth for one, truth in zip(values, same, strict=True)]) > 0.95


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Corvo KD49XF7005BAEP television", "Corvo KD 49XF7005 BAEP LED television"),
        ("Corvo KD49XF7005BU television", "Corvo KD 49XF7005 BAEP LED television"),
        ("Brell washer WMTF722H white", "Brell WMTF 722 H washer white"),
        ("Corvo 49LK5100PLA full HD television", "49LK5100PLA Corvo television FHD"),
    ],
)
def test_a_model_number_in_parts_or_with_another_ending_is_one(one: str, other: str) -> None:
    verdict = judged(one, other)
    assert verdict.kind == "duplicate"
    assert any(reason.about == "model" and reason.weight > 0 for reason in verdict.reasons)
    assert not any("Other numbers" in reason.text for reason in verdict.reasons)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Brell washer BHWD129", "Brell washer BHWD1291"),  # a number goes on
        ("Brell washer WTG741M1W", "Brell washer WTG741M1B"),  # another letter right after the last digit
    ],
)
def test_a_model_number_that_goes_on_otherwise_is_another_one(one: str, other: str) -> None:
    assert judged(one, other).kind != "duplicate"


def test_an_edition_in_one_title_only_speaks_against_one_product() -> None:
    edition = judged("Kestrel phone 8 64 GB", "Kestrel phone 8 Plus 64 GB")
    assert edition.score < judged("Kestrel phone 8 64 GB", "Kestrel phone 8 steel 64 GB").score - 1
    assert any("plus" in reason.text and reason.weight < -2 for reason in edition.reasons)


def test_what_is_in_the_titles_of_many_joins_nothing() -> None:
    named = [Product(id=f"make {n}", title=f"Make{'abcdefgh'[n // 8]}{'ijklmnop'[n % 8]} washer") for n in range(64)]
    catalogue = grouping(*named, Product(id="one", title="Washer"), Product(id="other", title="Washer"))
    assert all(len(group.products) == 1 for group in catalogue.groups())
    reasons = {reason.about: reason for reason in catalogue.judge("one", "other").reasons}
    assert reasons["common"].weight < -2
    assert "no number is shared" in reasons["common"].text


def test_families_hold_groups_whose_first_products_were_not_compared() -> None:
    titles = {"a": "Kestrel WH-510 headphones black", "b": "Kestrel WH510 headphones black", "c": "Kestrel WH-510 red"}
    catalogue = Grouping()
    catalogue.add_all([Item(Product(id=one, title=title)) for one, title in titles.items()], [("a", "b"), ("b", "c")])
    (family,) = catalogue.families()
    assert [group.products for group in family.groups] == [("a", "b"), ("c",)]


def test_a_product_in_many_sizes_is_one_family() -> None:
    """What its variants have in common is in many titles, and yet of one wording."""
    sizes = [f"{size} cm" for size in range(20, 80, 2)]
    catalogue = grouping(*(Product(id=str(n), title=f"Fenn trail rug {size}") for n, size in enumerate(sizes)))
    verdict = catalogue.judge("0", "1")
    assert (verdict.kind, verdict.axes) == ("variant", ("size",))
