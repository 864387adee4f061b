"""Events of shoppers: what one did with which product, and when."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

from catalog.errors import EventInvalid
from catalog.storage.seal import YEAR_10000

Kind = Literal["view", "click", "cart", "purchase", "search"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MAX_ID, MAX_WORDS = 256, 1_000
# Two events are of one visit while nothing longer than this lies between any two that follow each other, as web
# analytics have it.
VISIT_SECONDS = 30 * 60


class Event(NamedTuple):
    """shopper: your id of a person or a session; product: "" where a search led to none; time: seconds since 1970;
    words: what was searched for; id: of two events with one id the second is the first, sent again.
    """

    shopper: str
    kind: Kind
    product: str
    time: float
    words: str = ""
    id: str = ""

    def checked(self) -> "Event":
        """With an id. One that has none gets that of its content. Raises EventInvalid."""
        if not 0 < len(self.shopper) <= MAX_ID:
            raise EventInvalid(f"An event needs the id of a shopper, of at most {MAX_ID} letters.")
        if self.kind not in KINDS:
            raise EventInvalid(f"An event is one of {', '.join(KINDS)}.")
        if not self.product and self.kind != "search":
            raise EventInvalid("An event other than a search needs the id of a product.")
        if len(self.product) > MAX_ID or len(self.id) > MAX_ID or len(self.words) > MAX_WORDS:
            raise EventInvalid("An id or the words of an event are too long.")
        if not (math.isfinite(self.time) and 0 <= self.time < YEAR_10000):
            raise EventInvalid("The time of an event is none.")
        shopper, product, words, id = map(storable, (self.shopper, self.product, self.words, self.id))
        event = Event(shopper, self.kind, product, self.time, words, id)
        return event if event.id else event._replace(id=event._content_id())

    def _content_id(self) -> str:
        said = "\0".join((self.shopper, self.kind, self.product, repr(float(self.time)), self.words))
        return hashlib.sha256(said.encode()).hexdigest()[:32]


def storable(text: str) -> str:
    """Without NUL and halves of characters, which no database takes."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def with_product(events: Iterable[Event]) -> list[Event]:
    """Those that say something of a product."""
    return [event for event in events if event.product]


def last_visit(events: Sequence[Event], now: float) -> int:
    """Where in events, the oldest first, the visit begins that goes on at `now`: their number, if none does."""
    start, following = len(events), now
    while start and following - events[start - 1].time <= VISIT_SECONDS:
        start -= 1
        following = events[start].time
    return start
