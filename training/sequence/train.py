"""A shop's events -> a sequence model, which is taken where it recommends better than what the shop has without it.

The events are cut in two moments: what was first trains the model, what was next says when training ends and how much
the model counts, and what was last says whether it is taken. What is written is what was measured.
"""

import hashlib
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from catalog.arrays import Floats
from catalog.behaviour.events import Event
from catalog.behaviour.log import EventLog
from catalog.behaviour.mixture import fit
from catalog.behaviour.recommend import Stock
from catalog.behaviour.sequence import LEARNT, SequenceModel, Shape, Taken, marked, unmarked
from catalog.errors import SequenceUnhelpful
from catalog.index.backend import in_chunks
from training.sequence.compare import Judge, Verdict
from training.sequence.histories import Known, Question, known_products, questions_between, sequences_of
from training.sequence.learn import SequenceRun, Settings, learn

# Names among what is learnt from events: the state of a run, and what is gone if one is removed while it goes on.
RUN, CLAIM = "sequence-run", "sequence-claim"
TRAINED, CHOSEN = 0.8, 0.9  # shares of the events, by time, that are before the two moments
SHOPPERS, OF_A_SHOPPER = 50_000, 200  # who came last, and their last events
FEWEST = 100  # questions of each part
PRODUCTS_AT_ONCE = 1_000


class Parts(NamedTuple):
    """train: histories without what came later; choose, judge: questions of the two parts behind them."""

    train: list[list[Event]]
    choose: list[Question]
    judge: list[Question]


class Report(NamedTuple):
    """written: whether the model is in use from now on."""

    events: int
    products: int
    steps: int
    taken: Taken
    verdict: Verdict
    written: bool


def train_sequence(log: EventLog, catalogue: Stock, space: str, settings: Settings) -> Report:
    """space: of the catalogue's vectors. Ctrl-C keeps the run beside the events and raises KeyboardInterrupt; the same
    call goes on while events and products are the same. Nothing is kept of a run that somebody of the events is
    forgotten in.

    Raises SequenceUnhelpful where there is too little to learn from or to judge by.
    """
    claim = uuid.uuid4().hex
    log.keep_learnt(CLAIM, claim, b"")
    histories = read_histories(log)
    parts = parted(histories, settings.seed)
    products = sorted({event.product for events in histories for event in events})
    vectors, there = vectors_of(catalogue, products)
    known = known_products(parts.train, vectors)
    parts = with_answers(parts, there)
    if not known.ids:
        raise SequenceUnhelpful("None of the products of the events is stored.")
    mark = fingerprint(parts, known, space, settings)
    run = SequenceRun(settings, known, sequences_of(parts.train, known), parts.choose)
    resume(run, log, mark)
    learn(run, lambda state: _keep(log, claim, RUN, mark, marked(state)))
    model = SequenceModel(Shape(known.vectors_NE.shape[1]), run.weights(), Taken(space, 0.0, 0.0))
    with log_of(parts.train) as earlier:
        judge = Judge(earlier, catalogue, fit(earlier, catalogue), set(products) - there)
        model = replace(model, taken=judge.shares(model, parts.choose))
        verdict = judge.verdict(model, parts.judge)
    written = verdict.is_better and _keep(log, claim, LEARNT, mark, model.to_bytes())
    for name in (CLAIM, RUN) if written else (CLAIM, RUN, LEARNT):
        log.unlearn(name)
    events = sum(map(len, histories))
    return Report(events, len(known.ids), run.step, model.taken, verdict, written)


def read_histories(log: EventLog) -> list[list[Event]]:
    """In the order of the shoppers' ids."""
    shoppers = sorted(log.newest_shoppers(SHOPPERS))
    return [log.history(shopper, OF_A_SHOPPER) for shopper in tqdm(shoppers, desc="read", unit="shopper")]


def parted(histories: Sequence[Sequence[Event]], seed: int) -> Parts:
    times = sorted(event.time for events in histories for event in events)
    if not times:
        raise SequenceUnhelpful("There are no events to learn from.")
    first, second = (times[int(share * len(times))] for share in (TRAINED, CHOSEN))
    train = [[event for event in events if event.time < first] for events in histories]
    return Parts(
        [events for events in train if events],
        questions_between(histories, first, second, seed),
        questions_between(histories, second, float("inf"), seed),
    )


def with_answers(parts: Parts, there: set[str]) -> Parts:
    """Only the questions whose answer can be recommended now. Raises SequenceUnhelpful for too few of them."""
    choose, judge = ([one for one in some if one.target in there] for some in (parts.choose, parts.judge))
    if min(len(choose), len(judge)) < FEWEST:
        raise SequenceUnhelpful(
            f"The last tenth of the events has {len(judge):,} products for sale that shoppers came to after others, and"
            f" the tenth before {len(choose):,}. {FEWEST} of each are needed to tell whether a model helps."
        )
    return parts._replace(choose=choose, judge=judge)


def vectors_of(catalogue: Stock, products: Sequence[str]) -> tuple[dict[str, Floats], set[str]]:
    """-> the vectors of those that are stored, and which of them can be had now."""
    vectors: dict[str, Floats] = {}
    there: set[str] = set()
    for ids in in_chunks(products, PRODUCTS_AT_ONCE):
        found = catalogue.vectors(ids)
        vectors |= found
        there |= found.keys() & catalogue.for_sale(ids)
    return vectors, there


def resume(run: SequenceRun, log: EventLog, mark: str) -> None:
    """Go on with a run of the same events, products and settings, if one is kept."""
    kept = log.learnt(RUN, unmarked)
    if kept and kept[0] == mark:
        run.restore(kept[1])


def _keep(log: EventLog, claim: str, name: str, mark: str, content: bytes) -> bool:
    """Unless an event was removed since the events were read."""
    return log.keep_learnt(name, mark, content, with_mark=claim, of=CLAIM)


def fingerprint(parts: Parts, known: Known, space: str, settings: Settings) -> str:
    found = hashlib.sha256(repr((parts.choose, parts.judge, space, asdict(settings))).encode())
    for events in parts.train:
        found.update(repr(events).encode())
    found.update(repr(known.ids).encode() + known.vectors_NE.tobytes())
    return found.hexdigest()[:32]


@contextmanager
def log_of(histories: Sequence[Sequence[Event]]) -> Iterator[EventLog]:
    """The counts that these events alone make, in a file that goes with the block."""
    with tempfile.TemporaryDirectory() as folder, closing(EventLog(Path(folder) / "events.sqlite")) as log:
        with tqdm(desc="count", total=sum(map(len, histories)), unit="event") as bar:
            for some in in_chunks((event for events in histories for event in events), PRODUCTS_AT_ONCE):
                log.add(some)
                bar.update(len(some))
        yield log
