"""What a listing of a product may say, from what is verified of it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from catalog.drafts import Verified, channels, draft, verified
from catalog.errors import IndexOfOtherModel, NothingVerified, ProductNotFound
from serving.api import examples
from serving.api.context import Context, RequestContext, respond, valid
from serving.api.openapi import INDEX, MODEL, PRODUCT, json_body, operation
from serving.api.parameters import ProductId
from serving.api.routes.products import stored_product
from serving.api.schemas.offers.drafts import DraftOptions, DraftOut, to_draft
from serving.api.schemas.offers.requests import DraftRequest
from serving.inference.styling import style

router = APIRouter(tags=["offers"])


@router.post(
    "/v1/drafts",
    response_model=DraftOut,
    **operation(
        "A listing's texts for a product that is not stored",
        examples.DRAFT,
        body=json_body(DraftRequest, examples.DRAFT_REQUEST),
        raises=(NothingVerified, *PRODUCT, *MODEL),
    ),
)
async def write_draft(context: Context, request: Request) -> Response:
    """Title, description, bullet points and a short advertisement within a channel's limits, from the words of the
    request and from what the model is sure of (`auto`). Nothing is stored, and nothing is said that neither shows.
    With `style` the description may be in other words, of which each is checked.
    """
    asked = await context.json(request, DraftRequest)
    product = await context.in_thread(asked.to_product)
    model = await context.active_model()
    [read] = context.obeying([await context.understand(product, model)], model)
    return respond(await written(context, verified(asked.to_listed(), valid(read), None, model.taxonomy), asked))


@router.post(
    "/v1/products/{id:path}/draft",
    response_model=DraftOut,
    **operation(
        "A listing's texts for a stored product",
        examples.DRAFT,
        body=json_body(DraftOptions, examples.DRAFT_OPTIONS),
        raises=(ProductNotFound, NothingVerified, IndexOfOtherModel, *MODEL, *INDEX),
    ),
)
async def write_product_draft(context: Context, id: ProductId, request: Request) -> Response:
    """As /v1/drafts, from the stored fields, from what people confirmed, and from what the model is sure of. Nothing is
    stored.
    """
    asked = await context.json(request, DraftOptions)
    stored = await stored_product(context, id)
    taxonomy = (await context.index_model()).taxonomy
    known = verified(stored.product, stored.understanding, stored.judgement, taxonomy)
    return respond(await written(context, known, asked))


async def written(context: RequestContext, known: Verified, asked: DraftOptions) -> DraftOut:
    """Raises NothingVerified."""
    drafted = draft(known, channels()[asked.channel], asked.language)
    if not asked.style:
        return to_draft(drafted)
    return to_draft(*await style(context.settings, context.text_models, drafted, known))
