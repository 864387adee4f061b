"""The HTTP application: its routes, and how each error leaves."""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NamedTuple, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

import catalog
from catalog.errors import CatalogError
from catalog.preprocess import Prepared, prepare
from catalog.product import Product
from serving.analyzer import Analyzer, Answer, ModelInfo
from serving.door import Door, content_type
from serving.errors import (
    DeadlineExceeded,
    DimensionsUnsupported,
    MediaTypeUnsupported,
    ModelFailed,
    ModelNotReady,
    MultipartInvalid,
    Overloaded,
    answer,
    from_status,
    param_of,
)
from serving.openapi import ANALYZE, document, error_responses
from serving.parse import read_form, read_json
from serving.settings import Settings
from serving.wire.analyze import AnalyzeResponse, Options, analysis

# Pictures decode in threads (Pillow lets the interpreter go meanwhile); each may take 160 MB, so they are few.
DECODERS = min(4, os.cpu_count() or 1)
READY_SECONDS = 2.0
# Parts of a multipart form: more pictures than a product may have, so that the answer can say which limit it was.
MOST_FILES, MOST_FIELDS = 32, 32

logger = logging.getLogger(__name__)


T = TypeVar("T")


class Health(BaseModel):
    status: Literal["ok"]


class Ready(BaseModel):
    status: Literal["ready"]
    model: str
    taxonomy_version: str


class Source(NamedTuple):
    """One product of a request, not yet decoded."""

    id: str
    to_product: Callable[[], Product]


class Desk:
    """Takes requests apart, asks the analyzer, and writes the answers."""

    def __init__(self, analyzer: Analyzer, settings: Settings) -> None:
        self.analyzer = analyzer
        self.settings = settings
        self.pool = ThreadPoolExecutor(DECODERS, "decode")
        self.model: ModelInfo | None = None

    async def ready(self) -> ModelInfo:
        """Raises ModelNotReady unless the model answers now. One that is busy is ready."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                self.model = await self.analyzer.describe()
        except Overloaded:
            if self.model is None:
                raise ModelNotReady from None
        except (CatalogError, TimeoutError):
            raise ModelNotReady from None
        return self.model

    async def analyze(self, request: Request) -> Response:
        media_type = content_type(request.scope["headers"]).strip().lower()
        try:
            async with asyncio.timeout(self.settings.request_timeout_seconds):
                if media_type == b"application/json":
                    return await self.analyze_json(request)
                if media_type == b"multipart/form-data":
                    return await self.analyze_form(request)
        except TimeoutError:
            raise DeadlineExceeded from None
        raise MediaTypeUnsupported

    async def analyze_json(self, request: Request) -> Response:
        read = await self.in_thread(read_json, await request.body(), self.settings)
        model = self.model or await self.ready()
        answers = await self.ask([Source(item.id, item.to_product) for item in read.items], read, model)
        return self.respond(read, model, [item.id for item in read.items], answers)

    async def analyze_form(self, request: Request) -> Response:
        try:
            async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS) as form:
                read, product = await read_form(form)
        except (HTTPException, ValueError):
            # Starlette's limits, and what its parser makes of bytes or character sets that make no sense.
            raise MultipartInvalid from None
        model = self.model or await self.ready()
        answers = await self.ask([Source(product.id, lambda: product)], read, model)
        if isinstance(answers[0], CatalogError):
            return respond_error(answers[0], param_of(answers[0], "image"))
        return self.respond(read, model, [product.id], answers)

    async def ask(self, sources: Sequence[Source], options: Options, model: ModelInfo) -> list[Answer]:
        """Decode each product, then send the good ones to the model. Raises DimensionsUnsupported."""
        if options.embedding_dimensions not in (None, *model.embedding_cuts):
            lengths = ", ".join(map(str, model.embedding_cuts))
            raise DimensionsUnsupported(f"This model's embedding can be cut to: {lengths}.")
        checked = await asyncio.gather(*(self.in_thread(prepared, source, model.image_size) for source in sources))
        good = [item for item in checked if isinstance(item, Prepared)]
        evidence = "evidence" in options.include
        found = iter(await self.analyzer.analyze(good, options.top_k, evidence) if good else ())
        return [next(found) if isinstance(item, Prepared) else item for item in checked]

    def respond(self, options: Options, model: ModelInfo, ids: Sequence[str], answers: Sequence[Answer]) -> Response:
        body = analysis(ids, answers, model.version, model.taxonomy_version, options)
        return Response(body.model_dump_json(), media_type="application/json")

    async def in_thread(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.pool, work, *args)


def prepared(source: Source, size: int) -> Prepared | CatalogError:
    """One item's work before the batch; whatever goes wrong is this item's own error."""
    try:
        return prepare(source.to_product(), size)
    except CatalogError as error:
        return error
    except Exception:
        logger.exception("a product could not be prepared")
        return ModelFailed()


def respond_error(error: CatalogError, param: str | None = None) -> Response:
    status, headers, body = answer(error, param)
    return Response(body.model_dump_json(), status, headers, media_type="application/json")


def build_app(analyzer: Analyzer, settings: Settings) -> FastAPI:
    """The service as an ASGI application. It owns no model: `analyzer` knows where that is."""
    desk = Desk(analyzer, settings)
    app = FastAPI(title="Shelflens", version=catalog.__version__, redirect_slashes=False, redoc_url=None)
    app.add_middleware(Door, settings=settings)
    app.add_exception_handler(CatalogError, on_catalog_error)
    app.add_exception_handler(HTTPException, on_framework_error)

    @app.get("/", include_in_schema=False)
    async def root() -> RedirectResponse:
        return RedirectResponse("docs")

    @app.get("/healthz", tags=["health"])
    async def healthz() -> Health:
        """The process lives; whether it can answer is what /readyz says."""
        return Health(status="ok")

    @app.get("/readyz", tags=["health"], responses=error_responses(503))
    async def readyz() -> Ready:
        """200 when the model answers now, else 503."""
        model = await desk.ready()
        return Ready(status="ready", model=model.version, taxonomy_version=model.taxonomy_version)

    @app.post("/v1/products/analyze", tags=["products"], response_model=AnalyzeResponse, **ANALYZE)
    async def analyze(request: Request) -> Response:
        return await desk.analyze(request)

    app.openapi = lambda: document(app, settings)  # type: ignore[method-assign]
    return app


async def on_catalog_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, CatalogError)
    return respond_error(error)


async def on_framework_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = respond_error(from_status(error.status_code))
    if error.headers and "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response
