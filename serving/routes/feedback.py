"""What people say of the model's answers, what waits for them, and the training data that comes of it."""

import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from catalog.errors import IndexOfOtherModel, InvalidSearch, ProductNotFound
from serving import examples
from serving.desk import Desk, respond
from serving.errors import CategoryUnknown, IndexNotReady, ModelNotReady, NothingToAccept, RequestInvalid
from serving.feedback import Correction, Feedback, category_of
from serving.openapi import INDEX, LINES, WRITING, json_body, lines, operation
from serving.shelf import LabelledPart, Shelf
from serving.wire.feedback import FeedbackOut, FeedbackRequest, ReviewResponse
from serving.wire.products import to_products


def router(desk: Desk) -> APIRouter:
    routes = APIRouter(tags=["feedback"])

    @routes.post(
        "/v1/feedback",
        response_model=FeedbackOut,
        **operation(
            "Say whether the model is right",
            examples.FEEDBACK,
            status=201,
            body=json_body(FeedbackRequest, examples.FEEDBACK_REQUEST),
            raises=(ProductNotFound, CategoryUnknown, NothingToAccept, IndexOfOtherModel, ModelNotReady, *WRITING),
        ),
    )
    async def give_feedback(request: Request) -> Response:
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
        **operation("All feedback", lines(examples.FEEDBACK), kind=LINES, raises=(IndexNotReady,)),
    )
    async def list_feedback() -> Response:
        """The last verdict on each product, a JSON object a line, oldest first."""
        return StreamingResponse(verdicts(desk.shelf, await desk.shelf.feedback()), media_type=LINES)

    @routes.get(
        "/v1/feedback/training-set",
        response_class=Response,
        **operation("Feedback as training data", kind="application/zip", raises=INDEX),
    )
    async def get_training_set() -> Response:
        """Accepted and corrected products as a zip of `manifest.jsonl` and pictures: unpacked, `shelflens train` reads
        it.
        """
        headers = {"Content-Disposition": 'attachment; filename="feedback.zip"'}
        content = training_set(desk.shelf, await desk.shelf.labelled())
        return StreamingResponse(content, media_type="application/zip", headers=headers)

    @routes.get(
        "/v1/review",
        **operation("What waits for a person", examples.REVIEW, raises=(RequestInvalid, InvalidSearch, *INDEX)),
    )
    async def list_products_to_review(
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        after: Annotated[str, Query(max_length=64, description="What the page before gave.")] = "",
    ) -> ReviewResponse:
        """Stored products of low confidence on which nobody has given a verdict."""
        page = await desk.shelf.review(limit, after)
        return ReviewResponse(
            products=to_products(page.products, page.images), after=page.after or None, total=page.total
        )

    return routes


async def verdicts(shelf: Shelf, first: Sequence[Feedback]) -> AsyncIterator[str]:
    some = first
    while some:
        yield "".join(to_feedback(one).model_dump_json() + "\n" for one in some)
        some = await shelf.feedback(some[-1].id)


async def training_set(shelf: Shelf, first: LabelledPart) -> AsyncIterator[bytes]:
    """The zip as it is written, so that no more than a part of its pictures is in memory."""
    written = Outgoing()
    rows = list[str]()
    part = first
    with zipfile.ZipFile(written, "w") as archive:
        while True:
            for product in part.products:
                rows.append(product.row)
                if product.name:
                    archive.writestr(product.name, product.picture)
            yield written.taken()
            if part.after is None:
                break
            part = await shelf.labelled(part.after)
        archive.writestr("manifest.jsonl", "".join(rows))
    yield written.taken()


class Outgoing(io.RawIOBase):
    """A file that is sent while it is written."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._written += data
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self._written)
        self._written.clear()
        return data


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
