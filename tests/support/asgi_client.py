"""A small application behind the real middleware, to be asked without a server."""

import asyncio
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from serving.middleware.stack import shared_middlewares
from serving.settings.schema import Settings
from serving.telemetry.request_trace import current_trace


class Work:
    """What the application has been given, and a latch that holds the requests to /v1/search."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.open = asyncio.Event()
        self.open.set()

    async def analyze(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        found = current_trace()
        found.add_item(True, True)
        found.add_item(False, True)
        found.model = "abc"
        found.add_stage("decode", 0.25)
        found.add_batches([(4, 0.1, 0.2), (4, 0.1, 0.2)])
        return JSONResponse({"results": []})

    async def search(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        await self.open.wait()
        return JSONResponse({"results": []})


async def fail(request: Request) -> Response:
    raise ValueError("red striped shirt")


async def page(request: Request) -> Response:
    return HTMLResponse("<p>")


async def plain(request: Request) -> Response:
    return PlainTextResponse("shelflens_gauge 1.0\n" if request.url.path == "/metrics" else "ok")


def application(settings: Settings, work: Work | None = None) -> ASGIApp:
    work = work or Work()
    routes = [
        Route("/", page),
        Route("/healthz", plain),
        Route("/metrics", plain),
        Route("/page/app.js", plain),
        Route("/v1/products/analyze", work.analyze, methods=["POST"]),
        Route("/v1/search", work.search, methods=["POST"]),
        Route("/v1/jobs", work.search, methods=["GET", "POST"]),
        Route("/v1/products/{id}", fail, methods=["GET", "PUT"]),
    ]
    return Starlette(routes=routes, middleware=shared_middlewares(settings)[::-1])


def client(app: ASGIApp, **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", **options)
