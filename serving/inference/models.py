"""The loaded models: the active one answers, and a shadow may read along, so that it is known before it takes over."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from catalog.errors import CatalogError, IndexOfOtherModel
from catalog.model.preprocess import Prepared
from catalog.product import Understanding
from catalog.taxonomy.tree import Taxonomy
from serving.errors import ModelNotReady, ModelUnknown, NoShadow, Overloaded
from serving.inference.analyzer import Analyzer, Answer, ModelInfo
from serving.inference.comparison import NEIGHBOURS, Comparison
from serving.telemetry.request_trace import facts

READY_SECONDS = 2.0
# The shadow must not take much from the active model: what comes while it is so busy it does not read.
SHADOWED_AT_ONCE = 2
# How many other categories are stored with a product.
ALTERNATIVES = 5


@dataclass
class Load:
    """waiting: requests that a model has not answered yet."""

    waiting: int = 0


@dataclass(frozen=True)
class Model:
    """A model that is loaded, what to know of it, and its category tree."""

    analyzer: Analyzer
    info: ModelInfo
    taxonomy: Taxonomy
    load: Load = field(default_factory=Load, compare=False)

    async def analyze(self, products: Sequence[Prepared], top_k: int, evidence: bool) -> list[Answer]:
        """As the analyzer does, and tells the facts of the request."""
        told = facts()
        told.model = self.info.version
        self.load.waiting += 1
        try:
            answers, batches = await self.analyzer.analyze(products, top_k, evidence)
        finally:
            self.load.waiting -= 1
        told.add_batches(batches)
        for answer in answers:
            if isinstance(answer, CatalogError):
                told.add_error(answer)
        return answers


@dataclass
class Models:
    """first: the model that is active unless another was chosen; second: its shadow."""

    first: Analyzer
    second: Analyzer | None = None
    chosen: str = ""
    comparison: Comparison = field(default_factory=Comparison)
    _known: dict[int, Model] = field(default_factory=dict)
    _reading: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def waiting(self) -> int:
        """Requests that wait for a model, or are with it."""
        return sum(model.load.waiting for model in self._known.values())

    async def ready(self) -> ModelInfo:
        """Raises ModelNotReady unless the active model answers now. One that is busy is ready."""
        model = await self.active()
        try:
            async with asyncio.timeout(READY_SECONDS):
                info = await model.analyzer.describe()
        except Overloaded:
            return model.info
        except (CatalogError, TimeoutError):
            raise ModelNotReady from None
        if info != model.info:  # its folder was replaced, and a new replica has loaded another model
            self._known.clear()
        return info

    async def all(self) -> list[Model]:
        """The active one first."""
        loaded = [await self._model(analyzer) for analyzer in (self.first, self.second) if analyzer is not None]
        return sorted(loaded, key=lambda model: model.info.version != self.chosen)

    async def active(self) -> Model:
        if not self.chosen or self.second is None:
            return await self._model(self.first)
        return (await self.all())[0]

    async def of_version(self, version: str) -> Model:
        """The model whose embeddings an index holds; "" takes the active one. Raises IndexOfOtherModel."""
        active = await self.active()
        if version in ("", active.info.version):
            return active
        model = await self.loaded(version)
        if model is None:
            raise IndexOfOtherModel(f"The index was made by the model {version}, which is not loaded.")
        return model

    async def loaded(self, version: str) -> Model | None:
        return next((model for model in await self.all() if model.info.version == version), None)

    async def _model(self, analyzer: Analyzer) -> Model:
        if id(analyzer) not in self._known:
            try:
                async with asyncio.timeout(READY_SECONDS):
                    info, taxonomy = await analyzer.describe(), await analyzer.taxonomy()
            except (CatalogError, TimeoutError):
                raise ModelNotReady from None
            self._known[id(analyzer)] = Model(analyzer, info, taxonomy)
        return self._known[id(analyzer)]

    async def analyze(self, products: Sequence[Prepared], top_k: int, evidence: bool) -> list[Answer]:
        """The active model's answers. A shadow reads the same products afterwards; nobody waits for it."""
        model = await self.active()
        if self.second is None:
            return await model.analyze(products, top_k, evidence)
        found = await model.analyze(products, max(top_k, NEIGHBOURS - 1), evidence)
        self._read_along(products, found)
        return [cut(answer, top_k) for answer in found]

    def _read_along(self, products: Sequence[Prepared], found: Sequence[Answer]) -> None:
        if len(self._reading) >= SHADOWED_AT_ONCE:
            self.comparison.missed += len(products)
            return
        task = asyncio.create_task(self._compare(products, found))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _compare(self, products: Sequence[Prepared], found: Sequence[Answer]) -> None:
        shadow = (await self.all())[1]
        try:
            others = await shadow.analyzer.analyze(products, NEIGHBOURS - 1, False, patient=True)
        except CatalogError:
            self.comparison.missed += len(products)
            return
        for ours, other in zip(found, others.answers, strict=True):
            if isinstance(ours, Understanding) and isinstance(other, Understanding):
                self.comparison.add(ours, other)
            else:
                self.comparison.missed += 1

    async def choose(self, version: str) -> None:
        """Make a loaded model the active one: from the next request on, and for this process. Raises ModelUnknown."""
        if await self.loaded(version) is None:
            raise ModelUnknown
        if version != (await self.active()).info.version:
            self.chosen = version
            self.comparison = Comparison()

    async def compared(self) -> tuple[Model, Model, Comparison]:
        """The active model, its shadow, and how they differ. Raises NoShadow."""
        if self.second is None:
            raise NoShadow
        active, shadow = await self.all()
        return active, shadow, self.comparison


def cut(answer: Answer, top_k: int) -> Answer:
    return replace(answer, alternatives=answer.alternatives[:top_k]) if isinstance(answer, Understanding) else answer
