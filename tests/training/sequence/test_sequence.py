"""A sequence model is taken where the order of events says what comes next, refused where it does not, and forgotten."""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch

from catalog.behaviour.events import Event
from catalog.behaviour.log import EventLog
from catalog.behaviour.recommend import Wanted
from catalog.behaviour.sequence import LEARNT, SequenceModel, Shape, Taken
from catalog.behaviour.shop import Behaviour, space_of
from catalog.errors import SequenceUnhelpful
from catalog.index.product_index import ProductIndex, open_index
from tests.support.stored import WIDTH, quick_folder, stored_product
from training.sequence.learn import Settings
from training.sequence.network import SequenceNetwork
from training.sequence.train import RUN, train_sequence

NOW, DAY = 1.7e9, 86_400.0
SHOPPERS, ROUNDS, OF_A_KIND = 120, 5, 4
SETTINGS = Settings(epochs=30, batch_size=16, patience=30)


@pytest.fixture(scope="module")
def index() -> Iterator[ProductIndex]:
    """Three kinds of products: x, y and z."""
    axes = np.eye(WIDTH, dtype=np.float32)
    products = [f"{kind}{number}" for kind in "xyz" for number in range(OF_A_KIND)]
    with quick_folder() as folder, open_index(folder, WIDTH) as index:
        index.upsert([stored_product(id, f"Title of {id}", axes[axis]) for axis, id in enumerate(products)])
        yield index


def made_up(seed: int, ordered: bool) -> list[Event]:
    """Shoppers come to an x, a y and a z in turn. ordered: x and y tell the z together, and neither alone tells
    anything of it, so that no count of pairs has it.
    """
    dice, found = random.Random(seed), list[Event]()
    for shopper in range(SHOPPERS):
        start = NOW - 60 * DAY * (1 + dice.random())
        for number in range(ROUNDS):
            x, y, other = (dice.randrange(OF_A_KIND) for _ in range(3))
            z = (x + y) % OF_A_KIND if ordered else other
            for place, product in enumerate((f"x{x}", f"y{y}", f"z{z}")):
                found.append(Event(f"s{shopper}", "view", product, start + (3 * number + place) * 4 * DAY))
    return found


def log_of(folder: Path, events: Sequence[Event]) -> EventLog:
    log = EventLog(folder / "behaviour.sqlite")
    log.add(events)
    return log


def test_a_model_is_taken_where_order_tells_what_comes_next(index: ProductIndex, tmp_path: Path) -> None:
    with closing(log_of(tmp_path, made_up(0, ordered=True))) as log:
        report = train_sequence(log, index, space_of(index), SETTINGS)
    print(report)
    assert report.written


def test_a_model_is_refused_where_it_does_not_help(index: ProductIndex, tmp_path: Path) -> None:
    with closing(log_of(tmp_path, made_up(0, ordered=False))) as log:
        report = train_sequence(log, index, space_of(index), SETTINGS)
    print(report)
    assert not report.written
