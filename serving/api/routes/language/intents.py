"""What messages of customers are about."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from catalog.language.intents import Intent
from catalog.product import Product
from serving.api import examples
from serving.api.context import Context, respond
from serving.api.openapi import MODEL, json_body, operation
from serving.api.schemas.language.intents import IntentsRequest, IntentsResponse, to_intents

router = APIRouter(tags=["intents"])


@router.post(
    "/v1/intents",
    response_model=IntentsResponse,
    **operation(
        "What messages are about",
        examples.INTENTS,
        body=json_body(IntentsRequest, examples.INTENTS_REQUEST),
        raises=MODEL,
    ),
)
async def find_intents(context: Context, request: Request) -> Response:
    """For each message the intent of the examples that are nearest to it: order_status, delivery, return, refund,
    size_fit, defect, price, availability, product_question or praise; `unknown` where none is near enough. With the
    setting `intent_model` the labels are those that it was taught.
    """
    sent = await context.json(request, IntentsRequest)
    if own := await context.text_models.intents():
        labels = await context.in_thread(own.label, sent.texts)
        return respond(to_intents([Intent(*label) for label in labels], own.version))
    model = await context.active_model()
    answers = await context.embed_many([Product(title=text) for text in sent.texts], model)
    found = await context.intents.classify(sent.texts, answers, model)
    return respond(to_intents(found, model.info.version))
