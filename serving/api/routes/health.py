"""Whether the process lives, whether it can answer, and its metrics.

The counts of requests are added to the metrics on the way out (`serving.middleware.access_log`).
"""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from fastapi import APIRouter
from fastapi.responses import Response

from catalog.errors import CatalogError, IndexUnavailable
from serving.api import examples
from serving.api.context import Context, RequestContext
from serving.api.openapi import operation
from serving.api.schemas.health import Health, Ready
from serving.errors import IndexNotReady, JobsNotReady, ModelNotReady
from serving.inference.models import READY_SECONDS
from serving.telemetry.metrics import CONTENT_TYPE, ServiceStatus, standing

# A scrape waits no longer for any part. What is not known in time is left out; that it is, is a metric, too.
SCRAPE_SECONDS = 1.0

T = TypeVar("T")

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
    await context.active_model()
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


@router.get(
    "/metrics", response_class=Response, **operation("Metrics for Prometheus", examples.METRICS, kind="text/plain")
)
async def get_metrics(context: Context) -> Response:
    """Models, index, jobs and requests in numbers. Where API keys are needed this needs one, too; one of the scope
    "read" will do.
    """
    services = context.services  # not timed: a scrape is no stage of a request
    models, store, states = await asyncio.gather(
        in_time(services.models.roles()),
        in_time(services.store.describe()),
        in_time(services.jobs.counts()),
    )
    found = ServiceStatus(waiting=services.models.waiting, jobs=states)
    if models is not None:
        versions: dict[str, str] = {role: model.info.version for role, model in models.items()}
        found = found._replace(models=versions, taxonomy_version=models["active"].info.taxonomy_version)
    if store is not None:
        found = found._replace(products=store.products, indexed=store.indexed, promises=store.promises)
    return Response(standing(found), media_type=CONTENT_TYPE)


async def in_time(answer: Awaitable[T]) -> T | None:
    """None where the answer is an error, or takes too long."""
    try:
        async with asyncio.timeout(SCRAPE_SECONDS):
            return await answer
    except (CatalogError, TimeoutError):
        return None
