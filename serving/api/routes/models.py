"""The loaded models, their category tree, and the switch between two of them."""

import gzip

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from catalog.errors import DiskFull
from catalog.taxonomy.tree import Taxonomy
from serving.api import examples
from serving.api.context import Context, RequestContext
from serving.api.openapi import operation
from serving.api.parameters import ModelId
from serving.api.schemas.models import (
    ComparisonResponse,
    Difference,
    ModelOut,
    ModelsResponse,
    TaxonomyResponse,
    to_taxonomy,
)
from serving.errors import IndexNotReady, ModelNotReady, ModelUnknown, NoShadow, RequestInvalid

router = APIRouter(tags=["models"])


@router.get("/v1/models", **operation("The loaded models", examples.MODELS, raises=(ModelNotReady,)))
async def list_models(context: Context) -> ModelsResponse:
    """The loaded models, the active one first."""
    return await listed(context)


@router.get(
    "/v1/models/comparison",
    **operation("What the shadow model would have answered", examples.COMPARISON, raises=(NoShadow, ModelNotReady)),
)
async def compare_models(context: Context) -> ComparisonResponse:
    """How the shadow's answers differ from the active model's on what was analyzed since both were loaded."""
    active, shadow, found = await context.models.compared()
    shared = found.products or None
    return ComparisonResponse(
        active=active.info.version,
        shadow=shadow.info.version,
        products=found.products,
        missed=found.missed,
        changed_categories=shared and round(found.changed / shared, 6),
        top_ten_overlap=shared and round(found.overlap / shared, 6),
        neighbour_overlap=await context.in_thread(found.neighbour_overlap),
        examples=[
            Difference(
                id=ours.id,
                active=list(ours.path),
                active_score=round(ours.category.score, 6) if ours.category else None,
                shadow=list(other.path),
                shadow_score=round(other.category.score, 6) if other.category else None,
            )
            for ours, other in found.examples
        ],
    )


@router.post(
    "/v1/models/{id}/activate",
    **operation(
        "Switch to another model",
        examples.MODELS,
        raises=(ModelUnknown, RequestInvalid, ModelNotReady, IndexNotReady, DiskFull),
    ),
)
async def activate_model(context: Context, id: ModelId) -> ModelsResponse:
    """Let this model answer from now on, also after a restart; the other becomes its shadow. Stored products and
    searches stay with the model that made the index.
    """
    await context.models.choose(id)
    await context.store.choose_model(id)
    return await listed(context)


@router.get(
    "/v1/taxonomy",
    response_model=TaxonomyResponse,
    **operation("The category tree", examples.TAXONOMY, raises=(ModelNotReady,)),
)
async def get_taxonomy(context: Context, request: Request) -> Response:
    """The category tree and the vocabularies of the active model, in English and Chinese. Gzipped for those who accept
    it: the tree of every department is a megabyte.
    """
    taxonomy = (await context.models.active()).taxonomy
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    return await run_in_threadpool(packed, taxonomy, zipped)


def packed(taxonomy: Taxonomy, zipped: bool) -> Response:
    """Of ten thousand categories this takes too long for the event loop."""
    content, headers = to_taxonomy(taxonomy).model_dump_json().encode(), {"Vary": "Accept-Encoding"}
    if zipped:
        content, headers = gzip.compress(content, 5, mtime=0), headers | {"Content-Encoding": "gzip"}
    return Response(content, media_type="application/json", headers=headers)


async def listed(context: RequestContext) -> ModelsResponse:
    data = [
        ModelOut(
            id=model.info.version,
            role="shadow" if position else "active",
            taxonomy_version=model.info.taxonomy_version,
            image_size=model.info.image_size,
            embedding_dimensions=list(model.info.embedding_cuts),
            max_input_tokens=model.info.max_tokens,
        )
        for position, model in enumerate(await context.models.all())
    ]
    return ModelsResponse(data=data)
