"""Whether the process lives, and whether it can answer."""

import asyncio

from fastapi import APIRouter

from serving.desk import Desk
from serving.errors import IndexNotReady
from serving.models import READY_SECONDS
from serving.openapi import error_responses
from serving.wire.health import Health, Ready


def router(desk: Desk) -> APIRouter:
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    async def healthz() -> Health:
        """The process lives; whether it can answer is what /readyz says."""
        return Health(status="ok")

    @routes.get("/readyz", responses=error_responses(503))
    async def readyz() -> Ready:
        """200 when the model and the index answer now, else 503."""
        info = await desk.models.ready()
        try:
            async with asyncio.timeout(READY_SECONDS):
                shelf = await desk.shelf.describe()
        except TimeoutError:
            raise IndexNotReady from None
        return Ready(
            status="ready",
            model=info.version,
            taxonomy_version=info.taxonomy_version,
            products=shelf.products,
            indexed=round(shelf.indexed, 6),
        )

    return routes
