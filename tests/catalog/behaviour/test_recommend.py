"""What is recommended, and why, over a real index."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from catalog.behaviour.events import Event
from catalog.behaviour.mixture import DEFAULT, weights_of
from catalog.behaviour.recommend import Reason, Recommendation, Wanted
from catalog.behaviour.shop import Behaviour
from catalog.errors import ProductNotFound
from catalog.index.filters import OneOf, Price
from catalog.index.product_index import ProductIndex, open_index
from catalog.product import StoredProduct
from tests.support.stored import WIDTH, quick_folder, stored_product, unit

NOW, DAY = 1.7e9, 86_400.0
AXES = np.eye(WIDTH, dtype=np.float32)


def product(id: str, axis: int, lean: float = 0.0, **offer: object) -> StoredProduct:
    """lean: towards the last axis."""
    return stored_product(id, f"Title of {id}", unit(AXES[axis] + lean * AXES[-1]), **offer)  # type: ignore[arg-type]


@pytest.fixture
def index() -> Iterator[ProductIndex]:
    with quick_folder() as folder, open_index(folder, WIDTH) as index:
        index.upsert([product(f"p{number}", number, price=float(number)) for number in range(8)])
        yield index


@pytest.fixture
def shop(index: ProductIndex, tmp_path: Path) -> Iterator[Behaviour]:
    behaviour = Behaviour(tmp_path / "behaviour.sqlite", index)
    yield behaviour
    behaviour.close()


def met(shopper: str, product: str, days: float, kind: str = "view") -> Event:
    """days: before now."""
    return Event(shopper, kind, product, NOW - days * DAY)  # type: ignore[arg-type]


def ids(found: list[Recommendation]) -> list[str]:
    return [one.stored.id for one in found]


def reasons(found: list[Recommendation]) -> dict[str, Reason]:
    return {one.stored.id: one.reason for one in found}


def test_without_events_there_is_what_is_new_and_no_file(index: ProductIndex, tmp_path: Path) -> None:
    shop = Behaviour(tmp_path / "behaviour.sqlite", index)
    index.upsert([product("latest", 3)])
    found = shop.recommend("nobody", Wanted(limit=3), NOW)
    assert ids(found)[0] == "latest"
    assert {one.reason for one in found} == {Reason("new")}
    assert (shop.bought_together("p1", 5), shop.events("nobody", 5), shop.forget("nobody")) == ([], [], 0)
    assert shop.file.scrub()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ProductNotFound, match="No product with this id"):
        shop.bought_together("unknown", 5)
    shop.close()


def test_each_reason_names_what_speaks_for_it(shop: Behaviour, index: ProductIndex) -> None:
    for number in range(6):
        shop.add([met(f"s{number}", "p1", 9), met(f"s{number}", "p2", 9)])
        shop.add([met(f"t{number}", "p1", 9), met(f"t{number}", "p3", 7)])
    index.upsert([product("twin", 1, 0.2)])
    shop.add([met("me", "p6", 20, "purchase")])
    found = reasons(shop.recommend_after([met("me", "p6", 20, "purchase"), met("me", "p1", 0)], Wanted(limit=9), NOW))
    assert found["p2"] == Reason("together", "p1")
    assert found["p3"] == Reason("later", "p1")
    assert found["twin"] == Reason("alike", "p1")
    assert found["p6"] == Reason("earlier", "p6")
    assert "p1" not in found, "it is looked at already"
    assert reasons(shop.recommend("stranger", Wanted(limit=1), NOW)) == {"p1": Reason("popular")}


def test_a_product_is_recommended_as_soon_as_it_is_stored(shop: Behaviour, index: ProductIndex) -> None:
    shop.add([met("me", "p1", 0.001)])
    assert "fresh" not in ids(shop.recommend("me", Wanted(), NOW))
    index.upsert([product("fresh", 1, 0.1)])
    found = shop.recommend("me", Wanted(), NOW)
    assert found[0].stored.id == "fresh"
    assert found[0].reason == Reason("alike", "p1")
    index.delete(["fresh"])
    assert "fresh" not in ids(shop.recommend("me", Wanted(), NOW))


def test_one_event_changes_what_comes_next(shop: Behaviour) -> None:
    for number in range(5):
        shop.add([met(f"s{number}", "p4", 3), met(f"s{number}", "p5", 3)])
    before = shop.recommend("me", Wanted(limit=1, exclude=frozenset({"p4"})), NOW)
    assert before[0].reason.source == "popular"
    shop.add([met("me", "p4", 0)])
    assert shop.recommend("me", Wanted(limit=1), NOW)[0].reason == Reason("together", "p4")


def test_only_what_may_be_had_and_passes_is_recommended(shop: Behaviour, index: ProductIndex) -> None:
    shop.add([met(f"s{number}", product, 1) for number in range(3) for product in ("p1", "p2", "p3", "gone")])
    index.upsert([product("p2", 2, availability="out_of_stock"), product("p3", 3, price=3.0, brand="Nike")])
    found = ids(shop.recommend_after([met("", "p1", 0)], Wanted(limit=20), NOW))
    assert "p3" in found
    assert not {"p1", "p2", "gone"} & set(found)
    assert ids(shop.recommend("s1", Wanted(filter=OneOf("brand", ("Nike",))), NOW)) == ["p3"]
    cheap = shop.recommend("s1", Wanted(filter=Price(lte=2)), NOW)
    assert set(ids(cheap)) == {"p0", "p1"}
    assert "p3" not in ids(shop.recommend("s1", Wanted(limit=20, exclude=frozenset({"p3"})), NOW))
    assert not {"p1", "p3"} & set(ids(shop.recommend("s1", Wanted(limit=20, again=False), NOW)))


def test_diversity_keeps_near_equal_products_apart(shop: Behaviour, index: ProductIndex) -> None:
    index.upsert([product(f"same{number}", 2, 0.01 * number) for number in range(3)] + [product("other", 5, 0.3)])
    for number in range(4):
        for later in ("same0", "same1", "same2", "other"):
            shop.add([met(f"s{number}{later}", "p7", 5), met(f"s{number}{later}", later, 5)])
    session = [met("", "p7", 0)]
    assert len(ids(shop.recommend_after(session, Wanted(limit=2, diversity=0.0), NOW))) == 2
    apart = ids(shop.recommend_after(session, Wanted(limit=2, diversity=0.9), NOW))
    assert len([id for id in apart if id.startswith("same")]) <= 1


def test_bought_together_is_of_purchases_of_one_visit(shop: Behaviour) -> None:
    for number in range(4):
        bought = [met(f"s{number}", product, 2, "purchase") for product in ("p1", "p2")]
        shop.add([*bought, met(f"s{number}", "p3", 2), met(f"s{number}", "p4", 1, "purchase")])
    found = shop.bought_together("p1", 5)
    assert [(one.stored.id, one.times) for one in found] == [("p2", 4)]


def test_each_shop_learns_whether_its_shoppers_buy_again(index: ProductIndex, tmp_path: Path) -> None:
    shares = {}
    for name, again in (("again", True), ("ever new", False)):
        shop = Behaviour(tmp_path / f"{name}.sqlite", index)
        for shopper in range(40):
            bought = [f"p{(shopper + (0 if again else visit)) % 8}" for visit in range(4)]
            shop.add([met(f"s{shopper}", product, 30 - visit, "purchase") for visit, product in enumerate(bought)])
        shop.learn()
        shares[name] = shop.mixture.first
        shop.forget("s1")
        assert shop.mixture.first == DEFAULT, "what was learnt of somebody who is forgotten is forgotten"
        shop.close()
    assert shares["again"]["earlier"] > 2 * shares["ever new"]["earlier"]
    assert shares["ever new"]["later"] > shares["again"]["later"]


def test_weights_are_the_shares_of_the_sources_that_were_right() -> None:
    right = [{"earlier": 0.5, "popular": 0.0}] * 300 + [{"earlier": 0.0, "popular": 0.5}] * 100  # type: ignore[list-item]
    weights = weights_of(right)
    assert weights["earlier"] == pytest.approx(0.75, abs=0.02)
    assert weights["popular"] == pytest.approx(0.25, abs=0.02)
    assert sum(weights.values()) == pytest.approx(1)
    assert weights_of(right[:5]) == DEFAULT
