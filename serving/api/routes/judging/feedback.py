"""Feedback: verdicts of people on the model's answers, and the training data made of them."""

import zipfile
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response, StreamingResponse

from catalog.errors import CatalogError, IndexOfOtherModel, ProductNotFound
from catalog.product import Verdict
from catalog.taxonomy.tree import Taxonomy
from serving.api import examples
from serving.api.context import Context, RequestContext, respond, valid
from serving.api.openapi import INDEX, LINES, WRITING, Errors, json_body, lines, operation
from serving.api.outgoing import Outgoing
from serving.api.schemas.judging.feedback import (
    AlikeRequest,
    FeedbackBatch,
    FeedbackOut,
    FeedbackRequest,
    FeedbackResponse,
    Proposal,
    ProposalsResponse,
    to_feedback,
    to_result,
)
from serving.errors import (
    CategoryUnknown,
    FeedbackNotFound,
    IndexNotReady,
    ModelNotReady,
    NothingToAccept,
    RequestInvalid,
    TooManyItems,
)
from serving.middleware.auth import CLIENT
from serving.storage.review.feedback import FeedbackQuery, Order
from serving.storage.review.verdicts import Correction, Feedback, Said, category_of
from serving.storage.store_api import StoreApi
from serving.storage.training_set import LabelledPart, TrainingSet

VERDICTS_AT_ONCE = 100
MAX_LISTED = 10_000
JUDGING: Errors = (IndexOfOtherModel, ModelNotReady, *WRITING)
FeedbackId = Annotated[int, Path(ge=1, le=2**53, description="As the verdict was given it.")]

router = APIRouter(tags=["feedback"])


@router.post(
    "/v1/feedback",
    response_model=FeedbackOut,
    **operation(
        "Say whether the model is right",
        examples.FEEDBACK,
        status=201,
        body=json_body(FeedbackRequest, examples.FEEDBACK_REQUEST),
        raises=(ProductNotFound, CategoryUnknown, NothingToAccept, *JUDGING),
    ),
)
async def give_feedback(context: Context, request: Request) -> Response:
    """Accept, correct or reject what is stored of a product. Accepted and corrected ones count as sure, also when
    they are stored again, also by another model, until their words or images change. What is rejected is the category
    that the product has now: another one, by another model, is not. A later verdict stands in place of an earlier one.
    Verdicts of two API keys that contradict each other do not count, and the product waits: whoever judges it next
    settles it.
    """
    (kept,) = await judged(context, [await context.json(request, FeedbackRequest)], giver(request))
    return respond(to_feedback(valid(kept)), 201)


@router.post(
    "/v1/feedback/batch",
    response_model=FeedbackResponse,
    **operation(
        "Judge several products",
        examples.JUDGED,
        body=json_body(FeedbackBatch, examples.FEEDBACK_BATCH),
        raises=(TooManyItems, *JUDGING),
    ),
)
async def give_feedback_on_several(context: Context, request: Request) -> Response:
    """Up to 100 verdicts. One that cannot be kept has its error in its result, and the others are kept."""
    kept = await judged(context, (await context.json(request, FeedbackBatch)).items, giver(request))
    return respond(FeedbackResponse(results=[to_result(one) for one in kept]))


@router.post(
    "/v1/feedback/alike",
    response_model=FeedbackResponse,
    **operation(
        "Judge a product and those alike",
        examples.JUDGED_ALIKE,
        body=json_body(AlikeRequest, examples.FEEDBACK_ALIKE),
        raises=(ProductNotFound, CategoryUnknown, NothingToAccept, *JUDGING),
    ),
)
async def give_feedback_on_those_alike(context: Context, request: Request) -> Response:
    """One verdict for a product and for others that are the same to a person: those that are named, or up to 1,000 that
    wait and are nearly the same. They are one group, which `DELETE /v1/feedback/{id}?group=true` takes back as a whole.
    The result of the product itself comes first.
    """
    asked = await context.json(request, AlikeRequest)
    one = await read(context, asked, giver(request))
    kept = await context.store.judge_alike(one, asked.others, asked.above)
    return respond(FeedbackResponse(results=[to_result(one) for one in kept]))


@router.get(
    "/v1/feedback",
    response_class=Response,
    **operation(
        "The verdicts that were given",
        lines(examples.FEEDBACK),
        kind=LINES,
        raises=(RequestInvalid, IndexNotReady),
    ),
)
async def list_feedback(
    context: Context,
    order: Order = "oldest",
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED, description="All of them if not given.")] | None = None,
    after: Annotated[int, Query(ge=0, le=2**53, description="The id of the last verdict of the page before.")] = 0,
    verdict: Verdict | None = None,
    product_id: Annotated[str, Query(max_length=256)] = "",
    group: Annotated[int, Query(ge=0, le=2**53, description="That the verdicts were given in; 0: any.")] = 0,
    conflicting: Annotated[bool, Query(description="Only those that another person's contradict.")] = False,
) -> Response:
    """The last verdict on each product, and each that contradicts it, a JSON object a line."""
    size = min(limit or VERDICTS_AT_ONCE, VERDICTS_AT_ONCE)
    query = FeedbackQuery(order, after, size, verdict, product_id, group, conflicting)
    first = await context.store.feedback(query)
    return StreamingResponse(listed(context.store, query, limit, first), media_type=LINES)


@router.delete(
    "/v1/feedback/{id}",
    **operation("Take a verdict back", status=204, raises=(FeedbackNotFound, RequestInvalid, *WRITING)),
)
async def take_feedback_back(
    context: Context,
    id: FeedbackId,
    group: Annotated[bool, Query(description="With all that were given as one with it.")] = False,
) -> None:
    """The product then has the verdict before it, or else the model's own answer again, and waits for a person
    again if the model is not sure of it.
    """
    await context.store.take_back(id, group)


@router.get(
    "/v1/feedback/proposals",
    **operation("Categories that the tree lacks", examples.PROPOSALS, raises=(IndexNotReady,)),
)
async def list_proposed_categories(context: Context) -> ProposalsResponse:
    """The categories that people proposed, with how many products each was proposed for."""
    found = await context.store.proposals()
    return ProposalsResponse(proposals=[Proposal(category=path, products=count) for path, count in found])


@router.get(
    "/v1/feedback/training-set",
    response_class=Response,
    **operation("Feedback as training data", kind="application/zip", raises=INDEX),
)
async def get_training_set(context: Context) -> Response:
    """Accepted and corrected products as a zip: `manifest.jsonl`, split for training, and images, which
    `shelflens train` reads once unpacked; `proposed.jsonl`, those of a category that the tree lacks; `README.txt`,
    with what was left out.
    """
    headers = {"Content-Disposition": 'attachment; filename="feedback.zip"'}
    content = zipped(context.store, await context.store.labelled())
    return StreamingResponse(content, media_type="application/zip", headers=headers)


def giver(request: Request) -> str:
    """The name of the API key; empty without keys."""
    return str(request.scope.get(CLIENT, ""))


async def read(context: RequestContext, request: FeedbackRequest, given_by: str) -> Said:
    """Raises RequestInvalid or CategoryUnknown."""
    taxonomy = None if request.category is None else (await context.index_model()).taxonomy
    return valid(said(request, taxonomy, given_by))


async def judged(
    context: RequestContext, requests: Sequence[FeedbackRequest], given_by: str
) -> list[Feedback | CatalogError]:
    """Have each verdict kept that can be. -> as it is kept, or what is wrong with it, in their order."""
    named = any(request.category is not None for request in requests)
    taxonomy = (await context.index_model()).taxonomy if named else None
    each = [said(request, taxonomy, given_by) for request in requests]
    good = [one for one in each if isinstance(one, Said)]
    kept = iter(await context.store.judge(good) if good else ())
    return [next(kept) if isinstance(one, Said) else one for one in each]


def said(request: FeedbackRequest, taxonomy: Taxonomy | None, given_by: str) -> Said | CatalogError:
    """taxonomy: where the request has a category."""
    try:
        request.check()
        category = category_of(taxonomy, request.category) if taxonomy and request.category is not None else None
    except RequestInvalid as error:
        return error
    except KeyError:
        return CategoryUnknown()
    tags = None if request.tags is None else tuple(request.tags)
    correction = Correction(category, tags, request.attributes, request.proposed_category or "")
    return Said(request.product_id, request.verdict, correction, request.comment, given_by)


async def listed(
    store: StoreApi, query: FeedbackQuery, limit: int | None, first: Sequence[Feedback]
) -> AsyncIterator[str]:
    """Verdicts as JSON lines, no more than some of them in memory. first: what the query gave."""
    some, left = first, limit
    while some:
        yield "".join(to_feedback(one).model_dump_json() + "\n" for one in some)
        left = None if left is None else left - len(some)
        if left == 0:
            return
        more = query._replace(after=some[-1].id, limit=min(left or VERDICTS_AT_ONCE, VERDICTS_AT_ONCE))
        some = await store.feedback(more)


async def zipped(store: StoreApi, first: LabelledPart) -> AsyncIterator[bytes]:
    """The training set while it is written, no more than a part of its images in memory."""
    written, entries, part = Outgoing(), TrainingSet(), first
    with zipfile.ZipFile(written, "w") as archive:
        while True:
            write(archive, entries.add(part))
            yield written.taken()
            if part.after is None:
                break
            part = await store.labelled(part.after)
        write(archive, entries.end())
    yield written.taken()


def write(archive: zipfile.ZipFile, entries: Iterable[tuple[str, bytes]]) -> None:
    for name, content in entries:
        archive.writestr(name, content)
