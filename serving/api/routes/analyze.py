"""POST /v1/products/analyze: what the model makes of products, nothing stored."""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from catalog.errors import CatalogError, ImageTooManyBytes
from serving.api import examples
from serving.api.context import Context, RequestContext, Source, check_dimensions, media_type, respond, respond_error
from serving.api.openapi import FORM, JSON, MODEL, PRODUCT, analyze_form_schema, operation, reference
from serving.api.parse import check_items, read_form
from serving.api.schemas.analyze import AnalyzeRequest, AnalyzeResponse, Options, analysis
from serving.error_responses import param_of
from serving.errors import EmbeddingDimensionsUnsupported, MediaTypeUnsupported, MultipartInvalid, TooManyItems
from serving.inference.analyzer import Answer
from serving.inference.models import Model

# Parts of a multipart form: more images than a product may have, so that the answer can say which limit it was.
MAX_FILES, MAX_FIELDS = 32, 32

router = APIRouter(tags=["products"])


@router.post(
    "/v1/products/analyze",
    response_model=AnalyzeResponse,
    **operation(
        "Category, tags, attributes and embedding of products",
        examples.ANALYZED,
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
    form takes one product, and its error is the status.
    """
    kind = media_type(request)
    if kind == b"application/json":
        return await analyze_json(context, request)
    if kind == b"multipart/form-data":
        return await analyze_form(context, request)
    raise MediaTypeUnsupported


async def analyze_json(context: RequestContext, request: Request) -> Response:
    read = await context.json(request, AnalyzeRequest)
    check_items(len(read.items), context.settings)
    model = await context.models.active()
    answers = await ask(context, [item.to_product for item in read.items], read, model)
    return answered(read, model, [item.id for item in read.items], answers)


async def analyze_form(context: RequestContext, request: Request) -> Response:
    try:
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS) as form:
            read, product = await read_form(form)
    except (HTTPException, ValueError):
        # Starlette's limits, and what its parser makes of bytes or character sets that make no sense.
        raise MultipartInvalid from None
    model = await context.models.active()
    answers = await ask(context, [lambda: product], read, model)
    if isinstance(answers[0], CatalogError):
        return respond_error(answers[0], param_of(answers[0], "image"))
    return answered(read, model, [product.id], answers)


async def ask(context: RequestContext, sources: Sequence[Source], options: Options, model: Model) -> list[Answer]:
    """Decode each product, send the good ones to the model. Raises EmbeddingDimensionsUnsupported, Overloaded."""
    check_dimensions(options.embedding_dimensions, model.info, "embedding_dimensions")
    evidence = "evidence" in options.include
    return await context.ask(sources, model.info, lambda good: context.models.analyze(good, options.top_k, evidence))


def answered(options: Options, model: Model, ids: Sequence[str], answers: Sequence[Answer]) -> Response:
    return respond(analysis(ids, answers, model.info.version, model.info.taxonomy_version, options))
