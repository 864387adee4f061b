"""GET /metrics: how models, index and jobs stand. The counts of requests are added on the way out
(`serving.middleware.access_log`).
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from fastapi import APIRouter
from fastapi.responses import Response

from catalog.errors import CatalogError
from serving.api import examples
from serving.api.context import Context
from serving.api.openapi import operation
from serving.telemetry.metrics import CONTENT_TYPE, ServiceStatus, standing

# A scrape waits no longer for any part. What is not known in time is left out; that it is, is a metric, too.
SECONDS = 1.0

T = TypeVar("T")

router = APIRouter(tags=["health"])


@router.get(
    "/metrics", response_class=Response, **operation("Metrics for Prometheus", examples.METRICS, kind="text/plain")
)
async def get_metrics(context: Context) -> Response:
    """Models, index, jobs and requests in numbers. Where API keys are needed this needs one, too; one of the scope
    "read" will do.
    """
    services = context.services  # not timed: a scrape is no stage of a request
    models, store, states = await asyncio.gather(
        in_time(services.models.all()),
        in_time(services.store.describe()),
        in_time(services.jobs.counts()),
    )
    found = ServiceStatus(waiting=services.models.waiting, jobs=states)
    if models is not None:
        versions = {role: model.info.version for role, model in zip(("active", "shadow"), models, strict=False)}
        found = found._replace(models=versions, taxonomy_version=models[0].info.taxonomy_version)
    if store is not None:
        found = found._replace(products=store.products, indexed=store.indexed)
    return Response(standing(found), media_type=CONTENT_TYPE)


async def in_time(answer: Awaitable[T]) -> T | None:
    """None where the answer is an error, or takes too long."""
    try:
        async with asyncio.timeout(SECONDS):
            return await answer
    except (CatalogError, TimeoutError):
        return None
