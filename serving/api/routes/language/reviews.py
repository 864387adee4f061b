"""Reviews of a stored product, and what they say of it, each count with its sentences."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from catalog.errors import DiskFull, ProductNotFound
from catalog.language.reviews import MAX_ID
from catalog.language.reviews.reading import claimed, read_new
from catalog.language.reviews.store import ReviewQuery
from serving.api import examples
from serving.api.context import Context, respond
from serving.api.openapi import INDEX, WRITING, Errors, json_body, operation
from serving.api.parameters import ProductId
from serving.api.schemas.language.reviews import (
    ASPECT,
    ReviewsKept,
    ReviewsRequest,
    ReviewsResponse,
    ReviewSummary,
    to_kept,
    to_reviews,
    to_summary,
)
from serving.api.schemas.schema import PLAIN
from serving.errors import RequestInvalid, ReviewNotFound

READING: Errors = (ProductNotFound, RequestInvalid, *INDEX)

router = APIRouter(tags=["reviews"])


@router.post(
    "/v1/products/{id:path}/reviews",
    response_model=ReviewsKept,
    **operation(
        "Keep reviews of a product",
        examples.REVIEWS_KEPT,
        body=json_body(ReviewsRequest, examples.REVIEWS_REQUEST),
        raises=(ProductNotFound, *WRITING),
    ),
)
async def add_reviews(context: Context, id: ProductId, request: Request) -> Response:
    """Keep reviews, or replace those that have these ids. What is kept already is not read again, so a request may come
    twice.
    """
    sent = await context.json(request, ReviewsRequest)
    reviews = [one.to_review() for one in sent.reviews]
    reader = await context.text_models.sentiment()
    known = await context.store.known_reviews(id, claimed(reviews, reader))
    read = await context.in_thread(read_new, reviews, known, reader)
    return respond(to_kept(await context.store.add_reviews(id, read)))


@router.get(
    "/v1/products/{id:path}/reviews/summary",
    **operation("What reviews say of a product", examples.REVIEW_SUMMARY, raises=READING),
)
async def get_review_summary(
    context: Context,
    id: ProductId,
    sentences: Annotated[int, Query(ge=0, le=100, description="At most so many for each aspect and sentiment.")] = 3,
    limit: Annotated[int, Query(ge=1, le=200, description="At most so many aspects.")] = 20,
) -> ReviewSummary:
    """How many reviews name each aspect, and how many speak well or badly of it, with sentences that do. Every sentence
    that a count counts is in `GET /v1/products/{id}/reviews?aspect=…`.
    """
    return to_summary(await context.store.review_summary(id, sentences), limit)


@router.get("/v1/products/{id:path}/reviews", **operation("Reviews of a product", examples.REVIEWS, raises=READING))
async def list_reviews(
    context: Context,
    id: ProductId,
    aspect: Annotated[str, Query(max_length=64, description=ASPECT)] = "",
    sentiment: Literal["", "positive", "negative", "neutral"] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> ReviewsResponse:
    """The reviews, the last that came first. With an aspect those that name it, and the sentiment is that of a sentence
    that does; without one it is that of the whole review.
    """
    return to_reviews(await context.store.reviews(ReviewQuery(id, aspect, sentiment, limit, offset)))


@router.delete(
    "/v1/products/{id:path}/reviews",
    **operation("Forget a review", status=204, raises=(ReviewNotFound, RequestInvalid, *INDEX, DiskFull)),
)
async def delete_review(
    context: Context,
    id: ProductId,
    review: Annotated[str, Query(min_length=1, max_length=MAX_ID, pattern=PLAIN, description="The review's id.")],
) -> None:
    """Forget one review. All reviews of a product go with `DELETE /v1/products/{id}?erase=true`."""
    await context.store.remove_review(id, review)
