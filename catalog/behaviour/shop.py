"""A shop's events and what is recommended for them: the one object that a service, or a command, has."""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from catalog.behaviour.companions import Companion, companions
from catalog.behaviour.events import Event, with_product
from catalog.behaviour.log import EventLog
from catalog.behaviour.mixture import Mixture, fit
from catalog.behaviour.recommend import (
    ReadOnce,
    Recommendation,
    Wanted,
    chosen,
    newest,
    to_like,
    weights_for,
)
from catalog.behaviour.sequence import LEARNT, SequenceModel
from catalog.behaviour.sources import HISTORY, Situation, Sources, situation
from catalog.errors import CatalogError, ProductNotFound
from catalog.index.product_index import ProductIndex
from catalog.storage.database import StorePlace

# The weights are learnt anew when so many more events have come, as a part of those before, and so many at least.
ANEW, AT_LEAST = 0.2, 100

logger = logging.getLogger(__name__)


class Behaviour:
    """Threads may share one. No file and no table is made before it is used. Every method may raise DiskFull,
    StateDamaged or StateUnavailable, and those that read products IndexFailed.
    """

    def __init__(self, place: StorePlace, index: ProductIndex) -> None:
        self._log, self._index = EventLog(place), index
        self.file = self._log.file
        self._mixture = Mixture()
        self._sequence: tuple[str, SequenceModel] | None = None  # with its mark
        self._new = AT_LEAST  # events that the weights were not learnt from
        self._known = 0  # and those that they were
        self._forgotten = 0  # how often somebody or something was
        self._starting = threading.Lock()
        self._learner: ThreadPoolExecutor | None = None

    @property
    def mixture(self) -> Mixture:
        """How much each source counts."""
        return self._mixture

    def add(self, events: Iterable[Event]) -> int:
        """Keep events; what is kept already is not kept twice. -> how many are new. Raises EventInvalid."""
        count = self._log.add(events)
        self._new += count
        return count

    def recommend(self, shopper: str, wanted: Wanted, now: float | None = None) -> list[Recommendation]:
        """What a shopper may want next, best first; of somebody who is not known, what others want."""
        log = self._there()
        return self.recommend_after(log.history(shopper, HISTORY) if log else [], wanted, now)

    def recommend_after(
        self, events: Sequence[Event], wanted: Wanted, now: float | None = None
    ) -> list[Recommendation]:
        """As `recommend`, of what is given alone, of which nothing is kept. events: in any order."""
        events = sorted(with_product(events), key=lambda event: (event.time, event.id))[-HISTORY:]
        then = situation(events, time.time() if now is None else now)
        found = self._from_sources(then, wanted)
        if len(found) < wanted.limit:
            found += newest(self._index, found, then, wanted)
        return found

    def _from_sources(self, now: Situation, wanted: Wanted) -> list[Recommendation]:
        log = self._there()
        if log is None:
            return []
        self._learn_if_due()
        sequence = self._sequence_now(log)
        mixture = self._mixture.with_sequence(sequence.taken) if sequence else self._mixture
        catalogue = ReadOnce(self._index)
        given = Sources(log, catalogue, sequence=sequence).read(now, wanted.filter)
        found = chosen(given, weights_for(now, mixture), now, wanted, catalogue)
        return to_like(found, now, catalogue)

    def bought_together(self, product: str, limit: int) -> list[Companion]:
        """What shoppers bought in one visit with a stored product. Raises ProductNotFound."""
        if self._index.get([product]) == [None]:
            raise ProductNotFound
        log = self._there()
        return companions(log, self._index, product, limit) if log else []

    def events(self, shopper: str, limit: int, after: str = "") -> list[Event]:
        """See `EventLog.events`."""
        log = self._there()
        return log.events(shopper, limit, after) if log else []

    def forget(self, shopper: str) -> int:
        """Have everything as if this shopper had never come, and `file.scrub` then. -> how many events there were."""
        log = self._there()
        count = log.forget(shopper) if log else 0
        self._unlearn()
        return count

    def erase(self, products: Sequence[str]) -> None:
        """Have everything as if nobody had ever met these products, and `file.scrub` then."""
        if log := self._there():
            log.erase(products)
            self._unlearn()

    def learn(self) -> None:
        """Learn anew from the events how much each source counts, and take up the shop's sequence model."""
        if log := self._there():
            self._known, self._new = log.counts()[0], 0
            begun = self._forgotten
            mixture = fit(log, self._index)
            self._sequence = self._read_sequence(log)
            if begun == self._forgotten:  # or it was learnt from somebody who is forgotten by now
                self._mixture = mixture

    def _read_sequence(self, log: EventLog) -> tuple[str, SequenceModel] | None:
        """None where none was taken, or one that knows other vectors."""
        found = log.learnt(LEARNT, SequenceModel.from_bytes)
        return found if found and found[1].taken.space == space_of(self._index) else None

    def _sequence_now(self, log: EventLog) -> SequenceModel | None:
        """None where it was removed since it was read: somebody was forgotten, perhaps by another node. One that was
        trained anew takes its place.
        """
        found = self._sequence
        if found and log.learnt_mark(LEARNT) != found[0]:
            found = self._sequence = self._read_sequence(log)
        return found[1] if found else None

    def close(self) -> None:
        if self._learner:
            self._learner.shutdown()
        self._log.close()

    def _learn_if_due(self) -> None:
        """Beside the requests, which go on with what was learnt before."""
        if self._new < max(AT_LEAST, ANEW * self._known):
            return
        self._new = 0
        with self._starting:
            self._learner = self._learner or ThreadPoolExecutor(1, "learn")
        self._learner.submit(self._try_to_learn)

    def _try_to_learn(self) -> None:
        try:
            self.learn()
        except CatalogError:
            logger.exception("how much each source of recommendations counts was not learnt")

    def _unlearn(self) -> None:
        """What was learnt from somebody who is forgotten is forgotten, too."""
        self._forgotten += 1
        self._mixture, self._new = Mixture(), max(AT_LEAST, self._known)

    def _there(self) -> EventLog | None:
        """None while there are no events."""
        return self._log if self.file.may_hold else None


def space_of(index: ProductIndex) -> str:
    """What tells its vectors from those of another model."""
    return index.model.vectors if index.model else ""
