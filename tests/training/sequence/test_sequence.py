"""A sequence model is taken where the order of events says what comes next, refused where not, and forgotten."""

import random
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from catalog.behaviour.events import Event
from catalog.behaviour.log import EventLog
from catalog.behaviour.recommend import Reason, Wanted
from catalog.behaviour.sequence import CONTEXT, LEARNT, SequenceModel, Shape, Step, Taken, going_on, steps_of
from catalog.behaviour.shop import Behaviour, space_of
from catalog.errors import SequenceUnhelpful
from catalog.index.product_index import ProductIndex, open_index
from catalog.storage.seal import Unsealed
from shelflens.cli import app
from shelflens.cli.events import tell
from tests.support import postgres
from tests.support.stored import WIDTH, quick_folder, stored_product
from training.sequence.learn import SequenceRun, Settings
from training.sequence.network import SequenceNetwork
from training.sequence.train import RUN, train_sequence

NOW, DAY = 1.7e9, 86_400.0
SHOPPERS, ROUNDS, OF_A_KIND = 100, 5, 4
PRODUCTS = [f"{kind}{number}" for kind in "xyz" for number in range(OF_A_KIND)]
SETTINGS = Settings(epochs=16, batch_size=16, patience=16)


@pytest.fixture(scope="module")
def index() -> Iterator[ProductIndex]:
    """Three kinds of products: x, y and z."""
    axes = np.eye(WIDTH, dtype=np.float32)
    with quick_folder() as folder, open_index(folder, WIDTH) as index:
        index.upsert([stored_product(id, f"Title of {id}", axes[axis]) for axis, id in enumerate(PRODUCTS)])
        yield index


def in_order(dice: random.Random) -> tuple[str, str, str]:
    """x and y tell the z together, and neither alone tells anything of it: no count of pairs has it."""
    x, y = dice.randrange(OF_A_KIND), dice.randrange(OF_A_KIND)
    return f"x{x}", f"y{y}", f"z{(x + y) % OF_A_KIND}"


def in_no_order(dice: random.Random) -> tuple[str, str, str]:
    return dice.choice(PRODUCTS), dice.choice(PRODUCTS), dice.choice(PRODUCTS)


def made_up(ordered: bool) -> list[Event]:
    """Every few days a shopper comes to one product."""
    dice, found = random.Random(1), list[Event]()
    for shopper in range(SHOPPERS):
        moment = NOW - 60 * DAY * (1 + dice.random())
        for _ in range(ROUNDS):
            for product in in_order(dice) if ordered else in_no_order(dice):
                found.append(Event(f"s{shopper}", "view", product, moment))
                moment += 4 * DAY
    return found


def after(products: Sequence[str]) -> list[Event]:
    return [Event("", "view", product, NOW - (9 - place) * DAY) for place, product in enumerate(products)]


def test_what_is_met_twice_in_a_visit_is_one_step() -> None:
    events = [Event("u", "view", product, NOW + seconds) for product, seconds in
              (("a", 0), ("a", 60), ("b", 120), ("a", 180), ("a", 9_000))]  # fmt: skip
    steps = steps_of(events)
    assert steps == [Step("a", 0), Step("b", 0), Step("a", 1)]
    assert going_on(steps, last=True) == [True, False, True]
    assert steps_of([]) == going_on([], last=True) == []


@pytest.mark.parametrize("length", [1, 7, CONTEXT])
def test_numpy_reads_what_pytorch_was_taught(length: int) -> None:
    torch.manual_seed(length)
    shape = Shape(WIDTH, width=8, layers=2, heads=2)
    network = SequenceNetwork(shape).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    vectors_NE, goes_on_T = torch.randn(length, WIDTH), torch.randint(2, (length,))
    with torch.no_grad():
        found_1TD = network(vectors_NE[None], goes_on_T[None])
        wanted_N = network.logits(found_1TD[0, -1:], vectors_NE, torch.zeros(length))[0].numpy()
    weights = {name: weight.numpy() for name, weight in network.state_dict().items()}
    model = SequenceModel.from_bytes(SequenceModel(shape, weights, Taken("space", 0.25, 0.5)).to_bytes())
    assert model.taken == Taken("space", 0.25, 0.5)
    query_E = model.query(vectors_NE.numpy(), goes_on_T.tolist())
    np.testing.assert_allclose(vectors_NE.numpy() @ query_E, wanted_N, rtol=1e-3, atol=1e-3)
    for damaged in (b"", b"0" * 20, model.to_bytes()[:-1], "text", None):
        with pytest.raises(Unsealed):
            SequenceModel.from_bytes(damaged)


@pytest.mark.slow
def test_a_model_is_taken_where_order_tells_what_comes_next(
    index: ProductIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "behaviour.sqlite"
    with closing(EventLog(place)) as log:
        log.add(made_up(ordered=True))
        report = train_sequence(log, index, space_of(index), SETTINGS)
        assert report.written
        assert report.taken.first > 0
        assert report.verdict.with_it.ndcg > 1.2 * report.verdict.without.ndcg
        assert log.learnt_mark(LEARNT)
        assert not log.learnt_mark(RUN)
        found = log.learnt(LEARNT, SequenceModel.from_bytes)
        assert found is not None
        assert found[1].taken == report.taken
        log.keep_learnt(LEARNT, "loud", replace(found[1], taken=replace(report.taken, first=0.9)).to_bytes())
    tell(report)
    assert "It is used from now on: its share is" in capsys.readouterr().out
    with pytest.raises(SequenceUnhelpful, match="A user was forgotten"):
        tell(report._replace(written=False))
    with closing(Behaviour(place, index)) as shop, closing(EventLog(place)) as elsewhere:
        shop.learn()
        told = shop.recommend_after(after(["y3", "z1", "x1", "y2"]), Wanted(limit=4, diversity=0), NOW)
        assert told[0].reason == Reason("sequence")
        assert {one.stored.id[0] for one in told} == {"z"}
        elsewhere.forget("nobody")
        assert elsewhere.learnt_mark(LEARNT)
        elsewhere.forget("s1")
        assert not elsewhere.learnt_mark(LEARNT)
        told = shop.recommend_after(after(["y3", "z1", "x1", "y2"]), Wanted(limit=4, diversity=0), NOW)
        assert Reason("sequence") not in {one.reason for one in told}


@pytest.mark.slow
def test_a_model_is_refused_where_it_does_not_help(index: ProductIndex, tmp_path: Path) -> None:
    with closing(EventLog(tmp_path / "behaviour.sqlite")) as log:
        log.add(made_up(ordered=False))
        report = train_sequence(log, index, space_of(index), SETTINGS)
        assert not report.written
        assert not report.verdict.is_better
        with pytest.raises(SequenceUnhelpful, match="does not recommend better"):
            tell(report)
        assert not log.learnt_mark(LEARNT)
        assert not log.learnt_mark(RUN)


def test_too_few_events_are_refused(index: ProductIndex, tmp_path: Path) -> None:
    with closing(EventLog(tmp_path / "behaviour.sqlite")) as log:
        with pytest.raises(SequenceUnhelpful, match="no events to learn from"):
            train_sequence(log, index, space_of(index), SETTINGS)
        log.add(made_up(ordered=True)[:90])
        with pytest.raises(SequenceUnhelpful, match="100 of each are needed"):
            train_sequence(log, index, space_of(index), SETTINGS)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["folder", "database"])
def test_a_stopped_run_ends_as_if_it_had_not_been(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that somebody was forgotten in begins anew."""
    axes = np.eye(WIDTH, dtype=np.float32)
    state = ["--state", postgres.location()] if place == "database" else []
    update = SequenceRun.update
    steps: list[int] = []

    def counted(run: SequenceRun) -> float:
        steps.append(run.step)
        if stop_at == run.step:
            signal.raise_signal(signal.SIGINT)
        return update(run)

    monkeypatch.setattr(SequenceRun, "update", counted)
    with quick_folder() as folder:
        with open_index(folder, WIDTH) as index:
            index.upsert([stored_product(id, f"Title of {id}", axes[axis]) for axis, id in enumerate(PRODUCTS)])
        file = tmp_path / "events.csv"
        rows = [f"{one.shopper},{one.product},{one.time}" for one in made_up(ordered=True)]
        file.write_text("\n".join(["user,item,time", *rows]))
        where = ["--index", str(folder), *state]
        assert CliRunner().invoke(app, ["events", "import", str(file), "--kind", "view", *where]).exit_code == 0

        def train() -> tuple[int, str]:
            found = CliRunner().invoke(app, ["train-sequence", "--epochs", "4", *where])
            return found.exit_code, found.stdout

        stop_at = -1
        whole = train()
        last = max(steps)
        stop_at = 2
        assert train() == (130, "Stopped. The same command goes on from here while the events are the same.\n")
        stop_at = -1
        steps.clear()
        assert train() == whole
        assert (min(steps), max(steps)) == (3, last)
        stop_at = 2
        assert train()[0] == 130
        assert CliRunner().invoke(app, ["events", "forget", "s1", *where]).exit_code == 0
        stop_at = -1
        steps.clear()
        train()
        assert min(steps) == 0
