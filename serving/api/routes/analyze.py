"""POST /v1/products/analyze: what the model makes of products, nothing stored."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from catalog.errors import CatalogError, ImageTooManyBytes
from catalog.product import Product
from serving.api import examples
from serving.api.context import Context, RequestContext, check_dimensions, media_type, respond, respond_error
from serving.api.evidence import why
from serving.api.openapi import FORM, JSON, MODEL, PRODUCT, analyze_form_schema, operation, reference
from serving.api.parse import check_items, read_form, to_products
from serving.api.routes.offers.pricing import suggested_prices
from serving.api.schemas.analyze import (
    BY_MODALITY,
    AnalyzeForm,
    AnalyzeRequest,
    AnalyzeResponse,
    Options,
    analysis,
)
from serving.error_responses import param_of
from serving.errors import EmbeddingDimensionsUnsupported, MediaTypeUnsupported, MultipartInvalid, TooManyItems

# Parts of a multipart form: more images than a product may have, so that the answer can say which limit it was.
MAX_FILES, MAX_FIELDS = 32, 32

router = APIRouter(tags=["products"])


@router.post(
    "/v1/products/analyze",
    response_model=AnalyzeResponse,
    **operation(
        "Category, tags, attributes and embedding of products",
        examples.EXPLAINED,
        body={
            JSON: {"schema": reference(AnalyzeRequest), "examples": examples.ANALYZE_REQUESTS},
            FORM: {"schema": analyze_form_schema(), "example": examples.ANALYZE_FORM},
        },
        raises=(
            MultipartInvalid,
            TooManyItems,
            EmbeddingDimensionsUnsupported,
            *PRODUCT,
            ImageTooManyBytes,
            *MODEL,
        ),
    ),
)
async def analyze_products(context: Context, request: Request) -> Response:
    """Nothing is stored. Each item of a JSON request has its own result, in their order: one that cannot be read
    has its error there, with status 200, and only a request that is wrong as a whole fails as a whole. A multipart
    form takes one product, and its error is the status. What is accepted (`auto`) is so also after verdicts: a branch
    whose promise they ended is for a person (`review`), within a second.
    """
    options, ids, items = await read(context, request)
    model = await context.active_model()
    check_dimensions(options.embedding_dimensions, model.info, "embedding_dimensions")
    alone = not BY_MODALITY.isdisjoint(options.include)
    with context.concurrency.admitted(len(items)):
        prepared = await context.prepare(items, model.info)
        found = await context.models.understand(prepared, model, options.top_k, alone, shadowed=True)
        explained = "evidence" in options.include
        whys = await why(context, items, prepared, found, model) if explained else []
        priced = "suggested_price" in options.include
        prices = await suggested_prices(context, items, found, model, options.currency) if priced else []
    answers = context.obeying(found, model)
    if isinstance(options, AnalyzeForm) and isinstance(answers[0], CatalogError):
        return respond_error(answers[0], param_of(answers[0], "image"))
    version, tree = model.info.version, model.info.taxonomy_version
    return respond(analysis(ids, answers, version, tree, options, items, whys, prices))


async def read(context: RequestContext, request: Request) -> tuple[Options, list[str], list[Product | CatalogError]]:
    """The options, and the id and the product of each item, or what is wrong with it. Raises what is wrong with the
    request as a whole.
    """
    kind = media_type(request)
    if kind == b"application/json":
        asked = await context.json(request, AnalyzeRequest)
        check_items(len(asked.items), context.settings)
        return asked, [item.id for item in asked.items], await context.in_thread(to_products, asked.items)
    if kind != b"multipart/form-data":
        raise MediaTypeUnsupported
    try:
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS) as fields:
            form, product = await read_form(fields)
    except (HTTPException, ValueError):
        # Starlette's limits, and what its parser makes of bytes or character sets that make no sense.
        raise MultipartInvalid from None
    return form, [product.id], [product]
