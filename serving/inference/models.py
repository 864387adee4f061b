"""The loaded models: the active one answers, and a shadow may read along, so that it is known before it takes over."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from catalog.errors import CatalogError, IndexOfOtherModel
from catalog.model.preprocess import Prepared
from catalog.product import Understanding
from catalog.taxonomy.tree import Taxonomy
from serving.errors import ModelNotReady, ModelUnknown, NoShadow, Overloaded
from serving.inference.backend import Answer, ModelBackend, ModelInfo, trim
from serving.inference.comparison import NEIGHBOURS, Comparison
from serving.telemetry.request_trace import current_trace

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

    backend: ModelBackend
    info: ModelInfo
    taxonomy: Taxonomy
    load: Load = field(default_factory=Load, compare=False)


@dataclass
class Models:
    """first: the model that is active unless another was chosen; second: its shadow."""

    first: ModelBackend
    second: ModelBackend | None = None
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
                info = await model.backend.describe()
        except Overloaded:
            return model.info
        except (CatalogError, TimeoutError):
            raise ModelNotReady from None
        if info != model.info:  # its folder was replaced, and a new replica has loaded another model
            self._known.clear()
        return info

    async def all(self) -> list[Model]:
        """The active one first."""
        loaded = [await self._model(backend) for backend in (self.first, self.second) if backend is not None]
        return sorted(loaded, key=lambda model: model.info.version != self.chosen)

    async def active(self) -> Model:
        if not self.chosen or self.second is None:
            return await self._model(self.first)
        return (await self.all())[0]

    async def of_space(self, space: str) -> Model:
        """A model whose embeddings can be compared with an index's: the active one if that is such a model, or for "".

        Raises IndexOfOtherModel.
        """
        active = await self.active()
        if space in ("", active.info.space):
            return active
        for model in await self.all():
            if model.info.space == space:
                return model
        raise IndexOfOtherModel(f"The index was made by the model {space}, which is not loaded.")

    async def loaded(self, version: str) -> Model | None:
        return next((model for model in await self.all() if model.info.version == version), None)

    async def _model(self, backend: ModelBackend) -> Model:
        if id(backend) not in self._known:
            try:
                async with asyncio.timeout(READY_SECONDS):
                    info, taxonomy = await backend.describe(), await backend.taxonomy()
            except (CatalogError, TimeoutError):
                raise ModelNotReady from None
            self._known[id(backend)] = Model(backend, info, taxonomy)
        return self._known[id(backend)]

    async def understand(
        self,
        items: Sequence[Prepared | CatalogError],
        model: Model,
        top_k: int = ALTERNATIVES,
        evidence: bool = False,
        shadowed: bool = False,
        low_priority: bool = False,
    ) -> list[Answer]:
        """What the model makes of each item, in their order. An item that is an error already stays that error.

        shadowed: the shadow reads the same products afterwards, and nobody waits for it. low_priority: as
        `ModelBackend.understand` has it. Raises what the model's
        backend does.
        """
        good = [item for item in items if isinstance(item, Prepared)]
        if not good:
            return [item for item in items if isinstance(item, CatalogError)]
        shadowed = shadowed and self.second is not None
        trace = current_trace()
        trace.model = model.info.version
        model.load.waiting += 1
        try:
            wanted = max(top_k, NEIGHBOURS - 1) if shadowed else top_k
            answers, batches = await model.backend.understand(good, wanted, evidence, low_priority)
        finally:
            model.load.waiting -= 1
        trace.add_batches(batches)
        for error in (answer for answer in answers if isinstance(answer, CatalogError)):
            trace.add_error(error)
        if shadowed:
            self._read_along(good, answers, model)
            answers = [trim(a, top_k, evidence) if isinstance(a, Understanding) else a for a in answers]
        remaining = iter(answers)
        return [next(remaining) if isinstance(item, Prepared) else item for item in items]

    def _read_along(self, products: Sequence[Prepared], found: Sequence[Answer], model: Model) -> None:
        if len(self._reading) >= SHADOWED_AT_ONCE:
            self.comparison.missed += len(products)
            return
        task = asyncio.create_task(self._compare(products, found, model))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _compare(self, products: Sequence[Prepared], found: Sequence[Answer], model: Model) -> None:
        active, shadow = await self.all()
        if model.info.version != active.info.version:  # another was made active meanwhile
            return
        try:
            others = await shadow.backend.understand(products, NEIGHBOURS - 1, False, low_priority=True)
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
