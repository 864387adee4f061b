"""The deployment that runs the model."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from catalog.preprocess import Prepared
from catalog.taxonomy import Taxonomy
from catalog.understand import Understander
from serving.analyzer import Answered, ModelInfo, ask, batches, describe, warm_up
from serving.errors import ModelFailed
from serving.settings import Settings
from serving.telemetry.logs import start_logs


class ModelReplica:
    """One copy of a model. It is ready once it has answered a first question."""

    def __init__(self, settings: Settings, folder: Path | None) -> None:
        start_logs(settings)
        self.settings = settings
        # One thread does all that computes. OpenMP keeps helpers for each thread that ever computed, and with more of
        # them than cores it puts those that wait to sleep: a forward pass then takes twice as long.
        thread = ThreadPoolExecutor(1, "model")
        self.model = thread.submit(loaded, settings, folder).result()
        self.batches = batches(self.model, thread, settings)

    async def describe(self) -> ModelInfo:
        return describe(self.model)

    async def taxonomy(self) -> Taxonomy:
        return self.model.taxonomy

    async def analyze(self, products: Sequence[Prepared], top_k: int, evidence: bool) -> Answered:
        return await ask(self.batches, products, top_k, evidence)

    def check_health(self) -> None:
        """Called by Serve, which replaces a replica whose forward pass never ends."""
        if self.batches.busy_seconds > self.settings.request_timeout_seconds:
            raise ModelFailed


def loaded(settings: Settings, folder: Path | None) -> Understander:
    """The model, once it has answered a first question."""
    torch.set_num_threads(settings.threads_per_replica)
    model = Understander.load(folder, settings.device)
    warm_up(model)
    return model
