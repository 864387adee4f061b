"""The graph of what is known of the products, computed while they are read."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from catalog.errors import ProductNotFound
from catalog.knowledge import Edge, Pattern, edges_of, matching, ties_of
from catalog.knowledge.exports import json_ld
from catalog.product import StoredProduct
from serving.api import examples
from serving.api.context import Context, RequestContext
from serving.api.openapi import INDEX, operation
from serving.api.parameters import ProductId
from serving.api.routes.products import stored_product
from serving.api.schemas.knowledge.graph import EdgesResponse, ProductKnowledge, to_edges
from serving.errors import RequestInvalid

PRODUCT = "product:"
# Pages of products that one request looks through, for a pattern that few fit.
MAX_PAGES = 4
AFTER = r"^([0-9]{1,7}:.{0,200})?$"

router = APIRouter(tags=["knowledge"])


@router.get(
    "/v1/knowledge",
    **operation("The graph of the catalogue", examples.EDGES, raises=(RequestInvalid, *INDEX)),
)
async def list_edges(
    context: Context,
    subject: Annotated[str, Query(max_length=512, description="Such as `product:shirt-1`. Empty: any.")] = "",
    predicate: Annotated[str, Query(max_length=512, description="Such as `attribute:colour`. Empty: any.")] = "",
    object: Annotated[str, Query(max_length=512, description="In whatever case. Empty: any.")] = "",
    after: Annotated[str, Query(pattern=AFTER, max_length=220, description="What the page before gave.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> EdgesResponse:
    """Edges between products, values, categories and documents that fit a pattern, each with its evidence."""
    pattern = Pattern(subject, predicate, object)
    if subject.startswith(PRODUCT):
        stored = (await context.store.get([subject.removeprefix(PRODUCT)]))[0]
        edges = await known(context, [stored] if stored else [])
        return page(list(matching(edges, pattern)), int(after.partition(":")[0] or 0), limit, "", "")
    skipped, _, place = after.partition(":")
    skip, found, following = int(skipped or 0), list[Edge](), ""
    for _ in range(MAX_PAGES):
        products, following = await context.store.products(place)
        found = list(matching(await known(context, products), pattern))
        if len(found) > skip or not following:
            break
        place, skip = following, 0
    return page(found, skip, limit, place, following)


def page(found: Sequence[Edge], skip: int, limit: int, place: str, following: str) -> EdgesResponse:
    """Some edges of one page of products. place, following: where that page and the next one begin."""
    some = found[skip : skip + limit]
    if skip + limit < len(found):
        after: str | None = f"{skip + limit}:{place}"
    else:
        after = f"0:{following}" if following else None
    return EdgesResponse(edges=to_edges(some), after=after)


@router.get(
    "/v1/products/{id:path}/knowledge",
    **operation("What is known of a product", examples.KNOWN, raises=(ProductNotFound, RequestInvalid, *INDEX)),
)
async def get_product_knowledge(context: Context, id: ProductId) -> ProductKnowledge:
    """All edges from a product, each with its evidence, and the product as schema.org/Product."""
    stored = await stored_product(context, id)
    (documents,) = await context.store.documents_about([ties_of(stored)])
    groups = await context.store.found_together([stored.id])
    edges = to_edges(edges_of(stored, documents, groups))
    return ProductKnowledge(edges=edges, jsonld=json_ld(stored, documents, groups))


async def known(context: RequestContext, products: Sequence[StoredProduct]) -> list[Edge]:
    """Of edges between categories, which several products have, each once."""
    if not products:
        return []
    documents = await context.store.documents_about([ties_of(stored) for stored in products])
    groups = await context.store.found_together([stored.id for stored in products])
    edges = [
        edge for stored, about in zip(products, documents, strict=True) for edge in edges_of(stored, about, groups)
    ]
    return list(dict.fromkeys(edges))
