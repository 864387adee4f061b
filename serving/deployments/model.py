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
        torch.set_num_threads(settings.threads_per_replica)
        self.settings = settings
        self.model = Understander.load(folder, settings.device)
        # OpenMP keeps its helpers for each thread that computes: the one that warms up is the one that works.
        thread = ThreadPoolExecutor(1, "model")
        thread.submit(warm_up, self.model).result()
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
