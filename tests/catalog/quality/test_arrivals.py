"""A product is looked at once, when it is stored: what it doubles is noted, and goes when it is no longer so."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.index.product_index import ProductIndex, open_index
from catalog.product import ContentHashes, Offer, Product, StoredProduct
from catalog.quality.arrivals import Arrivals, Doubles
from catalog.quality.arrivals.statistics import Statistics
from catalog.quality.audit.checks import Groups
from catalog.quality.groups.facts import read
from catalog.quality.groups.rarity import Rarity
from tests.support.stored import WIDTH, embedding, quick_folder, stored_product

OTHERS = ("Ceramic mug", "Desk lamp with LED", "Garden hose 20 m", "Leather wallet")
HEADPHONES, AGAIN = "Kestrel wireless headphones WH-510 black", "Kestrel WH510 headphones, wireless (black)"
WHITE = "Kestrel wireless headphones WH-510 white"
GTIN = "4006381333931"


def product(id: str, title: str, seed: int = 1, **fields: object) -> StoredProduct:
    """One that the model would accept; of the same seed the vectors are the same."""
    made = stored_product(id, title, embedding(seed), tags=(), **{"brand": "", "price": None} | fields)  # type: ignore[arg-type]
    return replace(made, understanding=replace(made.understanding, decision="auto"), added_at=None)


class Shop:
    """An index with some products in it, and the way into it."""

    def __init__(self, index: ProductIndex, folder: Path) -> None:
        self.index, self.apart = index, set[frozenset[str]]()
        self.words = folder / "words.json"
        self.arrivals = Arrivals(index, Doubles(index, self.words, self.said))
        self.arrivals.upsert([product(f"o{n}", title, 10 + n) for n, title in enumerate(OTHERS)])

    def said(self, ids: Collection[str]) -> set[frozenset[str]]:
        return {pair for pair in self.apart if not pair.isdisjoint(ids)}

    def put(self, *products: StoredProduct) -> list[StoredProduct]:
        return self.arrivals.upsert(products)

    def doubles(self, id: str) -> dict[str, str]:
        [stored] = self.index.get([id])
        assert stored is not None
        return {double.other: double.kind for double in stored.doubles}

    def decision(self, id: str) -> str:
        [stored] = self.index.get([id])
        assert stored is not None
        return stored.understanding.decision


@pytest.fixture
def shop() -> Iterator[Shop]:
    with quick_folder() as folder, open_index(folder / "index", WIDTH) as index:
        yield Shop(index, folder)


def test_the_later_product_is_told_of(shop: Shop) -> None:
    [first] = shop.put(product("1", HEADPHONES))
    [second] = shop.put(product("2", AGAIN))
    [third] = shop.put(product("3", WHITE))
    assert (first.doubles, first.understanding.decision) == ((), "auto")
    assert [(one.kind, one.other) for one in second.doubles] == [("duplicate", "1")]
    assert (second.understanding.decision, second.first_causes) == ("auto", ()), "its category is in no doubt"
    assert {(one.kind, one.axes) for one in third.doubles} == {("variant", ("colour",))}
    assert third.understanding.decision == "auto", "nothing is wrong with a variant"
    assert shop.doubles("2") == {"1": "duplicate"}


def test_doubles_that_come_together_are_found_and_an_audit_agrees(shop: Shop) -> None:
    shop.put(product("1", HEADPHONES), product("2", AGAIN), product("3", WHITE))
    assert (shop.doubles("1"), shop.doubles("2")) == ({}, {"1": "duplicate"})
    check = Groups()
    for products in shop.index.scan():
        for stored in products:
            check.learn(stored)
    found = {(one.code, frozenset((one.product, *one.others))) for one in check.of_catalogue()}
    assert ("duplicate", frozenset("12")) in found
    assert {code for code, ids in found if "3" in ids} == {"variant"}
    assert not any(ids & {"o0", "o1", "o2", "o3"} for _, ids in found)


def test_a_double_goes_with_the_product_that_it_doubles(shop: Shop) -> None:
    shop.put(product("1", HEADPHONES, gtin=GTIN))
    [second] = shop.put(product("2", AGAIN, gtin=GTIN))
    assert (second.understanding.decision, second.first_causes) == ("review", ("duplicate",))
    shop.arrivals.delete(["1"])
    assert (shop.doubles("2"), shop.decision("2")) == ({}, "auto")


def test_a_double_goes_and_comes_back_as_the_other_is_changed(shop: Shop) -> None:
    shop.put(product("1", HEADPHONES, gtin=GTIN))
    shop.put(product("2", AGAIN, gtin=GTIN))
    shop.put(product("1", "Iron kettle 2 l", 5))
    assert (shop.doubles("1"), shop.doubles("2"), shop.decision("2")) == ({}, {}, "auto")
    shop.put(product("1", HEADPHONES, gtin=GTIN))
    assert (shop.doubles("1"), shop.doubles("2"), shop.decision("2")) == ({}, {"1": "duplicate"}, "review")
    shop.put(product("2", "Iron kettle 2 l", 5))
    assert (shop.doubles("2"), shop.decision("2")) == ({}, "auto")


def test_a_new_offer_makes_and_mends_a_double(shop: Shop) -> None:
    shop.put(product("1", "Espresso machine", gtin=GTIN), product("2", "Coffee maker", 7, gtin="4006381333948"))
    offer = Offer(Product("2", title="Coffee maker", gtin=GTIN), ContentHashes("", "", "new"))
    assert shop.arrivals.update_offers([offer]) == 1
    assert (shop.doubles("2"), shop.decision("2")) == ({"1": "duplicate"}, "review")
    other = replace(offer.product, gtin="4006381333948")
    shop.arrivals.update_offers([offer._replace(product=other)])
    assert (shop.doubles("2"), shop.decision("2")) == ({}, "auto")


def test_what_a_person_has_told_apart_is_not_noted_again(shop: Shop) -> None:
    shop.put(product("1", HEADPHONES), product("2", AGAIN))
    shop.apart.add(frozenset("12"))
    shop.arrivals.look_again(["1", "2"])
    assert (shop.doubles("2"), shop.decision("2")) == ({}, "auto")
    shop.put(product("2", AGAIN + ", new"))
    assert shop.doubles("2") == {}
    shop.apart.clear()
    shop.arrivals.look_again(["1", "2"])
    assert shop.doubles("2") == {"1": "duplicate"}


def test_what_contradicts_itself_is_noted_by_the_place_that_stores_it(shop: Shop) -> None:
    [stored] = shop.put(product("1", "Black shirt", attributes={"colour": "Red"}))
    assert (stored.contradictions, stored.understanding.decision) == (("title_and_field_differ",), "review")
    shop.arrivals.update_offers([Offer(replace(stored.product, attributes={}), stored.hashes)])
    assert shop.decision("1") == "auto", "it was mended"
    mended = replace(stored.product, attributes={"colour": "Red"})
    shop.arrivals.update_offers([Offer(mended, stored.hashes)])
    assert shop.decision("1") == "review"


def test_words_are_counted_on_and_not_anew(shop: Shop) -> None:
    shop.put(*(product(f"k{n}", f"Kestrel lamp {n}", n) for n in range(60)))
    shop.arrivals.flush()
    kept = Statistics(shop.index, shop.words)
    exact = Rarity(read(stored.product) for products in shop.index.scan() for stored in products)
    assert kept.rarity.products == exact.products == 64
    assert [kept.rarity.of(word) for word in ("kestrel", "lamp", "mug", "unheard")] == [
        exact.of(word) for word in ("kestrel", "lamp", "mug", "unheard")
    ]
    shop.arrivals.forget()
    assert not shop.words.exists()


def test_words_of_a_sample_stand_for_all() -> None:
    titles = [f"Kestrel lamp number{n}" for n in range(50)]
    rarity = Rarity(read(Product(str(n), title=title)) for n, title in enumerate(titles))
    rarity.stand_for(5_000)
    assert rarity.of("kestrel") < rarity.of("number7") < 1, "that only one product of 50 has it does not say much"
    back = Rarity.from_dict(rarity.to_dict())
    assert [back.of(word) for word in ("kestrel", "unheard")] == [rarity.of(word) for word in ("kestrel", "unheard")]
    assert rarity.wordings_with(frozenset({"kestrel", "lamp"})) == 5_000
