"""The review queue: stored products of low confidence, for people to judge."""

from typing import Annotated

from fastapi import APIRouter, Query

from catalog.errors import ProductNotFound, SearchInvalid
from serving.api import examples
from serving.api.context import Context
from serving.api.openapi import INDEX, operation
from serving.api.parameters import ProductId
from serving.api.schemas.judging.feedback import AlikeResponse, ReviewResponse, to_alike, to_review
from serving.errors import RequestInvalid
from serving.storage.review.feedback import QueueOrder, Unsure
from serving.storage.review.waiting import QueueQuery

ALIKE = 0.9

router = APIRouter(tags=["feedback"])


@router.get(
    "/v1/review",
    **operation("What waits for a person", examples.REVIEW, raises=(RequestInvalid, SearchInvalid, *INDEX)),
)
async def list_products_to_review(
    context: Context,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str, Query(max_length=64, description="What the page before gave.")] = "",
    order: Annotated[
        QueueOrder,
        Query(
            description="By the score of the likeliest leaf. `informative`: first what teaches most, as it is unsure "
            "and like many that are. `stored`: an order that means nothing."
        ),
    ] = "stored",
    decision: Unsure | None = None,
    category: Annotated[
        str, Query(max_length=256, description="A node of the tree that the likeliest leaf is, or lies under.")
    ] = "",
    text: Annotated[
        str, Query(max_length=256, description="Words to look for: the products that have most of them, one page.")
    ] = "",
) -> ReviewResponse:
    """Stored products of low confidence on which nobody has given a verdict."""
    return to_review(await context.store.review(QueueQuery(limit, after, order, decision, category, text.strip())))


@router.get(
    "/v1/review/{id:path}/alike",
    **operation("What waits and is like a product", examples.ALIKE, raises=(ProductNotFound, RequestInvalid, *INDEX)),
)
async def list_products_alike(
    context: Context,
    id: ProductId,
    above: Annotated[float, Query(ge=0, le=1, description="The least cosine similarity.")] = ALIKE,
    limit: Annotated[int, Query(ge=1, le=100)] = 24,
) -> AlikeResponse:
    """Products that wait for a person and are nearly the same as a stored one, to be judged with it."""
    return to_alike(await context.store.alike(id, above, limit))
