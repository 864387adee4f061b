"""Whether the process lives, and whether it can answer."""

import asyncio
from contextlib import suppress

from fastapi import APIRouter

from catalog.errors import IndexUnavailable
from serving.api import examples
from serving.api.context import Context, RequestContext
from serving.api.openapi import operation
from serving.api.schemas.health import Health, Ready
from serving.errors import IndexNotReady, JobsNotReady, ModelNotReady
from serving.inference.models import READY_SECONDS

router = APIRouter(tags=["health"])


@router.get("/healthz", **operation("Whether the process lives", examples.HEALTH, gated=False))
async def check_health() -> Health:
    """The process lives; whether it can answer is what /readyz says."""
    return Health(status="ok")


@router.get(
    "/readyz",
    **operation(
        "Whether it can answer",
        examples.READY,
        raises=(ModelNotReady, IndexNotReady, IndexUnavailable),
        gated=False,
    ),
)
async def check_readiness(context: Context) -> Ready:
    """With 200 the model and the index answer now, with 503 they do not. Whatever `damaged` names is not served."""
    info = await context.models.ready()
    try:
        async with asyncio.timeout(READY_SECONDS):
            store = await context.store.describe()
    except TimeoutError:
        raise IndexNotReady from None
    damaged = [*store.damaged, *await damaged_jobs(context)]
    return Ready(
        status="degraded" if damaged else "ready",
        model=info.version,
        taxonomy_version=info.taxonomy_version,
        products=store.products,
        indexed=round(store.indexed, 6),
        damaged=damaged,
    )


async def damaged_jobs(context: RequestContext) -> list[str]:
    """Jobs that do not answer now are no reason not to be ready."""
    with suppress(TimeoutError, JobsNotReady):
        async with asyncio.timeout(READY_SECONDS):
            return await context.jobs.damage()
    return []
