"""The HTTP application: its routes, and how each error leaves."""

from collections.abc import Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

import catalog
from catalog.errors import CatalogError
from serving.api.context import RequestContext, respond_error
from serving.api.openapi import document
from serving.api.parse import wrong_field
from serving.api.routes import (
    analyze,
    docs,
    embeddings,
    export,
    health,
    jobs,
    models,
    page,
    products,
    search,
    shoppers,
    uploads,
)
from serving.api.routes.judging import audit, feedback, review
from serving.api.routes.knowledge import ask, documents, graph
from serving.api.routes.language import intents, reviews
from serving.api.routes.offers import demand, drafts, pricing
from serving.api.routes.taxonomy import mapping, tree
from serving.api.services import Services
from serving.error_responses import from_status
from serving.middleware.stack import shared_middlewares
from serving.settings.schema import Settings

SUMMARY = "Category, tags, attributes and one embedding for a product, from its images and its text."
DESCRIPTION = """Scores are from 0 to 1, embeddings of norm 1, times ISO 8601 in UTC. Ids are yours. Every error has the
body `{"error": {"message", "type", "param", "code"}}`: messages are for people, codes are stable."""

# In this order they stand in the documentation.
ROUTERS = (
    analyze,
    embeddings,
    search,
    shoppers,
    reviews,
    pricing,
    drafts,
    ask,
    graph,
    demand,
    products,
    intents,
    export,
    documents,
    jobs,
    uploads,
    feedback,
    review,
    audit,
    models,
    tree,
    mapping,
    health,
    page,
    docs,
)
# Applications share them: by include_router each would build its own at its first request, in 0.2 s of CPU time.
ROUTES = [route for routes in ROUTERS for route in routes.router.routes]
for route in ROUTES:
    if isinstance(route, APIRoute):
        route.operation_id = route.name


def build_app(services: Services, settings: Settings, layers: Sequence[Middleware] | None = None) -> FastAPI:
    """The service as an ASGI application. It owns neither model nor index: `services` knows where they are.

    layers: the middleware, the outermost last; by default `shared_middlewares`.
    """
    app = FastAPI(
        routes=ROUTES,
        title="Shelflens",
        version=catalog.__version__,
        summary=SUMMARY,
        description=DESCRIPTION,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = RequestContext(services, settings)
    for layer in shared_middlewares(settings) if layers is None else layers:
        app.add_middleware(layer.cls, *layer.args, **layer.kwargs)
    app.add_exception_handler(CatalogError, on_catalog_error)
    app.add_exception_handler(HTTPException, on_framework_error)
    app.add_exception_handler(RequestValidationError, on_invalid_parameter)
    app.openapi = lambda: document(app, settings)  # type: ignore[method-assign]
    return app


async def on_catalog_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, CatalogError)
    return respond_error(error)


async def on_invalid_parameter(_: Request, error: Exception) -> Response:
    """A parameter of the path or the query, which its location begins with."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return respond_error(wrong_field(first["type"], first["loc"][1:]))


async def on_framework_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = respond_error(from_status(error.status_code))
    if error.headers and "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response
