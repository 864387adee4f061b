"""Questions about a product, or about the whole catalogue."""

from collections.abc import Sequence

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import Response

from catalog.arrays import Floats
from catalog.errors import FilterInvalid, IndexOfOtherModel, ProductNotFound, SearchInvalid
from catalog.index.filters import Filter
from catalog.knowledge import ties_of, ties_of_several
from catalog.language.reviews.store import ReviewQuery
from catalog.product import Match, Product, Understanding
from catalog.questions import MAX_ASKED, MAX_REVIEWS, Ask, CatalogueAsk, Reply, passages_about, shipped
from catalog.search import Example, Knowledge, Search, SearchPlan
from serving.api import examples
from serving.api.context import Context, RequestContext, respond
from serving.api.openapi import INDEX, MODEL, Errors, json_body, operation
from serving.api.parameters import ProductId
from serving.api.routes.products import stored_product
from serving.api.schemas.knowledge.ask import AskRequest, AskResponse, CatalogueAskRequest, to_ask_response
from serving.api.schemas.search import read_filter
from serving.inference.models import Model
from serving.inference.rewording import reword

ASKING: Errors = (IndexOfOtherModel, *MODEL, *INDEX)

router = APIRouter(tags=["knowledge"])


@router.post(
    "/v1/ask",
    response_model=AskResponse,
    **operation(
        "Ask about the catalogue",
        examples.ANSWERED,
        body=json_body(CatalogueAskRequest, examples.CATALOGUE_QUESTION),
        raises=(SearchInvalid, FilterInvalid, *ASKING),
    ),
)
async def ask_catalogue(context: Context, request: Request) -> Response:
    """What the products that are most like the question, or documents about them or the shop, say in answer to it: word
    for word, or that nothing does. Of products, those that the filter leaves are asked.
    """
    said = await context.json(request, CatalogueAskRequest)
    model = await context.index_model()
    matches = await nearest(context, said.question, read_filter(said.filter), model)
    told = await context.store.document_passages(said.question, ties_of_several(match.stored for match in matches))
    ask = CatalogueAsk(said.question, matches, told, shipped().of(model.info.space))
    return await answered(context, said, ask.reply(await vectors(context, ask.texts, model)))


@router.post(
    "/v1/products/{id:path}/ask",
    response_model=AskResponse,
    **operation(
        "Ask about a product",
        examples.ANSWERED,
        body=json_body(AskRequest, examples.QUESTION),
        raises=(ProductNotFound, *ASKING),
    ),
)
async def ask_product(context: Context, id: ProductId, request: Request) -> Response:
    """What a stored product's attributes, its words, documents about it, or its newest reviews say in answer to a
    question: word for word, or that nothing does.
    """
    said = await context.json(request, AskRequest)
    question = said.question
    stored = await stored_product(context, id)
    told = await context.store.document_passages(question, ties_of(stored))
    reviews = (await context.store.reviews(ReviewQuery(id, limit=MAX_REVIEWS))).reviews
    passages = passages_about(stored, told, {one.id: one.text for one in reviews})
    model = await context.active_model()
    ask = Ask(question, passages, stored.product.title, shipped().of(model.info.space))
    reply = ask.reply(await vectors(context, ask.texts, model))
    return await answered(context, said, reply)


async def answered(context: RequestContext, said: AskRequest, reply: Reply) -> Response:
    """With the first answer reworded, where that was asked for and there is one."""
    wanted = said.reword and reply.answered
    reworded = await reword(context.settings, said.question, reply.answers[0]) if wanted else None
    return respond(to_ask_response(reply, reworded))


async def nearest(context: RequestContext, question: str, filter: Filter | None, model: Model) -> Sequence[Match]:
    """The products that are most like the question, best first, of those that the filter leaves. Raises FilterInvalid
    or SearchInvalid.
    """
    filter = await context.with_ids(filter, (), model.taxonomy) if filter else None
    search = Search((Example(question),), filter, MAX_ASKED, floor=False, include_unavailable=True)
    plan = SearchPlan(search, Knowledge(model.taxonomy, model.info.scripts, model.info.bounds))
    read = await context.read_queries(plan.products, model)
    return (await context.store.search(plan.query(read, []))).found.matches


async def vectors(context: RequestContext, texts: Sequence[str], model: Model) -> Floats:
    """(T, E): of each text, zeros for one that the model cannot read."""
    found: list[Floats | None] = []
    size = context.settings.batch_size
    for start in range(0, len(texts), size):
        products = [Product(title=text) for text in texts[start : start + size]]
        for answer in await context.read_queries(products, model):
            if isinstance(answer, Understanding) and answer.modalities_used:
                found.append(answer.embedding)
            else:
                found.append(None)
    width = next((len(row) for row in found if row is not None), 1)
    return np.array([np.zeros(width) if row is None else row for row in found], np.float32)
