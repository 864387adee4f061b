"""The model in this process, without Ray: for tests and a debugger."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from catalog.evidence import Explanation
from catalog.model.preprocess import Prepared
from catalog.taxonomy.tree import Taxonomy
from catalog.understand import Understander
from serving.errors import ModelNotReady, Overloaded
from serving.inference.backend import (
    Answer,
    Explaining,
    Fetch,
    Filers,
    ModelBatcher,
    ModelInfo,
    describe,
    load_and_warm_up,
    model_batcher,
    to_requests,
    worker_pool,
)
from serving.inference.batcher import BatchResult
from serving.settings.schema import Settings


class LocalBackend:
    """A `ModelBackend` in this process. The model is loaded in the background."""

    def __init__(self, load: Callable[[], Understander], settings: Settings, fetch: Fetch | None = None) -> None:
        """fetch: what was taught, from where it is kept."""
        self.settings = settings
        self._filers = Filers(fetch)
        self.pool = worker_pool(settings.threads_per_replica)
        self._model: Future[Understander] = ThreadPoolExecutor(1, "start").submit(load_and_warm_up, load, self.pool)
        self._batcher: ModelBatcher | None = None
        self._explaining = Explaining(self.pool)
        self._requests = 0

    async def loaded(self) -> None:
        """Returns once the model can answer. Raises what loading it did."""
        await asyncio.wrap_future(self._model)

    def _ready(self) -> Understander:
        if not self._model.done() or self._model.exception() is not None:
            raise ModelNotReady
        return self._model.result()

    async def describe(self, taught: str = "") -> ModelInfo:
        return describe(await self._filers.as_taught(self._ready(), taught))

    async def taxonomy(self, taught: str = "") -> Taxonomy:
        return (await self._filers.as_taught(self._ready(), taught)).taxonomy

    async def understand(
        self, products: Sequence[Prepared], top_k: int, evidence: bool, low_priority: bool = False, taught: str = ""
    ) -> BatchResult[Answer]:
        filer = await self._filers.get(taught)
        self._batcher = self._batcher or model_batcher(self._ready(), self.pool, self.settings)
        if self._requests >= self.settings.max_waiting:
            raise Overloaded
        self._requests += 1
        try:
            return await self._batcher.submit(to_requests(products, top_k, evidence, filer), low_priority)
        finally:
            self._requests -= 1

    async def explain(self, products: Sequence[Prepared], taught: str = "") -> list[Explanation | None]:
        return await self._explaining.explain(await self._filers.as_taught(self._ready(), taught), products)
