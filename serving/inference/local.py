"""The model in the process that asks it, without Ray: for tests and a debugger."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from catalog.model.preprocess import Prepared
from catalog.taxonomy.tree import Taxonomy
from catalog.understand import Understander
from serving.errors import ModelNotReady, Overloaded
from serving.inference.analyzer import Answered, Batches, ModelInfo, ask, batches, describe, pool, start
from serving.settings.schema import Settings


class LocalAnalyzer:
    """The model in this process, loaded in the background, its requests joined into batches."""

    def __init__(self, load: Callable[[], Understander], settings: Settings) -> None:
        self.settings = settings
        self._pool = pool(settings.threads_per_replica)
        self._model: Future[Understander] = ThreadPoolExecutor(1, "start").submit(start, load, self._pool)
        self._batches: Batches | None = None
        self._requests = 0

    def _ready(self) -> Understander:
        if not self._model.done() or self._model.exception() is not None:
            raise ModelNotReady
        return self._model.result()

    async def describe(self) -> ModelInfo:
        return describe(self._ready())

    async def taxonomy(self) -> Taxonomy:
        return self._ready().taxonomy

    async def analyze(
        self, products: Sequence[Prepared], top_k: int, evidence: bool, patient: bool = False
    ) -> Answered:
        self._batches = self._batches or batches(self._ready(), self._pool, self.settings)
        if self._requests >= self.settings.max_waiting:
            raise Overloaded
        self._requests += 1
        try:
            return await ask(self._batches, products, top_k, evidence, patient)
        finally:
            self._requests -= 1
