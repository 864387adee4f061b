"""Recommendations beside a plain computation of them: every event is counted anew, every product read when it is asked
for, and whole.
"""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pytest

from catalog.arrays import Floats
from catalog.behaviour.events import Event
from catalog.behaviour.mixture import Mixture
from catalog.behaviour.pairs import pairs_of
from catalog.behaviour.recommend import LOOKED_AT, Reason, Wanted, diverse, weights_for
from catalog.behaviour.shop import Behaviour
from catalog.behaviour.shoppers import decayed, shopper_vector
from catalog.behaviour.sources import (
    ALIKE,
    LATER_CHANCE,
    PARTNERS,
    POPULAR,
    STEP,
    TEMPERATURE,
    TOGETHER,
    TOGETHER_CHANCE,
    Situation,
    Source,
    bought_earlier,
    situation,
)
from catalog.index.filters import Filter, Price
from catalog.index.product_index import ProductIndex, open_index
from catalog.storage.database import StorePlace
from tests.support import postgres
from tests.support.stored import WIDTH, quick_folder, stored_product, unit

NOW, PRODUCTS, SHOPPERS = 1.7e9, 60, 12

Told = list[tuple[str, float, Reason]]
Likely = dict[str, float]


@pytest.fixture
def index() -> Iterator[ProductIndex]:
    draw = np.random.default_rng(0)
    with quick_folder() as folder, open_index(folder, WIDTH) as index:
        for number in range(PRODUCTS):
            offer = {"availability": "out_of_stock"} if number % 9 == 4 else {}
            vector_E = unit(draw.normal(size=WIDTH).astype(np.float32))
            index.upsert([stored_product(f"p{number:02}", f"Title {number}", vector_E, price=float(number), **offer)])  # type: ignore[arg-type]
        yield index


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorePlace]:
    if request.param == "sqlite":
        yield tmp_path_factory.mktemp("state") / "behaviour.sqlite"
        return
    with postgres.state() as database:
        yield database


def made_up(seed: int) -> list[Event]:
    """Of shoppers who come several times, to few products each."""
    dice, found = random.Random(seed), list[Event]()
    for shopper in range(SHOPPERS):
        time = NOW - 86_400 * dice.randrange(2, 60)
        for number in range(dice.randrange(2, 25)):
            time = min(time + dice.choice((0.0, 90.0, 600.0, 90_000.0)), NOW)
            kind = dice.choice(("view", "cart", "purchase"))
            product = f"p{(4 * shopper + dice.randrange(12)) % (PRODUCTS + 2):02}"  # two are not stored
            found.append(Event(f"s{shopper}", kind, product, time, "", f"{shopper}-{number:02}"))  # type: ignore[arg-type]
    return found


def plainly(events: Iterable[Event], index: ProductIndex, shopper: str, wanted: Wanted, mixture: Mixture) -> Told:
    events = sorted(events, key=lambda event: (event.time, event.id))
    now = situation([event for event in events if event.shopper == shopper][-50:], NOW)
    given = given_plainly(events, index, now, wanted.filter)
    scores: Likely = {}
    loudest: dict[str, tuple[float, Source]] = {}
    for source, likely in given.items():
        for product, one in likely.items():
            part = weights_for(now, mixture)[source] * one
            scores[product] = scores.get(product, 0.0) + part
            if part > loudest.get(product, (0.0, source))[0]:
                loudest[product] = part, source
    order = sorted(scores, key=lambda product: (-scores[product], product))
    order = [product for product in order if product not in {event.product for event in now.visit}]
    there = dict[str, Floats]()
    for start in range(0, len(order), LOOKED_AT * wanted.limit):
        some = order[start : start + LOOKED_AT * wanted.limit]
        there |= {product: vector(index, product) for product in some if may_be_had(index, product, wanted.filter)}
        if len(there) >= wanted.limit:
            break
    best = diverse(there, wanted.limit, wanted.diversity)
    return [(product, scores[product], reason(events, index, now, product, loudest[product][1])) for product in best]


def given_plainly(
    events: Sequence[Event], index: ProductIndex, now: Situation, filter: Filter | None
) -> dict[Source, Likely]:
    weight = decayed(now.speaking, STEP)
    visited = {event.product for event in now.visit}
    counts = Counter(event.product for event in events)
    popular = dict(sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:POPULAR])
    return {
        "earlier": dict(bought_earlier(now).likely),
        "together": paired(events, TOGETHER, {id: weight[id] for id in now.speaking if id in visited}, TOGETHER_CHANCE),
        "later": paired(events, ("later",), weight, LATER_CHANCE),
        "alike": alike(index, now, filter),
        "popular": {id: count / sum(popular.values()) for id, count in popular.items()},
    }


def partners(events: Sequence[Event], kinds: Sequence[str], product: str) -> Counter[str]:
    found = Counter[str]()
    for kind in kinds:
        of_kind = Counter[str]()
        for shopper in {event.shopper for event in events}:
            for pair, count in pairs_of([event for event in events if event.shopper == shopper]).items():
                if (pair.kind, pair.first) == (kind, product):
                    of_kind[pair.second] += count
        found.update(dict(sorted(of_kind.items(), key=lambda one: (-one[1], one[0]))[:PARTNERS]))
    return found


def paired(events: Sequence[Event], kinds: Sequence[str], weights: Likely, chance: int) -> Likely:
    likely: Likely = {}
    for product, weight in weights.items():
        counts = partners(events, kinds, product)
        for other, count in counts.items():
            likely[other] = likely.get(other, 0.0) + weight * count / (sum(counts.values()) + chance)
    return likely


def alike(index: ProductIndex, now: Situation, filter: Filter | None) -> Likely:
    known = {id: vector(index, id) for id in now.speaking if index.get([id]) != [None]}
    vector_E = shopper_vector(known, decayed(now.speaking, STEP))
    near = [] if vector_E is None else index.nearest(vector_E, ALIKE, filter)
    raw = {id: float(np.exp((cosine - near[0][1]) / TEMPERATURE)) for id, cosine in near}
    return {id: one / sum(raw.values()) for id, one in raw.items()}


def reason(events: Sequence[Event], index: ProductIndex, now: Situation, product: str, source: Source) -> Reason:
    weight = decayed(now.speaking, STEP)
    if source == "earlier" or (source == "alike" and product in now.speaking):
        return Reason("earlier", product)
    if source == "alike":
        known = [id for id in now.speaking if index.get([id]) != [None]]
        return Reason("alike", max(known, key=lambda id: float(vector(index, id) @ vector(index, product))))
    if source == "popular":
        return Reason("popular")
    kinds, chance = (TOGETHER, TOGETHER_CHANCE) if source == "together" else (("later",), LATER_CHANCE)
    if source == "together":
        weight = {id: weight[id] for id in now.speaking if id in {event.product for event in now.visit}}
    shares = {id: paired(events, kinds, {id: weight[id]}, chance).get(product, 0.0) for id in weight}
    return Reason(source, max(shares, key=lambda id: (shares[id], id)))


def vector(index: ProductIndex, id: str) -> Floats:
    [stored] = index.get([id])
    assert stored is not None
    return stored.understanding.embedding


def may_be_had(index: ProductIndex, id: str, filter: Filter | None) -> bool:
    [stored] = index.get([id])
    if stored is None or not stored.product.is_for_sale:
        return False
    return filter is None or bool(stored.product.price is not None and stored.product.price <= 30)


def told(shop: Behaviour, shopper: str, wanted: Wanted) -> Told:
    found = shop.recommend(shopper, wanted, NOW)
    return [(one.stored.id, one.score, one.reason) for one in found if one.reason.source != "new"]


def test_what_is_read_once_and_kept_in_order_gives_the_same_to_the_bit(place: StorePlace, index: ProductIndex) -> None:
    shop, events = Behaviour(place, index), made_up(0)
    wishes = [Wanted(limit=8), Wanted(limit=3, filter=Price(lte=30), diversity=0.5)]

    def assert_same(shopper: str, wanted: Wanted) -> None:
        assert told(shop, shopper, wanted) == plainly(events, index, shopper, wanted, shop.mixture)

    shop.add(events)
    shop.learn()
    for shopper in ("s0", "s4", "s9", "nobody"):
        for wanted in wishes:
            assert_same(shopper, wanted)
    more = [event._replace(shopper="s6", time=NOW - 60, id=f"more-{event.id}") for event in made_up(1)[:5]]
    events += more
    shop.add(more)
    assert_same("s6", wishes[0])
    shop.forget("s4")
    shop.erase(["p07"])
    shop.learn()
    events = [event for event in events if event.shopper != "s4" and event.product != "p07"]
    index.delete(["p11"])
    index.upsert([stored_product("p30", "Title 30", unit(np.ones(WIDTH, np.float32)), availability="out_of_stock")])
    for shopper in ("s4", "s6", "s9"):
        assert_same(shopper, wishes[0])
    shop.close()
