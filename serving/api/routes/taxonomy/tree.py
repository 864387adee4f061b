"""The category tree of the active model, and a category more in it."""

import gzip

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from catalog.arrays import choice
from catalog.categories.edits import steps_of
from catalog.errors import CategoryMisplaced, ProductNotFound
from catalog.product import Product
from catalog.taxonomy.tree import Taxonomy
from catalog.teaching.examples import Filing
from catalog.teaching.extend import names_of
from serving.api import examples
from serving.api.context import Context, RequestContext, respond, valid
from serving.api.openapi import MODEL, PRODUCT, WRITING, json_body, operation
from serving.api.parse import check_items, to_products
from serving.api.schemas.models import CategoryAdded, CategoryRequest, TaxonomyResponse, to_taxonomy
from serving.errors import ModelNotReady, ModelNotTaught, RequestInvalid, TooManyItems
from serving.inference.models import Model

router = APIRouter(tags=["models"])


@router.get(
    "/v1/taxonomy",
    response_model=TaxonomyResponse,
    **operation("The category tree", examples.TAXONOMY, raises=(ModelNotReady,)),
)
async def get_taxonomy(context: Context, request: Request) -> Response:
    """The category tree and the vocabularies of the active model, in English and Chinese. Gzipped for those who accept
    it: the tree of every department is a megabyte.
    """
    taxonomy = (await context.active_model()).taxonomy
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    return await run_in_threadpool(packed, taxonomy, zipped)


@router.post(
    "/v1/taxonomy",
    response_model=CategoryAdded,
    **operation(
        "Add a category",
        examples.CATEGORY_ADDED,
        status=201,
        body=json_body(CategoryRequest, examples.CATEGORY_REQUEST),
        raises=(ModelNotTaught, ProductNotFound, TooManyItems, *PRODUCT, *MODEL, *WRITING),
    ),
)
async def add_category(context: Context, request: Request) -> Response:
    """A category more in the tree of the active model, which was taught, from the next request on.

    Its products wait for a person (`review`), as nothing is known of how often it is right. What is said of the others
    stays as it is. The model as it was can be activated again.
    """
    asked = await context.json(request, CategoryRequest)
    check_items(len(asked.items), context.settings)
    store = await context.store.describe()
    if store.learner is None:
        raise ModelNotTaught
    await context.models.follow(store.chosen, store.spaces)
    model = await context.models.active()
    path = tuple(steps_of(asked.path))
    try:
        names = await context.in_thread(names_of, model.taxonomy, path)
    except CategoryMisplaced as error:
        raise RequestInvalid(error.message, "path") from None
    named = await context.embed([Product(title=name) for name in names], model)
    vectors = {name: valid(one).embedding for name, one in zip(names, named, strict=True)}
    version = await context.store.add_category(path, vectors, await filings(context, asked, path, model))
    await context.models.follow(version, (await context.store.describe()).spaces)
    tree = (await context.models.active()).taxonomy
    leaf = tree.leaves[-1]
    return respond(CategoryAdded(id=leaf.id, path=list(tree.path(leaf.id)), model=version), 201)


async def filings(context: RequestContext, asked: CategoryRequest, path: tuple[str, ...], model: Model) -> list[Filing]:
    """The products that the request names or has, as examples of the category. Raises what is wrong with one."""
    stored = await context.store.get(asked.products)
    if None in stored:
        raise ProductNotFound
    shown = await context.embed(await context.in_thread(to_products, asked.items), model)
    found = [valid(one) for one in shown] + [one.understanding for one in stored if one]
    return [Filing(0, path, choice(one.modalities_used), one.embedding, True) for one in found if one.modalities_used]


def packed(taxonomy: Taxonomy, zipped: bool) -> Response:
    """Of ten thousand categories this takes too long for the event loop."""
    content, headers = to_taxonomy(taxonomy).model_dump_json().encode(), {"Vary": "Accept-Encoding"}
    if zipped:
        content, headers = gzip.compress(content, 5, mtime=0), headers | {"Content-Encoding": "gzip"}
    return Response(content, media_type="application/json", headers=headers)
