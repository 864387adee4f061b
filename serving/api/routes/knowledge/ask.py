"""Questions about a product, or about the whole catalogue."""

from collections.abc import Sequence

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import Response

from catalog.arrays import Floats
from catalog.errors import IndexOfOtherModel, ProductNotFound
from catalog.knowledge import Tie, ties_of
from catalog.language.reviews.store import ReviewQuery
from catalog.product import Product, StoredProduct, Understanding
from catalog.questions import MAX_REVIEWS, Answer, Ask, Reply, passages_of, passages_of_reviews, shipped
from catalog.questions.ranker import MAX_ANSWERS
from catalog.search import Example, Knowledge, Search, SearchPlan
from serving.api import examples
from serving.api.context import Context, RequestContext, respond
from serving.api.openapi import INDEX, MODEL, Errors, json_body, operation
from serving.api.parameters import ProductId
from serving.api.routes.products import stored_product
from serving.api.schemas.knowledge.ask import AskRequest, AskResponse, to_ask_response
from serving.inference.models import Model
from serving.inference.rewording import reword

# Products that a question about the whole catalogue is put to.
MAX_ASKED = 4
ASKING: Errors = (IndexOfOtherModel, *MODEL, *INDEX)

router = APIRouter(tags=["knowledge"])


@router.post(
    "/v1/ask",
    response_model=AskResponse,
    **operation(
        "Ask about the catalogue",
        examples.ANSWERED,
        body=json_body(AskRequest, examples.QUESTION),
        raises=ASKING,
    ),
)
async def ask_catalogue(context: Context, request: Request) -> Response:
    """What the products that are most like the question, or documents about them or the shop, say in answer to it: word
    for word, or that nothing does.
    """
    said = await context.json(request, AskRequest)
    question = said.question
    model = await context.index_model()
    found = await asked_about(context, question, model)
    ties = list(dict.fromkeys([Tie("shop"), *(tie for stored, _ in found for tie in ties_of(stored))]))
    told = await context.store.document_passages(question, ties)
    ranker = shipped().of(model.info.space)
    asks = [(Ask(question, passages_of(stored), stored.product.title, ranker), weight) for stored, weight in found]
    answers: list[Answer] = []
    for ask, weight in [*asks, (Ask(question, told, "", ranker), 1.0)]:
        reply = ask.reply(await vectors(context, ask.texts, model))
        answers += [answer._replace(score=answer.score * weight) for answer in reply.answers]
    best = sorted(answers, key=lambda answer: -answer.score)[:MAX_ANSWERS]
    return await answered(context, said, Reply(tuple(best)))


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
    told += passages_of_reviews(id, {one.id: one.text for one in reviews})
    model = await context.active_model()
    ranker = shipped().of(model.info.space)
    ask = Ask(question, [*passages_of(stored), *told], stored.product.title, ranker)
    reply = ask.reply(await vectors(context, ask.texts, model))
    return await answered(context, said, reply)


async def answered(context: RequestContext, said: AskRequest, reply: Reply) -> Response:
    """With the first answer reworded, where that was asked for and there is one."""
    wanted = said.reword and reply.answered
    reworded = await reword(context.settings, said.question, reply.answers[0]) if wanted else None
    return respond(to_ask_response(reply, reworded))


async def asked_about(context: RequestContext, question: str, model: Model) -> list[tuple[StoredProduct, float]]:
    """The products that are most like the question, with how like the best they are, 0 to 1."""
    search = Search((Example(question),), limit=MAX_ASKED, floor=False, include_unavailable=True)
    plan = SearchPlan(search, Knowledge(model.taxonomy, model.info.scripts, model.info.bounds))
    read = await context.read_queries(plan.products, model)
    matches = (await context.store.search(plan.query(read, []))).found.matches
    best = max((match.score for match in matches), default=1.0) or 1.0
    return [(match.stored, max(0.0, min(1.0, match.score / best))) for match in matches]


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
