"""The loaded models: the active one answers, and a shadow may read along, so that it is known before it takes over."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from catalog.errors import CatalogError, IndexOfOtherModel
from catalog.evidence import Explanation
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


Role = Literal["active", "base", "shadow"]


@dataclass
class Load:
    """waiting: requests that a model has not answered yet."""

    waiting: int = 0


@dataclass(frozen=True)
class Model:
    """A model that answers, what to know of it, and its category tree. taught: its version if it was taught since the
    backend's was loaded, else "".
    """

    backend: ModelBackend
    info: ModelInfo
    taxonomy: Taxonomy
    taught: str = ""
    load: Load = field(default_factory=Load, compare=False)


@dataclass
class Models:
    """first: the model that is active unless another was chosen; second: its shadow; taught: by version the space of
    each that was taught since.
    """

    first: ModelBackend
    second: ModelBackend | None = None
    chosen: str = ""
    taught: Mapping[str, str] = field(default_factory=dict)
    comparison: Comparison = field(default_factory=Comparison)
    _known: dict[tuple[int, str], Model] = field(default_factory=dict)
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
                info = await model.backend.describe(model.taught)
        except Overloaded:
            return model.info
        except (CatalogError, TimeoutError):
            raise ModelNotReady from None
        if info != model.info:  # its folder was replaced, and a new replica has loaded another model
            self._known.clear()
        return info

    async def all(self) -> list[Model]:
        """The active one first. Of those that were taught since, only that one."""
        loaded = [await self._model(backend) for backend in self._backends]
        taught = [await self._model(one.backend, self.chosen) for one in loaded if self._is_taught(one, self.chosen)]
        return [*taught[:1], *sorted(loaded, key=lambda model: model.info.version != self.chosen)]

    async def active(self) -> Model:
        if not self.chosen or (self.second is None and self.chosen not in self.taught):
            return await self._model(self.first)
        return (await self.all())[0]

    @property
    def _backends(self) -> list[ModelBackend]:
        return [self.first, *([self.second] if self.second is not None else [])]

    def _is_taught(self, loaded: Model, version: str) -> bool:
        return version != loaded.info.version and self.taught.get(version) == loaded.info.space

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

    async def find(self, version: str) -> Model | None:
        """One that is loaded, or was taught from such a one."""
        for model in [await self._model(backend) for backend in self._backends]:
            if model.info.version == version:
                return model
            if self._is_taught(model, version):
                return await self._model(model.backend, version)
        return None

    async def _model(self, backend: ModelBackend, taught: str = "") -> Model:
        key = (id(backend), taught)
        if key not in self._known:
            try:
                async with asyncio.timeout(READY_SECONDS):
                    info, taxonomy = await backend.describe(taught), await backend.taxonomy(taught)
            except (CatalogError, TimeoutError):
                raise ModelNotReady from None
            self._known[key] = Model(backend, info, taxonomy, taught)
        return self._known[key]

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
            answers, batches = await model.backend.understand(good, wanted, evidence, low_priority, model.taught)
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

    async def explain(self, items: Sequence[Prepared | CatalogError], model: Model) -> list[Explanation | None]:
        """Why the model answers each item as it does; None for an error, and where it can read nothing. Raises what the
        model's backend does.
        """
        good = [item for item in items if isinstance(item, Prepared)]
        found = iter(await model.backend.explain(good, model.taught) if good else ())
        return [next(found) if isinstance(item, Prepared) else None for item in items]

    def _read_along(self, products: Sequence[Prepared], found: Sequence[Answer], model: Model) -> None:
        if len(self._reading) >= SHADOWED_AT_ONCE:
            self.comparison.missed += len(products)
            return
        task = asyncio.create_task(self._compare(products, found, model))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _compare(self, products: Sequence[Prepared], found: Sequence[Answer], model: Model) -> None:
        active, shadow = await self._pair()
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

    async def roles(self) -> dict[Role, Model]:
        """The active model, its shadow, which is the loaded one that it does not run in, and the base that it was
        taught from.
        """
        active, *others = await self.all()
        found: dict[Role, Model] = {"active": active}
        return found | {"base" if one.backend is active.backend else "shadow": one for one in others}

    async def _pair(self) -> tuple[Model, Model]:
        """Raises NoShadow."""
        if self.second is None:
            raise NoShadow
        roles = await self.roles()
        return roles["active"], roles["shadow"]

    async def choose(self, version: str) -> None:
        """Make a model that is loaded, or was taught from such a one, the active one: from the next request on, and for
        this process. Raises ModelUnknown.
        """
        if await self.find(version) is None:
            raise ModelUnknown
        if version != (await self.active()).info.version:
            self.chosen = version
            self.comparison = Comparison()

    async def compared(self) -> tuple[Model, Model, Comparison]:
        """The active model, its shadow, and how they differ. Raises NoShadow."""
        return *await self._pair(), self.comparison

    async def follow(self, chosen: str, taught: Mapping[str, str]) -> None:
        """Take what the store knows: which model was chosen, if it is here, and which were taught."""
        self.taught = taught
        if chosen and await self.find(chosen):
            await self.choose(chosen)
