"""The deployment that runs the model."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from ray import serve as ray_serve

from catalog.preprocess import Prepared
from catalog.taxonomy import Taxonomy
from catalog.understand import Understander
from serving.analyzer import Answer, ModelInfo, Question, answer, describe, warm_up
from serving.errors import ModelFailed
from serving.settings import Settings


class ModelReplica:
    """One copy of a model. It is ready once it has answered a first question."""

    def __init__(self, settings: Settings, folder: Path | None) -> None:
        torch.set_num_threads(settings.threads_per_replica)
        self.settings = settings
        self.model = Understander.load(folder, settings.device)
        self.busy_since: float | None = None
        warm_up(self.model)
        self.batch.set_max_batch_size(settings.batch_size)  # type: ignore[attr-defined]
        self.batch.set_batch_wait_timeout_s(settings.batch_wait_seconds)  # type: ignore[attr-defined]

    async def describe(self) -> ModelInfo:
        return describe(self.model)

    async def taxonomy(self) -> Taxonomy:
        return self.model.taxonomy

    async def analyze(self, products: Sequence[Prepared], top_k: int, evidence: bool) -> list[Answer]:
        questions = (Question(product, top_k, evidence) for product in products)
        return list(await asyncio.gather(*(self.batch(question) for question in questions)))

    @ray_serve.batch
    async def batch(self, questions: list[Question]) -> list[Answer]:
        self.busy_since = time.monotonic()
        try:
            return await asyncio.to_thread(answer, self.model, questions)
        finally:
            self.busy_since = None

    def check_health(self) -> None:
        """Called by Serve, which replaces a replica whose forward pass never ends."""
        if self.busy_since and time.monotonic() - self.busy_since > self.settings.request_timeout_seconds:
            raise ModelFailed
