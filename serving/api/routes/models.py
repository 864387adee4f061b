"""The loaded models, their category tree, and the switch between two of them."""

from fastapi import APIRouter, Response

from catalog.errors import DiskFull
from serving.api import examples
from serving.api.context import Context, RequestContext, respond
from serving.api.openapi import operation
from serving.api.parameters import ModelId
from serving.api.schemas.jobs import JobOut, to_job
from serving.api.schemas.models import (
    ComparisonResponse,
    Difference,
    ModelOut,
    ModelsResponse,
    Refiling,
    Role,
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
)
from serving.inference.backend import ModelInfo
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
