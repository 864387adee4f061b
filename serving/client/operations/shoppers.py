"""Operations on events of shoppers, and recommendations."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict

from serving.api.schemas.shoppers import (
    CompanionsResponse,
    EventsKept,
    EventsResponse,
    RecommendationsResponse,
)
from serving.client.asking import Asking, segment
from serving.client.fields import given
from serving.client.steps import Request, Steps, operation

Kind = Literal["view", "click", "cart", "purchase", "search"]


class SessionFields(TypedDict, total=False):
    """What was done with a product. See `serving.api.schemas.shoppers.SessionEvent`."""

    kind: Kind
    product_id: str
    time: datetime | str | None


class EventFields(SessionFields, total=False):
    """What a user did. See `serving.api.schemas.shoppers.EventIn`."""

    user_id: str
    query: str
    id: str


class ShopperOperations(Asking):
    @operation
    def add_events(self, events: Iterable[EventFields]) -> Steps[EventsKept]:
        """Tell what users did, up to 1,000 events. One with an id of yours may be sent again."""
        listed = [dated(event) for event in events]
        with_ids = all(event.get("id") for event in listed)
        request = Request("POST", "/v1/events", json={"events": listed}, repeatable=with_ids)
        response = yield from self._send(request)
        return EventsKept.model_validate_json(response.content)

    @operation
    def recommendations(
        self,
        user: str,
        *,
        limit: int | None = None,
        filter: Mapping[str, Any] | None = None,
        again: bool | None = None,
        diversity: float | None = None,
    ) -> Steps[RecommendationsResponse]:
        """What a user may want next, each product with its reason. again: whether what the user met in earlier visits
        may come again; diversity: 0 to 1, how much a product loses for being like one above it.
        """
        query = given(limit=limit, again=again, diversity=diversity)
        query |= {"filter": json.dumps(filter)} if filter is not None else {}
        return self._ask(RecommendationsResponse, "GET", f"/v1/users/{segment(user)}/recommendations", query=query)

    @operation
    def recommendations_for(
        self,
        events: Iterable[SessionFields],
        *,
        limit: int | None = None,
        filter: Mapping[str, Any] | None = None,
        exclude: Sequence[str] | None = None,
        again: bool | None = None,
        diversity: float | None = None,
    ) -> Steps[RecommendationsResponse]:
        """As `recommendations`, for a session of somebody without an id, of which nothing is kept."""
        options = given(limit=limit, filter=filter, exclude=exclude, again=again, diversity=diversity)
        body = {"events": [dated(event) for event in events]} | options
        return self._ask(RecommendationsResponse, "POST", "/v1/recommendations", json=body)

    @operation
    def bought_together(self, id: str, *, limit: int | None = None) -> Steps[CompanionsResponse]:
        """What users bought in one visit with a stored product."""
        path = f"/v1/products/{segment(id)}/bought-together"
        return self._ask(CompanionsResponse, "GET", path, query=given(limit=limit))

    @operation
    def user_events(self, user: str, *, limit: int | None = None, after: str | None = None) -> Steps[EventsResponse]:
        """Everything that is kept of a user, the newest first. after: from the page before."""
        query = given(limit=limit, after=after)
        return self._ask(EventsResponse, "GET", f"/v1/users/{segment(user)}/events", query=query)

    @operation
    def forget_user(self, user: str) -> Steps[None]:
        """Have everything as if the user had never come."""
        yield from self._send(Request("DELETE", f"/v1/users/{segment(user)}", repeatable=False))


def dated(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with its time as text."""
    time = event.get("time")
    return {**event, "time": time.isoformat()} if isinstance(time, datetime) else dict(event)
