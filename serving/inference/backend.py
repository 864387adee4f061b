"""Where the model runs: the `ModelBackend` protocol, and what its implementations share.

There are two: the replicas of Ray Serve (`serving.deployments`), and this process (`serving.inference.local`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from catalog.arrays import Modalities
from catalog.errors import CatalogError
from catalog.evidence import Explanation
from catalog.evidence.explain import explain
from catalog.filing import Filer
from catalog.model.calibration import Bounds
from catalog.model.folder import TaughtFiles
from catalog.model.preprocess import Prepared
from catalog.model.runtime import set_thread_budget
from catalog.product import Understanding
from catalog.taxonomy.tree import Taxonomy
from catalog.understand import Understander
from serving.errors import ModelFailed, ModelUnknown
from serving.inference.batcher import Batcher, BatchResult, WorkerPool
from serving.settings.schema import Settings
from serving.telemetry.logs import request_id

MAX_FILERS = 4  # that are kept of a loaded model

logger = logging.getLogger(__name__)

Answer = Understanding | CatalogError


class ModelInfo(NamedTuple):
    """What the routes must know of the model. image_size: pixels; embedding_cuts: lengths it can be cut to; scripts:
    those of text that it can read; max_tokens: that it reads of one text; bounds: see
    `catalog.model.calibration.Bounds`; space: see `catalog.model.folder.ModelFolder`.
    """

    version: str
    taxonomy_version: str
    image_size: int
    embedding_cuts: tuple[int, ...]
    scripts: tuple[str, ...]
    max_tokens: int
    bounds: Mapping[Modalities, Bounds]
    space: str


class InferenceRequest(NamedTuple):
    """One product of a batch, with the options of its own HTTP request. A batch mixes requests. filer: of categories
    that the model was taught since it was loaded.
    """

    product: Prepared
    top_k: int
    evidence: bool
    request_id: str = ""
    filer: Filer | None = None


ModelBatcher: TypeAlias = Batcher[InferenceRequest, Answer]


class ModelBackend(Protocol):
    """A loaded model, wherever it runs. Methods raise ModelNotReady, ModelFailed, Overloaded or DeadlineExceeded.

    taught: the version of a model that was taught from it, to answer as that one; "" for the loaded one itself. Methods
    raise ModelUnknown where there is no such model.
    """

    async def describe(self, taught: str = "") -> ModelInfo: ...

    async def taxonomy(self, taught: str = "") -> Taxonomy: ...

    async def understand(
        self, products: Sequence[Prepared], top_k: int, evidence: bool, low_priority: bool = False, taught: str = ""
    ) -> BatchResult[Answer]:
        """One answer for each product (at least one), in their order; an error in the place of one that failed.

        low_priority: requests that come a little later may be answered first.
        """
        ...

    async def explain(self, products: Sequence[Prepared], taught: str = "") -> list[Explanation | None]:
        """See `catalog.evidence.explain`; one for each product, in their order. One that fails is None: its answer
        stands.
        """
        ...


Fetch = Callable[[str], Awaitable[TaughtFiles]]


class Filers:
    """What a model that is loaded in this process was taught since, by version: fetched when it is first asked for."""

    def __init__(self, fetch: Fetch | None) -> None:
        self._fetch = fetch
        self._known: dict[str, Filer] = {}

    async def get(self, taught: str) -> Filer | None:
        """None for "". Raises what `fetch` does, or ModelUnknown."""
        if not taught:
            return None
        if taught not in self._known:
            if self._fetch is None:
                raise ModelUnknown
            filer = await asyncio.to_thread(Filer.unpacked, await self._fetch(taught))
            kept = list(self._known.items())[1 - MAX_FILERS :]
            self._known = {**dict(kept), taught: filer}
        return self._known[taught]

    async def as_taught(self, model: Understander, taught: str) -> Understander:
        filer = await self.get(taught)
        return model.filing_by(filer) if filer else model


def describe(model: Understander) -> ModelInfo:
    config = model.config
    return ModelInfo(
        version=model.version,
        taxonomy_version=model.taxonomy.version,
        image_size=config.image.size,
        embedding_cuts=tuple(config.embedding_cuts),
        scripts=tuple(config.text.scripts),
        max_tokens=config.text.max_tokens,
        bounds=model.calibration.floor,
        space=model.space,
    )


def worker_pool(threads: int) -> WorkerPool:
    """Threads for a model, each with its own number of cores. Native helper threads stay with each thread that ever had
    more than one core, and more helpers than cores double the time of a forward pass: only `all_cores` has them.
    """
    all_cores = ThreadPoolExecutor(1, "model", set_thread_budget, (threads,))
    per_core = ThreadPoolExecutor(threads, "lane", set_thread_budget, (1,)) if threads > 1 else all_cores
    return WorkerPool(all_cores, per_core, threads)


def load_and_warm_up(load: Callable[[], Understander], pool: WorkerPool) -> Understander:
    """The model, loaded and warmed up in the threads that will run it. Takes seconds."""
    model = pool.all_cores.submit(load).result()
    for thread in dict.fromkeys((pool.all_cores, pool.per_core)):  # with one core they are the same
        thread.submit(warm_up, model).result()
    return model


def warm_up(model: Understander) -> None:
    """One forward pass over both modalities: the first one allocates and is many times slower than the next."""
    size = model.config.image.size
    model.understand_prepared([Prepared("", np.zeros((1, 3, size, size), np.uint8), "warm up")])


def model_batcher(model: Understander, pool: WorkerPool, settings: Settings) -> ModelBatcher:
    """For the requests of one event loop."""
    waits = (settings.batch_wait_seconds, settings.request_timeout_seconds)
    return Batcher(partial(run_batch, model), pool, settings.batch_size, *waits)


class Explaining:
    """Explanations by a loaded model: one at a time, in one thread, since each takes as long as many answers."""

    def __init__(self, pool: WorkerPool) -> None:
        self._thread = pool.per_core
        self._turn = asyncio.Lock()

    async def explain(self, model: Understander, products: Sequence[Prepared]) -> list[Explanation | None]:
        found = []
        for product in products:
            async with self._turn:
                found.append(await asyncio.get_running_loop().run_in_executor(self._thread, explained, model, product))
        return found


def explained(model: Understander, product: Prepared) -> Explanation | None:
    """None, too, where it fails: the answer stands."""
    try:
        return explain(model, product)
    except Exception:
        logger.exception("an explanation failed")
        return None


def to_requests(
    products: Sequence[Prepared], top_k: int, evidence: bool, filer: Filer | None = None
) -> list[InferenceRequest]:
    """Products of the HTTP request under way, for `Batcher.submit`."""
    sender = request_id()
    return [InferenceRequest(product, top_k, evidence, sender, filer) for product in products]


def run_batch(model: Understander, requests: Sequence[InferenceRequest]) -> list[Answer]:
    """One answer for each request: one forward pass for those (usually all) that are filed alike."""
    answers: dict[int, Answer] = {}
    for filer in dict.fromkeys(request.filer for request in requests):
        mine = [number for number, request in enumerate(requests) if request.filer is filer]
        found = run_alike(model.filing_by(filer) if filer else model, [requests[number] for number in mine])
        answers.update(zip(mine, found, strict=True))
    return [answers[number] for number in range(len(requests))]


def run_alike(model: Understander, requests: Sequence[InferenceRequest]) -> list[Answer]:
    """One forward pass for all requests (at least one). If it fails, one for each: a poison item fails alone."""
    try:
        top_k = max(request.top_k for request in requests)
        evidence = any(request.evidence for request in requests)
        understood = model.understand_prepared([request.product for request in requests], top_k, evidence)
        return [trim(found, asked.top_k, asked.evidence) for found, asked in zip(understood, requests, strict=True)]
    except Exception:
        senders = list(dict.fromkeys(request.request_id for request in requests if request.request_id))
        logger.exception("a batch of %d failed", len(requests), extra={"fields": {"request_ids": senders}})
    return [ModelFailed()] if len(requests) == 1 else [run_alike(model, [request])[0] for request in requests]


def trim(found: Understanding, top_k: int, evidence: bool) -> Understanding:
    """No more than was asked for: another request of the batch, or the shadow model, may have needed more."""
    base = found.base and replace(found.base, alternatives=found.base.alternatives[:top_k])
    alternatives, alone = found.alternatives[:top_k], found.evidence if evidence else {}
    return replace(found, alternatives=alternatives, evidence=alone, base=base)
