"""What people say of the model's answers, what waits for them, and the training data that comes of it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from serving.desk import Desk, respond
from serving.errors import CategoryUnknown
from serving.feedback import Correction, Feedback, category_of
from serving.openapi import body_of, error_responses
from serving.wire.feedback import FeedbackOut, FeedbackRequest, ReviewResponse
from serving.wire.products import to_products

FEEDBACK_EXAMPLE = {"product_id": "shirt-1", "verdict": "correct", "category": "apparel.topwear.shirts"}


def router(desk: Desk) -> APIRouter:
    routes = APIRouter(tags=["feedback"])

    @routes.post(
        "/v1/feedback",
        status_code=201,
        response_model=FeedbackOut,
        responses=error_responses(400, 404, 413, 415, 422, 503, 507),
        openapi_extra=body_of(FeedbackRequest, FEEDBACK_EXAMPLE),
    )
    async def judge(request: Request) -> Response:
        """Accept, correct or reject what is stored of a product. Accepted and corrected ones count as sure, also when
        they are stored again, until their words or pictures change.
        """
        said = await desk.json(request, FeedbackRequest)
        tags = None if said.tags is None else tuple(said.tags)
        category = None
        if said.category is not None:
            try:
                category = category_of((await desk.index_model()).taxonomy, said.category)
            except KeyError:
                raise CategoryUnknown from None
        correction = Correction(category, tags, said.attributes)
        feedback = await desk.shelf.judge(said.product_id, said.verdict, correction, said.comment)
        return respond(to_feedback(feedback), 201)

    @routes.get(
        "/v1/feedback",
        response_class=Response,
        responses={200: {"content": {"application/x-ndjson": {}}}, **error_responses(503)},
    )
    async def feedback() -> Response:
        """The last verdict on each product, a JSON object a line, oldest first."""
        lines = [to_feedback(one).model_dump_json() + "\n" for one in await desk.shelf.feedback()]
        return Response("".join(lines), media_type="application/x-ndjson")

    @routes.get(
        "/v1/feedback/training-set",
        response_class=Response,
        responses={200: {"content": {"application/zip": {}}}, **error_responses(503)},
    )
    async def training_set() -> Response:
        """Accepted and corrected products as a zip of `manifest.jsonl` and pictures: unpacked, `shelflens train` reads
        it.
        """
        headers = {"Content-Disposition": 'attachment; filename="feedback.zip"'}
        return Response(await desk.shelf.training_set(), media_type="application/zip", headers=headers)

    @routes.get("/v1/review", responses=error_responses(422, 503))
    async def review(
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        after: Annotated[str, Query(max_length=64, description="What the page before gave.")] = "",
    ) -> ReviewResponse:
        """Stored products of low confidence on which nobody has given a verdict."""
        page = await desk.shelf.review(limit, after)
        return ReviewResponse(
            products=to_products(page.products, page.images), after=page.after or None, total=page.total
        )

    return routes


def to_feedback(feedback: Feedback) -> FeedbackOut:
    right = feedback.correction
    return FeedbackOut(
        id=feedback.id,
        product_id=feedback.product_id,
        verdict=feedback.verdict,
        category=right.category.id if right.category else None,
        tags=None if right.tags is None else list(right.tags),
        attributes=None if right.attributes is None else dict(right.attributes),
        comment=feedback.comment,
        created_at=feedback.created_at,
    )
