"""The model in the process that asks it, without Ray: for tests and a debugger."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from catalog.preprocess import Prepared
from catalog.taxonomy import Taxonomy
from catalog.understand import Understander
from serving.analyzer import Answer, ModelInfo, Question, answer, describe, warm_up
from serving.errors import ModelNotReady, Overloaded
from serving.settings import Settings


class LocalAnalyzer:
    """The model in this process, loaded in the background and run by one thread, its requests joined into batches."""

    def __init__(self, load: Callable[[], Understander], settings: Settings) -> None:
        self.settings = settings
        self._thread = ThreadPoolExecutor(1, "model")
        self._model: Future[Understander] = self._thread.submit(self._load, load)
        self._waiting: deque[tuple[Question, asyncio.Future[Answer]]] = deque()
        self._requests = 0
        self._batches: asyncio.Task[None] | None = None

    @staticmethod
    def _load(load: Callable[[], Understander]) -> Understander:
        model = load()
        warm_up(model)
        return model

    def _ready(self) -> Understander:
        if not self._model.done() or self._model.exception() is not None:
            raise ModelNotReady
        return self._model.result()

    async def describe(self) -> ModelInfo:
        return describe(self._ready())

    async def taxonomy(self) -> Taxonomy:
        return self._ready().taxonomy

    async def analyze(self, products: Sequence[Prepared], top_k: int, evidence: bool) -> list[Answer]:
        model = self._ready()
        if self._requests >= self.settings.max_waiting:
            raise Overloaded
        loop = asyncio.get_running_loop()
        asked = [(Question(product, top_k, evidence), loop.create_future()) for product in products]
        self._waiting.extend(asked)
        if self._batches is None or self._batches.done():
            self._batches = loop.create_task(self._run(model))
        self._requests += 1
        try:
            return list(await asyncio.gather(*(future for _, future in asked)))
        finally:
            self._requests -= 1

    async def _run(self, model: Understander) -> None:
        """Batch after batch until nobody waits."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            if len(self._waiting) < self.settings.batch_size:
                await asyncio.sleep(self.settings.batch_wait_seconds)
            count = min(len(self._waiting), self.settings.batch_size)
            batch = [self._waiting.popleft() for _ in range(count)]
            wanted = [(question, future) for question, future in batch if not future.done()]
            if not wanted:
                continue
            answers = await loop.run_in_executor(self._thread, answer, model, [question for question, _ in wanted])
            for (_, future), found in zip(wanted, answers, strict=True):
                if not future.done():
                    future.set_result(found)
