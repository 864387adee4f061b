"""Where recommendations come from: each source gives a shopper's products, with how likely each is the next one."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np

from catalog.arrays import Floats, softmax, unit
from catalog.behaviour.events import Event, last_visit
from catalog.behaviour.log import EventLog
from catalog.behaviour.pairs import Counts, Pair, PairKind
from catalog.behaviour.sequence import CONTEXT, SequenceModel, going_on, steps_of
from catalog.behaviour.shoppers import decayed, shopper_vector
from catalog.index.filters import Filter

Source = Literal["earlier", "together", "later", "alike", "popular", "sequence"]
# Those that every shop has. A sequence model is trained, and taken where it recommends better.
SOURCES: tuple[Source, ...] = ("earlier", "together", "later", "alike", "popular")
# So many of a shopper's last events are looked at, so many of their products speak for others, and so many of each.
HISTORY, SPEAKING, PARTNERS, ALIKE, POPULAR, FORETOLD = 50, 10, 50, 20, 200, 100
# How much less an earlier product speaks than the one after it, and how soon what was bought is bought again.
STEP, HALF_LIFE_SECONDS = 0.8, 60 * 86_400.0
# A pair that was met a few times is chance: so many times are added to what it is divided by.
TOGETHER_CHANCE, LATER_CHANCE = 5, 120
TEMPERATURE = 0.05  # of cosines
TOGETHER: tuple[PairKind, ...] = ("bought", "visit")


class Catalogue(Protocol):
    """What is asked of the product index. See `catalog.index.product_index.ProductIndex`."""

    def vectors(self, ids: Sequence[str]) -> dict[str, Floats]: ...
    def nearest(self, embedding: Floats, limit: int, filter: Filter | None = None) -> list[tuple[str, float]]: ...


class Situation(NamedTuple):
    """earlier, visit: events with a product, the oldest first: of visits before, and of the one that goes on at
    `now`, in seconds since 1970.
    """

    earlier: Sequence[Event]
    visit: Sequence[Event]
    now: float

    @property
    def speaking(self) -> list[str]:
        """The last products, the last one first, each once."""
        last = [event.product for event in (*self.earlier, *self.visit)][::-1]
        return list(dict.fromkeys(last))[:SPEAKING]


class Given(NamedTuple):
    """What a source gives: of products how likely each is, and the one that speaks for it, if one does."""

    likely: Mapping[str, float]
    because: Mapping[str, str]


def situation(events: Sequence[Event], now: float) -> Situation:
    start = last_visit(events, now)
    return Situation(events[:start], events[start:], now)


class Sources:
    """What the events of a shop and its catalogue say. without: counts of a shopper that are not to speak for him;
    sequence: a model that was taken for this shop.
    """

    def __init__(
        self,
        log: EventLog,
        catalogue: Catalogue,
        without: Counts | None = None,
        sequence: SequenceModel | None = None,
    ) -> None:
        self._log, self._catalogue, self._sequence = log, catalogue, sequence
        self._without = without or Counts()

    def read(self, now: Situation, filter: Filter | None = None) -> dict[Source, Given]:
        """The sources that have something to say."""
        speaking = now.speaking
        weight = decayed(speaking, STEP)
        in_visit = {event.product for event in now.visit}
        together = {product: weight[product] for product in speaking if product in in_visit}
        found: dict[Source, Given] = {
            "earlier": bought_earlier(now),
            "together": self._paired(TOGETHER, together, TOGETHER_CHANCE),
            "later": self._paired(("later",), weight, LATER_CHANCE),
            "alike": self._alike(now, filter),
            "popular": self._popular(),
            "sequence": self._foretold(self._sequence, now, filter) if self._sequence else Given({}, {}),
        }
        return {source: given for source, given in found.items() if given.likely}

    def _paired(self, kinds: Sequence[PairKind], weights: Mapping[str, float], chance: int) -> Given:
        partners = self._log.partners(kinds, list(weights), PARTNERS) if weights else {}
        likely: dict[str, float] = {}
        loudest: dict[str, tuple[float, str]] = {}
        for product, totals in partners.items():
            counts = self._left(kinds, product, totals)
            whole = sum(counts.values()) + chance
            for other, count in counts.items():
                share = weights[product] * count / whole
                likely[other] = likely.get(other, 0.0) + share
                loudest[other] = max(loudest.get(other, (0.0, "")), (share, product))
        return Given(likely, {other: product for other, (_, product) in loudest.items()})

    def _left(self, kinds: Sequence[PairKind], product: str, totals: Mapping[str, int]) -> Mapping[str, int]:
        if not self._without:
            return totals
        own = {one: sum(self._without[Pair(kind, product, one)] for kind in kinds) for one in totals}
        return {one: count - own[one] for one, count in totals.items() if count > own[one]}

    def _alike(self, now: Situation, filter: Filter | None) -> Given:
        speaking = now.speaking
        vectors = self._catalogue.vectors(speaking) if speaking else {}
        vector = shopper_vector(vectors, decayed(speaking, STEP))
        if vector is None:
            return Given({}, {})
        near = self._catalogue.nearest(vector, ALIKE, filter)
        if not near:
            return Given({}, {})
        best = near[0][1]
        raw = {id: float(np.exp((cosine - best) / TEMPERATURE)) for id, cosine in near}
        whole = sum(raw.values())
        return Given({id: one / whole for id, one in raw.items()}, {})

    def _foretold(self, model: SequenceModel, now: Situation, filter: Filter | None) -> Given:
        """The products nearest to what the model looks for, each by its cosine and how many come to it."""
        steps = steps_of([*now.earlier, *now.visit])[-CONTEXT:]
        vectors = self._catalogue.vectors(list({step.product for step in steps})) if steps else {}
        steps = [step for step in steps if step.product in vectors]
        if not steps:
            return Given({}, {})
        query_E = model.query(np.stack([vectors[step.product] for step in steps]), going_on(steps, bool(now.visit)))
        met = {event.product for event in now.visit}
        near = {id: cosine for id, cosine in self._catalogue.nearest(unit(query_E), FORETOLD, filter) if id not in met}
        if not near:
            return Given({}, {})
        totals = self._log.totals(list(near))
        popularity_N = np.log1p(np.array([totals.get(id, 0) for id in near], np.float32))
        cosine_N = np.array(list(near.values()), np.float32)
        logits_N = float(np.linalg.norm(query_E)) * cosine_N + model.popular * popularity_N
        likely_N = softmax(np.asarray(logits_N, np.float32))
        return Given(dict(zip(near, likely_N.tolist(), strict=True)), {})

    def _popular(self) -> Given:
        counts = self._log.popular(POPULAR)
        whole = sum(counts.values())
        return Given({id: count / whole for id, count in counts.items()}, {})


def bought_earlier(now: Situation) -> Given:
    """What the shopper had before this visit, the later the likelier."""
    raw: dict[str, float] = {}
    for event in now.earlier:
        fading = 0.5 ** (max(now.now - event.time, 0.0) / HALF_LIFE_SECONDS)
        raw[event.product] = raw.get(event.product, 0.0) + fading
    whole = sum(raw.values())
    if not whole:
        return Given({}, {})
    return Given({id: one / whole for id, one in raw.items()}, {id: id for id in raw})
