"""Prices from comparable products, with what they promise."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from catalog.index.product_index import ProductIndex, open_index
from catalog.pricing import PriceQuestion, Pricer, question_of
from catalog.product import StoredProduct
from tests.support.stored import WIDTH, quick_folder, stored_product, unit

KINDS = {"clothes.shirt": 20.0, "food.pear": 2.0}


def priced(count: int, seed: int, start: int = 0) -> list[StoredProduct]:
    """Shirts about 20 and pears about 2, each kind around a vector of its own."""
    random = np.random.default_rng(seed)
    found = []
    for at in range(start, start + count):
        place = at % len(KINDS)
        node, middle = list(KINDS.items())[place]
        vector = unit(np.eye(WIDTH)[place] * 3 + random.normal(size=WIDTH) * 0.3)
        price = round(middle * float(np.exp(random.normal() * 0.3)), 2)
        found.append(stored_product(f"p{at}", f"{node} {at}", vector, node, price=price, currency="EUR"))
    return found


@pytest.fixture(scope="module")
def index() -> Iterator[ProductIndex]:
    with quick_folder() as folder, open_index(folder, WIDTH) as opened:
        opened.upsert(priced(240, seed=0))
        yield opened


@pytest.fixture(scope="module")
def pricer(index: ProductIndex) -> Pricer:
    return Pricer(index)


@pytest.mark.slow
def test_the_interval_holds_as_many_prices_as_it_promises(pricer: Pricer) -> None:
    held = []
    for stored in priced(300, seed=1, start=1000):
        interval = pricer.suggest(question_of(stored)).interval
        assert interval
        assert interval.low < interval.median < interval.high
        assert stored.product.price
        held.append(interval.low <= stored.product.price <= interval.high)
    assert 0.84 <= np.mean(held) <= 0.96


def test_a_suggestion_shows_what_it_comes_from(index: ProductIndex, pricer: Pricer) -> None:
    [shirt] = priced(1, seed=2, start=2000)
    found = pricer.suggest(question_of(shirt))
    assert found.interval
    assert 15 < found.interval.median < 27
    assert (found.currency, found.coverage, found.reason) == ("EUR", 0.9, "")
    assert found.calibrated_on == 240
    similarities = [one.similarity for one in found.comparables]
    assert similarities == sorted(similarities, reverse=True)
    for one in found.comparables:
        [known] = index.get([one.id])
        assert known
        assert (one.title, one.price) == (known.product.title, known.product.price)
        assert known.understanding.path == ("Clothes", "Shirt")


def test_a_wider_promise_has_a_wider_interval(pricer: Pricer) -> None:
    asked = question_of(priced(1, seed=3)[0])
    half, all_but_few = (pricer.suggest(asked, coverage).interval for coverage in (0.5, 0.98))
    assert half
    assert all_but_few
    assert all_but_few.low < half.low < half.median < half.high < all_but_few.high


def test_a_stored_product_is_not_compared_with_itself(index: ProductIndex, pricer: Pricer) -> None:
    [stored] = index.get(["p0"])
    assert stored
    assert "p0" not in [one.id for one in pricer.suggest(question_of(stored)).comparables]


def test_without_enough_comparables_there_is_no_price(pricer: Pricer) -> None:
    far = PriceQuestion(unit(np.eye(WIDTH)[9]), "EUR")
    assert pricer.suggest(far).reason == "too_few_comparables"
    assert pricer.suggest(far).interval is None
    [shirt] = priced(1, seed=2, start=2000)
    other = pricer.suggest(question_of(shirt)._replace(currency="USD"))
    assert (other.reason, other.comparables) == ("too_few_comparables", ())
    unread = replace(shirt, understanding=replace(shirt.understanding, modalities_used=()))
    assert pricer.suggest(question_of(unread)).reason == "nothing_readable"


def test_a_small_catalogue_promises_nothing() -> None:
    with quick_folder() as folder, open_index(folder, WIDTH) as opened:
        assert Pricer(opened).currency() == ""
        opened.upsert(priced(14, seed=0))
        pricer = Pricer(opened)
        [shirt] = priced(1, seed=2, start=2000)
        found = pricer.suggest(question_of(shirt), 0.9)
        assert (found.reason, found.interval, len(found.comparables)) == ("too_few_priced", None, 7)
        assert pricer.currency() == "EUR"
        opened.upsert(priced(200, seed=5, start=100))
        assert pricer.suggest(question_of(shirt), 0.9).interval  # calibrated anew, as so many are new


def test_the_merchants_own_category_is_compared_first() -> None:
    with quick_folder() as folder, open_index(folder, WIDTH) as opened:
        near = priced(60, seed=0)
        opened.upsert(
            [
                replace(one, product=replace(one.product, product_type="Sale" if at % 4 else "New"))
                for at, one in enumerate(near)
            ]
        )
        [shirt] = priced(1, seed=2, start=2000)
        found = Pricer(opened).suggest(question_of(shirt)._replace(product_type="New"), 0.5)
        assert found.interval
        types = {one.product.product_type for one in opened.get([each.id for each in found.comparables]) if one}
        assert types == {"New"}
