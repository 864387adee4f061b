"""POST /v1/embeddings: OpenAI's route, so that its clients work unchanged."""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response

from catalog.errors import CatalogError, TextUnreadable
from catalog.product import Understanding
from serving.api import examples
from serving.api.context import Context, RequestContext, check_dimensions, respond, respond_error
from serving.api.openapi import MODEL, PRODUCT, json_body, operation
from serving.api.parse import to_products
from serving.api.schemas.embeddings import EmbeddingsRequest, EmbeddingsResponse, to_response
from serving.error_responses import param_of
from serving.errors import EmbeddingDimensionsUnsupported, TokensUnsupported, TooManyItems
from serving.inference.backend import Answer
from serving.inference.models import Model

# Of what others may send: 4 kB for each of 2,048 texts, and a model reads less of a text.
JSON_TIMES = 8

router = APIRouter(tags=["embeddings"])


@router.post(
    "/v1/embeddings",
    response_model=EmbeddingsResponse,
    **operation(
        "Embeddings, as OpenAI's clients ask for them",
        examples.EMBEDDED,
        body=json_body(EmbeddingsRequest, examples.EMBEDDINGS_REQUEST),
        raises=(TooManyItems, TokensUnsupported, EmbeddingDimensionsUnsupported, TextUnreadable, *PRODUCT, *MODEL),
    ),
)
async def create_embeddings(context: Context, request: Request) -> Response:
    """One vector of norm 1 for each input: words, or an object of `text` and `image`, read together. A long list is
    read in portions, between which other requests have their turn.
    """
    read = await context.json(request, EmbeddingsRequest, JSON_TIMES)
    model = await named(context, read.model)
    check_dimensions(read.dimensions, model.info, "dimensions")
    products = await context.in_thread(to_products, read.input)
    if wrong := first_error(products):
        return wrong
    found = [readable(answer) for answer in await context.embed_many(products, model)]
    if wrong := first_error(found):
        return wrong
    answers = [answer for answer in found if isinstance(answer, Understanding)]
    return await context.in_thread(lambda: respond(to_response(answers, read, model.info.version)))


def first_error(inputs: Sequence[object]) -> Response | None:
    """The response that names the first input at fault, if one is."""
    for position, one in enumerate(inputs):
        if isinstance(one, CatalogError):
            return respond_error(one, f"input.{position}.{'image' if param_of(one, 'image') == 'image' else 'text'}")
    return None


def readable(found: Answer) -> Answer:
    """An input of which nothing could be read has no embedding."""
    return found if isinstance(found, CatalogError) or found.modalities_used else TextUnreadable()


async def named(context: RequestContext, name: str | None) -> Model:
    """The loaded model of this version; the active one for any other name, as clients of OpenAI must give one."""
    return await context.models.find(name or "") or await context.active_model()
