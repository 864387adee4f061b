"""Events of shoppers, and what is recommended for them."""

import time
import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from catalog.behaviour.events import MAX_ID, MAX_WORDS, Event, Kind
from catalog.behaviour.recommend import Wanted
from serving.api.schemas.products import ProductOut, to_product
from serving.api.schemas.schema import PLAIN, NullsAsDefaults, Schema, rounded, written
from serving.api.schemas.search import read_filter
from serving.storage.selling.api import BoughtTogether, Recommended

MAX_EVENTS, MAX_SESSION = 1_000, 100
Id = Annotated[str, Field(min_length=1, max_length=MAX_ID, pattern=PLAIN)]
# The calendar that can be stored as seconds since 1970.
Moment = Annotated[AwareDatetime, Field(description="ISO 8601 with its zone; now, if not given.")]


class SessionEvent(NullsAsDefaults, Schema):
    """What a shopper did with a product."""

    kind: Kind = "view"
    product_id: Id
    time: Moment | None = None


class EventIn(NullsAsDefaults, Schema):
    """What a shopper did. product_id: of all but a search; query: of a search. id: yours, of this event: one that is
    sent again is not kept again.
    """

    user_id: Annotated[Id, Field(description="Of a person or a session. Yours; better no name or address.")]
    kind: Kind
    product_id: Annotated[str, Field(max_length=MAX_ID)] = ""
    query: Annotated[str, Field(max_length=MAX_WORDS)] = ""
    time: Moment | None = None
    id: Annotated[str, Field(max_length=MAX_ID)] = ""

    def to_event(self, now: float) -> Event:
        """Raises EventInvalid."""
        moment = seconds(self.time, now)
        id = self.id or ("" if self.time else uuid.uuid4().hex)
        return Event(self.user_id, self.kind, self.product_id, moment, self.query, id).checked()


class EventsRequest(Schema):
    """Events in any order, also late ones: all of them are kept, or none."""

    events: Annotated[list[EventIn], Field(min_length=1, max_length=MAX_EVENTS)]

    def to_events(self) -> list[Event]:
        """Raises EventInvalid."""
        now = time.time()
        return [event.to_event(now) for event in self.events]


class EventsKept(BaseModel):
    """received: events of the request; new: those that were not kept before."""

    received: int
    new: int


class EventOut(BaseModel):
    """An event as it is kept."""

    id: str
    kind: Kind
    product_id: str
    query: str
    time: str


class EventsResponse(BaseModel):
    """The newest first. after: the id of the last one, for the next page; null at the end."""

    events: list[EventOut]
    after: str | None


class RecommendationsRequest(NullsAsDefaults, Schema):
    """A session of somebody without an id: what was done in it, in any order. Nothing of it is kept."""

    events: Annotated[list[SessionEvent], Field(max_length=MAX_SESSION)] = []
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    filter: Annotated[dict[str, Any] | None, Field(description="As in /v1/search.")] = None
    exclude: Annotated[list[Id], Field(max_length=1_000, description="Products that are not wanted.")] = []
    again: Annotated[bool, Field(description="Whether what was met in earlier visits may come again.")] = True
    diversity: Annotated[
        float, Field(ge=0, le=1, description="How much a product loses for being like one above it.")
    ] = 0.1

    def to_events(self) -> list[Event]:
        now = time.time()
        given = enumerate(self.events)
        return [Event("", one.kind, one.product_id, seconds(one.time, now), "", f"{place:04d}") for place, one in given]

    def to_wanted(self) -> Wanted:
        """Raises FilterInvalid."""
        return Wanted(
            limit=self.limit,
            filter=read_filter(self.filter),
            exclude=frozenset(self.exclude),
            again=self.again,
            diversity=self.diversity,
        )


class ReasonOut(BaseModel):
    """Why a product is recommended. source: `earlier`: the shopper came to it himself; `together`, `later`: others came
    to it in one visit with the product `product_id`, or in a later one; `alike`: it is like what the shopper came to,
    `product_id` above all; `popular`: many come to it; `sequence`: shoppers come to such products after what the
    shopper came to, in its order; `new`: it was stored last.
    """

    source: Literal["earlier", "together", "later", "alike", "popular", "sequence", "new"]
    product_id: str | None
    title: str | None


class RecommendationOut(BaseModel):
    product: ProductOut
    score: Annotated[float, Field(ge=0, description="For comparing those of one answer.")]
    reason: ReasonOut


class RecommendationsResponse(BaseModel):
    """Best first."""

    recommendations: list[RecommendationOut]


class CompanionOut(BaseModel):
    """times: how often both were bought in one visit."""

    product: ProductOut
    times: int


class CompanionsResponse(BaseModel):
    products: list[CompanionOut]


def seconds(moment: AwareDatetime | None, now: float) -> float:
    """Since 1970; of what is earlier, 0."""
    return now if moment is None else max(moment.timestamp(), 0.0)


def to_events(events: Sequence[Event], limit: int) -> EventsResponse:
    found = [
        EventOut(id=one.id, kind=one.kind, product_id=one.product, query=one.words, time=written(one.time))
        for one in events[:limit]
    ]
    return EventsResponse(events=found, after=found[-1].id if len(events) > limit else None)


def to_recommendations(given: Recommended) -> RecommendationsResponse:
    found = []
    for stored, score, reason in given.found:
        because = ReasonOut(
            source=reason.source, product_id=reason.product or None, title=given.titles.get(reason.product)
        )
        product = to_product(stored, given.images.get(stored.id, 0))
        found.append(RecommendationOut(product=product, score=rounded(score), reason=because))
    return RecommendationsResponse(recommendations=found)


def to_companions(given: BoughtTogether) -> CompanionsResponse:
    return CompanionsResponse(
        products=[
            CompanionOut(product=to_product(stored, given.images.get(stored.id, 0)), times=times)
            for stored, times in given.found
        ]
    )
