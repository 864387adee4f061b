"""POST /v1/embeddings: OpenAI's route, so that its clients work unchanged."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from catalog.errors import CatalogError, TextUnreadable
from serving.api import examples
from serving.api.context import Context, RequestContext, check_dimensions, respond, respond_error
from serving.api.openapi import MODEL, PRODUCT, json_body, operation
from serving.api.parse import check_items, to_products
from serving.api.schemas.embeddings import EmbeddingsRequest, EmbeddingsResponse, to_response
from serving.error_responses import param_of
from serving.errors import EmbeddingDimensionsUnsupported, TooManyItems
from serving.inference.backend import Answer
from serving.inference.models import Model

router = APIRouter(tags=["embeddings"])


@router.post(
    "/v1/embeddings",
    response_model=EmbeddingsResponse,
    **operation(
        "Embeddings, as OpenAI's clients ask for them",
        examples.EMBEDDED,
        body=json_body(EmbeddingsRequest, examples.EMBEDDINGS_REQUEST),
        raises=(TooManyItems, EmbeddingDimensionsUnsupported, TextUnreadable, *PRODUCT, *MODEL),
    ),
)
async def create_embeddings(context: Context, request: Request) -> Response:
    """One vector of norm 1 for each input: words, or an object of `text` and `image`, read together."""
    read = await context.json(request, EmbeddingsRequest)
    check_items(len(read.input), context.settings, "input")
    model = await named(context, read.model)
    check_dimensions(read.dimensions, model.info, "dimensions")
    found = await context.embed(await context.in_thread(to_products, read.input), model)
    vectors = []
    for position, answer in enumerate(map(readable, found)):
        if isinstance(answer, CatalogError):
            return respond_error(answer, f"input.{position}.{param_of(answer, 'image') or 'text'}")
        vectors.append(answer.embedding)
    return respond(to_response(vectors, read, model.info.version))


def readable(found: Answer) -> Answer:
    """An input of which nothing could be read has no embedding."""
    return found if isinstance(found, CatalogError) or found.modalities_used else TextUnreadable()


async def named(context: RequestContext, name: str | None) -> Model:
    """The loaded model of this version; the active one for any other name, as clients of OpenAI must give one."""
    return await context.models.loaded(name or "") or await context.models.active()
