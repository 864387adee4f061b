"""Whether the process lives, and whether it can answer."""

import asyncio

from fastapi import APIRouter

from catalog.errors import IndexUnavailable
from serving import examples
from serving.desk import Desk
from serving.errors import IndexNotReady, ModelNotReady
from serving.models import READY_SECONDS
from serving.openapi import operation
from serving.wire.health import Health, Ready


def router(desk: Desk) -> APIRouter:
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz", **operation("Whether the process lives", examples.HEALTH, gated=False))
    async def check_health() -> Health:
        """The process lives; whether it can answer is what /readyz says."""
        return Health(status="ok")

    @routes.get(
        "/readyz",
        **operation(
            "Whether it can answer",
            examples.READY,
            raises=(ModelNotReady, IndexNotReady, IndexUnavailable),
            gated=False,
        ),
    )
    async def check_readiness() -> Ready:
        """With 200 the model and the index answer now, with 503 they do not."""
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
