"""What several routes need: parsing of bodies, decoding of images in threads, the choice of the model, responses."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import copy_context
from functools import partial
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from catalog.cache import Cache
from catalog.cores import usable_cores
from catalog.errors import CatalogError
from catalog.images.thumbnails import make_thumbnail
from catalog.index.filters import Filter
from catalog.index.names import Names, of_taxonomy, resolved, unknown, used
from catalog.model.preprocess import Prepared, check_length, prepare
from catalog.product import Product, Understanding
from catalog.taxonomy.tree import Taxonomy
from serving.api.decoding import DECODERS, Allowance, attempted, decoders
from serving.api.intents import KnownIntents
from serving.api.mapping import ProposedMaps
from serving.api.parse import read_json
from serving.api.services import Services
from serving.error_responses import to_response
from serving.errors import DeadlineExceeded, EmbeddingDimensionsUnsupported, MediaTypeUnsupported
from serving.inference.backend import Answer, ModelInfo
from serving.inference.models import READY_SECONDS, Model
from serving.inference.text_models import TextModels
from serving.middleware.concurrency import ConcurrencyLimit
from serving.middleware.guard import content_type
from serving.settings.schema import Settings
from serving.storage.store_api import StoreApi, StoreInfo
from serving.telemetry.request_trace import current_trace, timed, timed_calls

# Threads that take bodies apart: JSON, base64, and products without images.
PARSERS = min(4, usable_cores())
# How long what another gateway changed (the active model) may go unnoticed.
STORE_SECONDS = 1.0
# Requests of more products than `max_items` that are under way at once: each waits long, and holds its place meanwhile.
MAX_LARGE = 8
# Texts of queries whose embeddings are kept, each of some kilobytes. They are kept in memory alone.
MAX_QUERIES = 4096

T = TypeVar("T")
Body = TypeVar("Body", bound=BaseModel)


class RequestContext:
    """Models, store, jobs and threads of one application. Handlers receive it as `Context`."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self.services = services
        self.models = services.models
        self.store = StoreApi(timed_calls(services.store, "index"))
        self.jobs = services.jobs
        self.settings = settings
        self.concurrency = ConcurrencyLimit(settings.max_in_flight)
        self.large, self._portions = ConcurrencyLimit(MAX_LARGE), asyncio.Lock()
        self.parsers, self.decoders = ThreadPoolExecutor(PARSERS, "parse"), decoders()
        self._store_info: StoreInfo | None = None
        self._store_read = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._held = Names()  # asked for again where one is missing
        self.maps = ProposedMaps(self.read_names)
        self.intents = KnownIntents(self.read_names)
        self.text_models = TextModels(settings)
        kept = MAX_QUERIES if settings.cache_megabytes else 0
        self._queries: Cache[tuple[str, str], Understanding] = Cache(kept)

    async def in_thread(self, work: Callable[..., T], *args: object) -> T:
        """For what has no image to decode."""
        return await self._in(self.parsers, work, *args)

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[..., T], *args: object) -> T:
        told = partial(copy_context().run, work, *args)  # what is logged there names the request
        return await asyncio.get_running_loop().run_in_executor(pool, told)

    async def json(self, request: Request, schema: type[Body], times: int = 1) -> Body:
        """times: how much larger than others the JSON may be. Raises MediaTypeUnsupported, or what `read_json` does."""
        if media_type(request) != b"application/json":
            raise MediaTypeUnsupported("Send application/json.")
        return await self.in_thread(read_json, await request.body(), schema, self.settings, times)

    async def store_info(self) -> StoreInfo:
        """What the store said at most a second ago. Raises what the store does."""
        known = self._store_info
        # Which model an empty index is for is settled by the next product, perhaps just now.
        if known is None or not known.space or time.monotonic() - self._store_read > STORE_SECONDS:
            known = await self.store.describe()
            await self.models.follow(known.chosen, known.spaces)
            self._store_info, self._store_read = known, time.monotonic()
        return known

    async def active_model(self) -> Model:
        """The model that answers. Whether another was chosen elsewhere is looked up beside the request, but for the
        first one; an index that does not answer keeps nobody from the model.
        """
        if self._store_info is None:
            await self._look(READY_SECONDS)
        elif time.monotonic() - self._store_read > STORE_SECONDS and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look(READY_SECONDS))
        return await self.models.active()

    def obeying(self, answers: Sequence[Answer], model: Model) -> list[Answer]:
        """Answers of the model, of which none is accepted unseen by a promise that verdicts have ended."""
        broken = self._store_info.broken.get(model.info.version) if self._store_info else None
        if broken is None:
            return list(answers)
        return [broken.obeyed(answer) if isinstance(answer, Understanding) else answer for answer in answers]

    async def _look(self, seconds: float) -> None:
        with suppress(CatalogError, TimeoutError):
            async with asyncio.timeout(seconds):
                await self.store_info()

    async def index_model(self) -> Model:
        """The model that can be compared with what is stored. Raises IndexOfOtherModel."""
        return await self.models.of_space((await self.store_info()).space)

    async def with_ids(self, filter: Filter | None, facets: Sequence[str], taxonomy: Taxonomy) -> Filter | None:
        """The filter with ids of categories. Raises FilterInvalid or SearchInvalid for a category or attribute that
        neither taxonomy nor index knows.
        """
        filter = resolved(filter, taxonomy) if filter else None
        new = used(filter, facets) - of_taxonomy(taxonomy)
        if any(new - self._held):
            self._held = await self.store.names()
        if any(new - self._held):
            raise unknown(new - self._held, facets, self._held, taxonomy)
        return filter

    async def prepare(self, items: Sequence[Product | CatalogError], info: ModelInfo) -> list[Prepared | CatalogError]:
        """Decode the images of each product. -> the model's input, or what is wrong with the item, in their order."""
        turns = asyncio.Semaphore(DECODERS)  # so that the images of one request do not queue before all of the next
        with timed("decode"), self.allowance() as allowance:
            each = (self._prepare_one(item, info.image_size, allowance, turns) for item in items)
            prepared = await asyncio.gather(*each)
        trace = current_trace()
        for item in prepared:
            if isinstance(item, Prepared):
                trace.add_item(len(item.pixels_NCHW) > 0, bool(item.text))
            else:
                trace.add_item(False, False)
                trace.add_error(item)
        return prepared

    async def _prepare_one(
        self, item: Product | CatalogError, size: int, allowance: Allowance, turns: asyncio.Semaphore
    ) -> Prepared | CatalogError:
        if isinstance(item, CatalogError):
            return item
        if not item.images:
            return await self.in_thread(attempted, partial(worded, item, size))
        async with turns:
            return await self._in(self.decoders, attempted, partial(decoded, item, size, allowance))

    async def shrink(self, images: Sequence[bytes]) -> list[bytes]:
        """The images as they are kept. Raises ImageInvalid."""
        with self.allowance() as allowance:
            return [await self._in(self.decoders, shrink, image, allowance) for image in images]

    @contextmanager
    def allowance(self) -> Iterator[Allowance]:
        """For the images of one request. When the block is left, also because the request's time is over or its
        client gone, what is still decoded for it stops.
        """
        allowance = Allowance(self.settings.decode_seconds)
        try:
            yield allowance
        finally:
            allowance.end()

    async def embed(self, items: Sequence[Product | CatalogError], model: Model) -> list[Answer]:
        """What this very model makes of products, or what is wrong with each. Raises Overloaded."""
        with self.concurrency.admitted(len(items)):
            return await self.models.understand(await self.prepare(items, model.info), model)

    async def read_queries(self, products: Sequence[Product], model: Model) -> list[Answer]:
        """As `embed`, of what is searched for: a text that was read by this model before is not read again."""
        keys = [None if product.images else (model.info.version, product.title) for product in products]
        known = [self._queries.get(key) if key else None for key in keys]
        missing = [product for product, found in zip(products, known, strict=True) if found is None]
        trace = current_trace()
        trace.kept_queries += len(products) - len(missing)
        trace.read_queries += sum(not product.images for product in missing)
        for _ in range(len(products) - len(missing)):
            trace.add_item(False, True)
        read = iter(await self.embed(missing, model) if missing else ())
        answers = [next(read) if found is None else found for found in known]
        for key, answer in zip(keys, answers, strict=True):
            if key and isinstance(answer, Understanding):
                self._queries.put(key, answer)
        return answers

    async def read_names(self, names: Sequence[str], model: Model) -> list[Answer]:
        """What the model makes of names and examples of our own, when nobody else asks it. Raises Overloaded."""
        prepared = await self.prepare([Product(title=name) for name in names], model.info)
        return await self.models.understand(prepared, model, low_priority=True)

    async def embed_many(self, items: Sequence[Product | CatalogError], model: Model) -> list[Answer]:
        """As `embed`, of any number, up to the portion of the first error.

        One portion of one large request is with the model at a time, and others pass it there. Raises Overloaded or
        DeadlineExceeded.
        """
        if len(items) <= self.settings.max_items:
            async with self._in_time():
                return await self.embed(items, model)
        found: list[Answer] = []
        size = self.settings.batch_size
        with self.large.admitted():
            for start in range(0, len(items), size):
                async with self._portions, self._in_time():  # who waits for the lock has it next
                    prepared = await self.prepare(items[start : start + size], model.info)
                    found += await self.models.understand(prepared, model, low_priority=True)
                if any(isinstance(answer, CatalogError) for answer in found[start:]):
                    break
        return found

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """Raises DeadlineExceeded."""
        seconds = self.settings.request_timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise DeadlineExceeded(f"The response was not ready within {seconds:g} seconds.") from None

    async def understand(self, product: Product, model: Model) -> Understanding:
        """Raises what is wrong with the product."""
        (found,) = await self.embed([product], model)
        return valid(found)


async def request_context(request: Request) -> RequestContext:
    context: RequestContext = request.app.state.context
    return context


Context = Annotated[RequestContext, Depends(request_context)]


def valid(item: T | CatalogError) -> T:
    """The item; raises what is wrong with it."""
    if isinstance(item, CatalogError):
        raise item
    return item


def media_type(request: Request) -> bytes:
    return content_type(request.scope["headers"]).strip().lower()


def worded(product: Product, size: int) -> Prepared:
    check_length(product)
    return prepare(product, size)


def decoded(product: Product, size: int, allowance: Allowance) -> Prepared:
    check_length(product)
    with allowance.charged() as check:
        return prepare(product, size, check)


def shrink(image: bytes, allowance: Allowance) -> bytes:
    with allowance.charged() as check:
        return make_thumbnail(image, check)


def check_dimensions(dimensions: int | None, info: ModelInfo, param: str) -> None:
    """Raises EmbeddingDimensionsUnsupported."""
    if dimensions not in (None, *info.embedding_cuts):
        lengths = ", ".join(map(str, info.embedding_cuts))
        raise EmbeddingDimensionsUnsupported(f"This model's embedding can be truncated to: {lengths}.", param)


def respond(body: BaseModel, status: int = 200) -> Response:
    return Response(body.model_dump_json(), status, media_type="application/json")


def respond_error(error: CatalogError, param: str | None = None) -> Response:
    status, headers, body = to_response(error, param)
    return Response(body.model_dump_json(), status, headers, media_type="application/json")
