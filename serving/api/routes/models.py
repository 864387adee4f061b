"""The loaded models, their category tree, and the switch between two of them."""

import gzip

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from catalog.arrays import choice
from catalog.categories.edits import steps_of
from catalog.errors import CategoryMisplaced, DiskFull, ProductNotFound
from catalog.product import Product
from catalog.taxonomy.tree import Taxonomy
from catalog.teaching.examples import Filing
from catalog.teaching.extend import names_of
from serving.api import examples
from serving.api.context import Context, RequestContext, respond, valid
from serving.api.openapi import MODEL, PRODUCT, WRITING, json_body, operation
from serving.api.parameters import ModelId
from serving.api.parse import check_items, to_products
from serving.api.schemas.jobs import JobOut, to_job
from serving.api.schemas.models import (
    CategoryAdded,
    CategoryRequest,
    ComparisonResponse,
    Difference,
    ModelOut,
    ModelsResponse,
    Refiling,
    Role,
    TaxonomyResponse,
    to_taxonomy,
)
from serving.errors import (
    IndexNotReady,
    JobsNotReady,
    ModelInUse,
    ModelNotReady,
    ModelNotTaught,
    ModelUnknown,
    NoShadow,
    RequestInvalid,
    TooManyItems,
)
from serving.inference.backend import ModelInfo
from serving.inference.models import Model
from serving.storage.store_api import TaughtModel

router = APIRouter(tags=["models"])


@router.get("/v1/models", **operation("The loaded models", examples.MODELS, raises=(ModelNotReady,)))
async def list_models(context: Context) -> ModelsResponse:
    """The loaded models, the active one first, and those that were taught from them."""
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
    "/v1/models",
    response_model=JobOut,
    **operation("Learn from verdicts", examples.JOB, status=202, raises=(ModelNotTaught, JobsNotReady, IndexNotReady)),
)
async def learn_from_verdicts(context: Context) -> Response:
    """Teach the active model what people said since it was taught, as a job. The model that comes of it is compared
    with the active one (`taught.comparison` of the job), and can be activated.
    """
    return respond(to_job(await context.jobs.learn()), 202)


@router.post(
    "/v1/models/{id}/activate",
    **operation(
        "Switch to another model",
        examples.MODELS,
        raises=(ModelUnknown, RequestInvalid, ModelNotReady, IndexNotReady, DiskFull),
    ),
)
async def activate_model(context: Context, id: ModelId) -> ModelsResponse:
    """Let this model answer from now on, also after a restart; of two loaded ones the other becomes its shadow.

    A model that was taught from the one that made the index files the stored products anew from their vectors, which
    goes on after this returns (`refiling`). Activating the former one reverts that, also if it was not taught: what it
    says of a product is kept with the product. Otherwise stored products and searches stay with the model that made the
    index.
    """
    known = await context.store.describe()
    await context.models.follow(known.chosen, known.spaces)
    await context.models.choose(id)
    await context.store.choose_model(id)
    return await listed(context)


@router.delete(
    "/v1/models/{id}",
    **operation("Forget a taught model", status=204, raises=(ModelUnknown, ModelInUse, RequestInvalid, IndexNotReady)),
)
async def delete_model(context: Context, id: ModelId) -> None:
    """Remove a model that was taught here and is not active."""
    await context.store.forget_model(id)


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


async def listed(context: RequestContext) -> ModelsResponse:
    store = await context.store.describe()
    await context.models.follow(store.chosen, store.spaces)
    roles = await context.models.roles()
    created = {taught.version: taught.created for taught in store.taught}
    data = [described(model.info, role, created.get(model.info.version, 0)) for role, model in roles.items()]
    bases = {model.info.space: model.info for model in roles.values()}
    shown = {model.info.version for model in roles.values()}
    data += [
        described(replaced(bases[taught.space], taught), "taught", taught.created)
        for taught in store.taught
        if taught.space in bases and taught.version not in shown
    ]
    refiling = None if store.refiled is None else Refiling(done=store.refiled, total=store.products)
    unlearnt = store.unlearnt if store.learner else None
    return ModelsResponse(data=data, refiling=refiling, unlearnt=unlearnt)


def replaced(base: ModelInfo, taught: TaughtModel) -> ModelInfo:
    return base._replace(version=taught.version, taxonomy_version=taught.taxonomy_version)


def described(info: ModelInfo, role: Role, created: float = 0) -> ModelOut:
    return ModelOut(
        id=info.version,
        created=int(created),
        role=role,
        taxonomy_version=info.taxonomy_version,
        image_size=info.image_size,
        embedding_dimensions=list(info.embedding_cuts),
        max_input_tokens=info.max_tokens,
    )
