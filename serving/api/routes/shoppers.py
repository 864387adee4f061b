"""Events of shoppers, recommendations, and what is bought together."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from catalog.behaviour.recommend import Wanted
from catalog.errors import EventInvalid, FilterInvalid, ProductNotFound, SearchInvalid
from catalog.index.filters import Filter
from serving.api import examples
from serving.api.context import Context, RequestContext, respond
from serving.api.openapi import INDEX, WRITING, Errors, json_body, operation
from serving.api.parameters import ProductId, UserId
from serving.api.routes.search import FilterText, Limit, json_object
from serving.api.schemas.search import read_filter
from serving.api.schemas.shoppers import (
    CompanionsResponse,
    EventsKept,
    EventsRequest,
    EventsResponse,
    RecommendationsRequest,
    RecommendationsResponse,
    to_companions,
    to_events,
    to_recommendations,
)
from serving.errors import ModelNotReady, RequestInvalid, UserNotFound

RECOMMENDING: Errors = (RequestInvalid, SearchInvalid, FilterInvalid, ModelNotReady, *INDEX)

router = APIRouter(tags=["shoppers"])


@router.post(
    "/v1/events",
    response_model=EventsKept,
    **operation(
        "Tell what shoppers did",
        examples.EVENTS_KEPT,
        body=json_body(EventsRequest, examples.EVENTS_REQUEST),
        raises=(EventInvalid, *WRITING),
    ),
)
async def add_events(context: Context, request: Request) -> Response:
    """Views, clicks, carts, purchases and searches, up to 1,000 in any order. The next recommendation knows them."""
    events = (await context.json(request, EventsRequest)).to_events()
    return respond(EventsKept(received=len(events), new=await context.store.add_events(events)))


@router.get(
    "/v1/users/{id:path}/recommendations",
    **operation("Recommendations for a user", examples.RECOMMENDATIONS, raises=RECOMMENDING),
)
async def recommend_to_user(
    context: Context,
    id: UserId,
    limit: Limit = 10,
    filter: FilterText = "",
    again: Annotated[bool, Query(description="Whether what the user met in earlier visits may come again.")] = True,
    diversity: Annotated[
        float, Query(ge=0, le=1, description="How much a product loses for being like one above it.")
    ] = 0.1,
) -> RecommendationsResponse:
    """What a user may want next, of what is for sale, best first, each with its reason. A user of whom nothing is known
    is given what many come to, or what is new.
    """
    chosen = await with_ids(context, read_filter(json_object(filter)))
    wanted = Wanted(limit=limit, filter=chosen, again=again, diversity=diversity)
    return to_recommendations(await context.store.recommend(id, wanted))


@router.post(
    "/v1/recommendations",
    response_model=RecommendationsResponse,
    **operation(
        "Recommendations for a session",
        examples.RECOMMENDATIONS,
        body=json_body(RecommendationsRequest, examples.RECOMMENDATIONS_REQUEST),
        raises=RECOMMENDING,
    ),
)
async def recommend_to_session(context: Context, request: Request) -> Response:
    """As for a user, by what is sent alone. Nothing of it is kept."""
    asked = await context.json(request, RecommendationsRequest)
    wanted = asked.to_wanted()
    wanted = wanted.restricted(await with_ids(context, wanted.filter))
    return respond(to_recommendations(await context.store.recommend_after(asked.to_events(), wanted)))


@router.get(
    "/v1/products/{id:path}/bought-together",
    **operation("What is bought together", examples.COMPANIONS, raises=(ProductNotFound, RequestInvalid, *INDEX)),
)
async def find_bought_together(context: Context, id: ProductId, limit: Limit = 10) -> CompanionsResponse:
    """What shoppers bought in one visit with a stored product, first what they did much more often than chance has
    it. Of a product that nobody bought with another there is nothing.
    """
    return to_companions(await context.store.bought_together(id, limit))


@router.get(
    "/v1/users/{id:path}/events",
    **operation("What is known of a user", examples.EVENTS, raises=(UserNotFound, RequestInvalid, *INDEX)),
)
async def list_user_events(
    context: Context,
    id: UserId,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    after: Annotated[str, Query(max_length=256, description="What the page before gave.")] = "",
) -> EventsResponse:
    """Everything that is kept of a user, the newest first. It needs a key that may write, as it is of a person."""
    return to_events(await context.store.user_events(id, limit + 1, after), limit)


@router.delete(
    "/v1/users/{id:path}",
    **operation("Forget a user", status=204, raises=(UserNotFound, RequestInvalid, *WRITING)),
)
async def forget_user(context: Context, id: UserId) -> None:
    """Have everything as if the user had never come: events, and what they added to any count. Within minutes nothing
    of it is left on disk.
    """
    await context.store.forget_user(id)


async def with_ids(context: RequestContext, filter: Filter | None) -> Filter | None:
    """Raises FilterInvalid or SearchInvalid."""
    if filter is None:
        return None
    return await context.with_ids(filter, (), (await context.index_model()).taxonomy)
