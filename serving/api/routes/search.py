"""Search and similar products."""

import json
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from catalog.errors import (
    FilterInvalid,
    ImageAsText,
    IndexOfOtherModel,
    ProductNotFound,
    SearchEmpty,
    SearchInvalid,
    TextTooLong,
)
from catalog.index.listing import Sort
from catalog.product import Understanding
from catalog.search import Example, Knowledge, Search, SearchPlan
from serving.api import examples
from serving.api.context import Context, RequestContext, respond
from serving.api.openapi import IMAGE, INDEX, MODEL, Errors, json_body, operation
from serving.api.parameters import ProductId
from serving.api.schemas.overview import OverviewResponse, to_overview
from serving.api.schemas.search import (
    ProductsResponse,
    SearchRequest,
    SearchResponse,
    read_filter,
    to_listing,
    to_response,
)
from serving.errors import JobsNotReady, ModelNotReady, RequestInvalid

COMPARING: Errors = (IndexOfOtherModel, *MODEL, *INDEX)

Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0, le=10_000)]
FilterText = Annotated[str, Query(max_length=16_384, description="As in /v1/search, as JSON text.")]
Facets = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]],
    Query(max_length=16, description="As in /v1/search. Counted are all that the filter leaves."),
]

router = APIRouter(tags=["search"])


@router.post(
    "/v1/search",
    response_model=SearchResponse,
    **operation(
        "Search by words, image, product, or several of them",
        examples.FOUND,
        body=json_body(SearchRequest, examples.SEARCH_REQUEST),
        raises=(
            ProductNotFound,
            SearchInvalid,
            SearchEmpty,
            FilterInvalid,
            TextTooLong,
            ImageAsText,
            *IMAGE,
            *COMPARING,
        ),
    ),
)
async def search_products(context: Context, request: Request) -> Response:
    """Stored products like the words, the image, the product, or several of them, best first."""
    return respond(await find(context, (await context.json(request, SearchRequest)).to_search()))


@router.get(
    "/v1/products",
    **operation(
        "Browse the stored products",
        examples.LISTED,
        raises=(RequestInvalid, SearchInvalid, FilterInvalid, *COMPARING),
    ),
)
async def list_products(
    context: Context,
    filter: FilterText = "",
    sort: Annotated[Sort, Query(description="Products without a price come last.")] = "newest",
    limit: Limit = 10,
    offset: Offset = 0,
    facets: Facets = [],  # noqa: B006  (FastAPI copies it)
) -> ProductsResponse:
    """Stored products in an order, all or those that a filter leaves, without anything to look for."""
    names, chosen = tuple(dict.fromkeys(facets)), read_filter(json_object(filter))
    if names or chosen is not None:
        chosen = await context.with_ids(chosen, names, (await context.index_model()).taxonomy)
    return to_listing(*await context.store.browse(chosen, sort, limit, offset, names))


@router.get(
    "/v1/overview",
    **operation("The catalogue as a whole", examples.OVERVIEW, raises=(ModelNotReady, JobsNotReady, *INDEX)),
)
async def get_overview(context: Context) -> OverviewResponse:
    """How many products there are, in which departments, how sure the model is of them, and the last feed."""
    found = await context.store.overview()
    newest = await context.jobs.list(1)
    return to_overview(found, (await context.active_model()).taxonomy, newest[0] if newest else None)


@router.get(
    "/v1/products/{id:path}/similar",
    **operation(
        "Products like a stored one",
        examples.SIMILAR,
        raises=(ProductNotFound, RequestInvalid, SearchInvalid, FilterInvalid, *COMPARING),
    ),
)
async def find_similar_products(
    context: Context,
    id: ProductId,
    limit: Limit = 10,
    offset: Offset = 0,
    filter: FilterText = "",
    collapse: bool = False,
    floor: Annotated[bool, Query(description="As in /v1/search.")] = True,
    include_unavailable: Annotated[bool, Query(description="As in /v1/search.")] = False,
    include: Annotated[list[Literal["evidence"]], Query(max_length=16, description="As in /v1/search.")] = [],  # noqa: B006
) -> SearchResponse:
    """Stored products like a stored one, itself left out, nearest first."""
    like, chosen = (Example(product_id=id),), read_filter(json_object(filter))
    query = Search(
        like,
        chosen,
        limit,
        offset,
        collapse=collapse,
        floor=floor,
        include_unavailable=include_unavailable,
        reasons="evidence" in include,
    )
    return await find(context, query)


async def find(context: RequestContext, query: Search) -> SearchResponse:
    model = await context.index_model()
    query = replace(query, filter=await context.with_ids(query.filter, query.facets, model.taxonomy))
    plan = SearchPlan(query, Knowledge(model.taxonomy, model.info.scripts, model.info.bounds))
    read = await context.read_queries(plan.products, model)
    stored = await context.store.get(plan.ids) if plan.ids else []
    listing = await context.store.search(plan.query(read, stored), query.facets)
    known = [*read, *(one.understanding for one in stored if one)]
    notes = dict.fromkeys(note for one in known if isinstance(one, Understanding) for note in one.notes)
    return to_response(listing.found, listing.images, model.info.version, tuple(notes))


def json_object(text: str) -> dict[str, Any] | None:
    """Raises FilterInvalid."""
    try:
        document = json.loads(text) if text else None
    except (ValueError, RecursionError):
        raise FilterInvalid("The filter is not valid JSON.") from None
    if document is not None and not isinstance(document, dict):
        raise FilterInvalid("The filter must be a JSON object.")
    return document
