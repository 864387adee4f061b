"""Whether a sequence model recommends better than what a shop has without it, by what shoppers came to later."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from math import log2, sqrt
from typing import NamedTuple

from tqdm import tqdm

from catalog.behaviour.log import EventLog
from catalog.behaviour.mixture import Mixture
from catalog.behaviour.recommend import weighed, weights_for
from catalog.behaviour.sequence import SequenceModel, Taken
from catalog.behaviour.sources import Catalogue, Sources
from training.sequence.histories import Question

AT = 10
SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)  # of the model beside all other sources; of equal ones the smallest
SURE = 3.0  # standard errors that the gain must be above 0, which chance alone brings once in 740 times
FEWEST_SHOPPERS = 30  # from which a standard error says something


class Quality(NamedTuple):
    """Of the best ten recommendations: the share of questions whose answer is among them, and the same with less for a
    lower place (NDCG@10).
    """

    hit_rate: float
    ndcg: float


class Verdict(NamedTuple):
    """without, with_it: of the same questions; gain, error: how much more NDCG@10 a shopper has with the model, and the
    standard error of that over shoppers.
    """

    questions: int
    shoppers: int
    without: Quality
    with_it: Quality
    gain: float
    error: float

    @property
    def is_better(self) -> bool:
        return self.shoppers >= FEWEST_SHOPPERS and self.gain > SURE * self.error


class Judge:
    """log: events from before the questions alone; mixture: learnt from them; gone: products that cannot be had now,
    which are no recommendations.
    """

    def __init__(self, log: EventLog, catalogue: Catalogue, mixture: Mixture, gone: Collection[str] = ()) -> None:
        self._log, self._catalogue, self._mixture, self._gone = log, catalogue, mixture, frozenset(gone)

    def shares(self, model: SequenceModel, questions: Sequence[Question]) -> Taken:
        """The shares with which the questions have the best NDCG@10. By EM, as the other sources, the model would count
        for answers that it has far below the tenth place, too.
        """
        gains = {part: dict.fromkeys(SHARES, 0.0) for part in (False, True)}
        sources = Sources(self._log, self._catalogue, sequence=model)
        mixtures = {share: self._mixture.with_sequence(Taken("", share, share)) for share in SHARES}
        for question in tqdm(questions, desc="weigh", unit="question"):
            given = sources.read(question.now)
            for share, mixture in mixtures.items():
                place = self._place(question, weighed(given, weights_for(question.now, mixture)))
                gains[bool(question.now.visit)][share] += _gain(place)
        first, during = (max(SHARES, key=gains[part].__getitem__) for part in (False, True))
        return Taken(model.taken.space, first, during)

    def verdict(self, model: SequenceModel, questions: Sequence[Question]) -> Verdict:
        before: list[int | None] = []
        after: list[int | None] = []
        sources = Sources(self._log, self._catalogue, sequence=model)
        with_it = self._mixture.with_sequence(model.taken)
        for question in tqdm(questions, desc="judge", unit="question"):
            given = sources.read(question.now)
            after.append(self._place(question, weighed(given, weights_for(question.now, with_it))))
            given.pop("sequence", None)
            before.append(self._place(question, weighed(given, weights_for(question.now, self._mixture))))
        return _verdict(questions, before, after)

    def _place(self, question: Question, scored: Mapping[str, tuple[float, object]]) -> int | None:
        """Of the answer among the recommendations, from 0; None behind the best ten."""
        if question.target not in scored:
            return None
        met = {event.product for event in question.now.visit}
        own = (-scored[question.target][0], question.target)
        ahead = (id for id, (score, _) in scored.items() if (-score, id) < own)
        place = sum(id not in met and id not in self._gone for id in ahead)
        return place if place < AT else None


def _verdict(questions: Sequence[Question], before: Sequence[int | None], after: Sequence[int | None]) -> Verdict:
    gains: dict[str, list[float]] = defaultdict(list)
    for question, old, new in zip(questions, before, after, strict=True):
        gains[question.shopper].append(_gain(new) - _gain(old))
    means = [sum(some) / len(some) for some in gains.values()]
    count = max(len(means), 1)
    mean = sum(means) / count
    error = sqrt(sum((one - mean) ** 2 for one in means) / max(count - 1, 1) / count)
    return Verdict(len(questions), len(means), _quality(before), _quality(after), mean, error)


def _quality(places: Sequence[int | None]) -> Quality:
    count = max(len(places), 1)
    return Quality(sum(place is not None for place in places) / count, sum(map(_gain, places)) / count)


def _gain(place: int | None) -> float:
    return 0.0 if place is None else 1 / log2(place + 2)
