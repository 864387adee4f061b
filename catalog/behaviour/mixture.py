"""How much each source counts, learnt from a shop's own events: a shop whose shoppers buy again, and one whose shoppers
look for what they have not seen, each have their own weights.

The sources are a mixture of distributions over the next product, whose weights the EM algorithm fits (Dempster, Laird
and Rubin 1977) to the last visits of the shoppers who came last. What a shopper himself added to the counts is
subtracted from them before they speak for him.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from catalog.behaviour.events import Event
from catalog.behaviour.log import EventLog
from catalog.behaviour.pairs import pairs_of
from catalog.behaviour.sequence import Taken
from catalog.behaviour.sources import HISTORY, SOURCES, Catalogue, Source, Sources, situation

SHOPPERS, ROUNDS = 500, 50
# Products of a visit that are learnt from, so that no single one outweighs the others' visits.
OF_A_VISIT = 10
# So many targets of each source are thought to have been seen before any is.
PRIOR = 2.0
FEWEST = 20  # targets to learn anything from

Weights = Mapping[Source, float]
DEFAULT: Weights = {"earlier": 0.2, "together": 0.3, "later": 0.25, "alike": 0.15, "popular": 0.1}


class Mixture(NamedTuple):
    """first: of a visit in which the shopper has not come to any product yet; during: of one in which he has."""

    first: Weights = DEFAULT
    during: Weights = DEFAULT

    def with_sequence(self, taken: Taken) -> "Mixture":
        """Of a shop with a sequence model, which has its share of both, and the other sources the rest."""
        return Mixture(_beside(self.first, taken.first), _beside(self.during, taken.during))


# Of one product that a shopper came to: how likely each source had it.
Likelihoods = Mapping[Source, float]


def fit(log: EventLog, catalogue: Catalogue, shoppers: int = SHOPPERS) -> Mixture:
    """shoppers: how many are learnt from. What there are too few events for stays as it is by default."""
    first: list[Likelihoods] = []
    during: list[Likelihoods] = []
    for shopper in log.newest_shoppers(shoppers):
        events = log.history(shopper, HISTORY)
        sources = Sources(log, catalogue, without=pairs_of(events))
        start = situation(events, events[-1].time).earlier
        visit = events[len(start) :][:OF_A_VISIT]
        if start:
            first += _likelihoods(sources, start, [], visit)
        for at in range(1, len(visit)):
            during += _likelihoods(sources, start, visit[:at], visit[at : at + 1])
    return Mixture(weights_of(first), weights_of(during))


def _likelihoods(
    sources: Sources, earlier: Sequence[Event], visit: Sequence[Event], targets: Sequence[Event]
) -> list[Likelihoods]:
    given = sources.read(situation([*earlier, *visit], targets[0].time)).items()
    return [{source: one.likely.get(target.product, 0.0) for source, one in given} for target in targets]


def weights_of(seen: Sequence[Likelihoods]) -> Weights:
    """By EM, from what each source said of the products that shoppers came to; those that none had tell nothing."""
    told = [one for one in seen if any(one.values())]
    if len(told) < FEWEST:
        return DEFAULT
    weights = dict.fromkeys(SOURCES, 1 / len(SOURCES))
    for _ in range(ROUNDS):
        counts = dict.fromkeys(SOURCES, PRIOR)
        for one in told:
            whole = sum(weights[source] * likely for source, likely in one.items())
            for source, likely in one.items():
                counts[source] += weights[source] * likely / whole
        whole = sum(counts.values())
        weights = {source: count / whole for source, count in counts.items()}
    return weights


def _beside(weights: Weights, share: float) -> Weights:
    rest: dict[Source, float] = {source: (1 - share) * weight for source, weight in weights.items()}
    return rest | {"sequence": share}
