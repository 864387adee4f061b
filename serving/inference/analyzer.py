"""Between the routes and the model: the `Analyzer` protocol, and a batch that survives a poison item.

There are two analyzers: the replicas of Ray Serve (`serving.deployments`), and this process
(`serving.inference.local`).
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from catalog.arrays import Modalities
from catalog.errors import CatalogError
from catalog.model.calibration import Bounds
from catalog.model.preprocess import Prepared
from catalog.model.runtime import set_thread_budget
from catalog.product import Understanding
from catalog.taxonomy.tree import Taxonomy
from catalog.understand import Understander
from serving.errors import ModelFailed
from serving.inference.batcher import Batcher, BatchFacts, WorkerPool
from serving.settings.schema import Settings
from serving.telemetry.logs import request_id

logger = logging.getLogger(__name__)

Answer = Understanding | CatalogError


class ModelInfo(NamedTuple):
    """What the routes must know of the model. image_size: pixels; embedding_cuts: lengths it can be cut to; scripts:
    those of text that it can read; bounds: see `catalog.model.calibration.Bounds`.
    """

    version: str
    taxonomy_version: str
    image_size: int
    embedding_cuts: tuple[int, ...]
    scripts: tuple[str, ...]
    bounds: Mapping[Modalities, Bounds]


class Question(NamedTuple):
    """One product of a batch, with what its own request wants to know. Batches mix requests."""

    product: Prepared
    top_k: int
    evidence: bool
    request_id: str = ""


class Answered(NamedTuple):
    """One answer for each product asked about, and what its batch was like."""

    answers: list[Answer]
    facts: list[BatchFacts]


Batches: TypeAlias = Batcher[Question, Answer]


class Analyzer(Protocol):
    """Where the model is. Its methods raise ModelNotReady, ModelFailed, Overloaded or DeadlineExceeded."""

    async def describe(self) -> ModelInfo: ...

    async def taxonomy(self) -> Taxonomy: ...

    async def analyze(
        self, products: Sequence[Prepared], top_k: int, evidence: bool, patient: bool = False
    ) -> Answered:
        """One answer for each product (at least one), in their order; an error in the place of one that failed.

        patient: requests that come a little later may be answered before.
        """
        ...


def describe(model: Understander) -> ModelInfo:
    config = model.config
    return ModelInfo(
        version=model.version,
        taxonomy_version=model.taxonomy.version,
        image_size=config.image.size,
        embedding_cuts=tuple(config.embedding_cuts),
        scripts=tuple(config.text.scripts),
        bounds=model.calibration.floor,
    )


def pool(threads: int) -> WorkerPool:
    """Threads for a model. Each has its own number of cores, and helpers stay with each that ever had more than one:
    with more helpers than cores a forward pass takes twice as long, so only `whole` may have them.
    """
    whole = ThreadPoolExecutor(1, "model", set_thread_budget, (threads,))
    per_core = ThreadPoolExecutor(threads, "lane", set_thread_budget, (1,)) if threads > 1 else whole
    return WorkerPool(whole, per_core, threads)


def start(load: Callable[[], Understander], pool: WorkerPool) -> Understander:
    """The model, loaded and warmed up in the threads that will run it. Takes seconds."""
    model = pool.whole.submit(load).result()
    for thread in dict.fromkeys((pool.whole, pool.per_core)):  # with one core they are the same
        thread.submit(warm_up, model).result()
    return model


def warm_up(model: Understander) -> None:
    """One forward pass over both modalities: the first one allocates and is many times slower than the next."""
    size = model.config.image.size
    model.understand_prepared([Prepared("", np.zeros((1, 3, size, size), np.uint8), "warm up")])


def batches(model: Understander, pool: WorkerPool, settings: Settings) -> Batches:
    """The model as something to ask, from one event loop."""
    waits = (settings.batch_wait_seconds, settings.request_timeout_seconds)
    return Batcher(partial(answer, model), pool, settings.batch_size, *waits)


async def ask(batches: Batches, products: Sequence[Prepared], top_k: int, evidence: bool, patient: bool) -> Answered:
    asking = request_id()
    found = await batches.ask([Question(product, top_k, evidence, asking) for product in products], patient)
    return Answered([answer for answer, _ in found], [facts for _, facts in found])


def answer(model: Understander, questions: Sequence[Question]) -> list[Answer]:
    """One forward pass for all questions (at least one); if it fails, one for each, so a poison item fails alone."""
    try:
        top_k = max(question.top_k for question in questions)
        evidence = any(question.evidence for question in questions)
        understood = model.understand_prepared([question.product for question in questions], top_k, evidence)
        return [cut(found, question) for found, question in zip(understood, questions, strict=True)]
    except Exception:
        asking = list(dict.fromkeys(question.request_id for question in questions if question.request_id))
        logger.exception("a batch of %d failed", len(questions), extra={"fields": {"request_ids": asking}})
    return [ModelFailed()] if len(questions) == 1 else [answer(model, [question])[0] for question in questions]


def cut(found: Understanding, question: Question) -> Understanding:
    """No more than the question asked: another one in its batch may have asked for more."""
    evidence = found.evidence if question.evidence else {}
    return replace(found, alternatives=found.alternatives[: question.top_k], evidence=evidence)
