"""The deployment that runs the model."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from catalog.model.preprocess import Prepared
from catalog.taxonomy.tree import Taxonomy
from catalog.understand import Understander
from serving.errors import ModelFailed
from serving.inference.analyzer import Answered, ModelInfo, ask, batches, describe, pool, start
from serving.settings.schema import Settings
from serving.telemetry.logs import start_logs


class ModelReplica:
    """One copy of a model. It is ready once it has answered a first question."""

    def __init__(self, settings: Settings, folder: Path | None) -> None:
        start_logs(settings)
        self.settings = settings
        team = pool(1 if settings.num_gpus_per_replica else settings.threads_per_replica)
        compiled = settings.device == "cuda" and settings.compile_image_encoder
        load = partial(Understander.load, folder, settings.device, settings.cache_megabytes, compiled)
        self.model = start(load, team)
        self.batches = batches(self.model, team, settings)

    async def describe(self) -> ModelInfo:
        return describe(self.model)

    async def taxonomy(self) -> Taxonomy:
        return self.model.taxonomy

    async def analyze(
        self, products: Sequence[Prepared], top_k: int, evidence: bool, patient: bool = False
    ) -> Answered:
        return await ask(self.batches, products, top_k, evidence, patient)

    def check_health(self) -> None:
        """Called by Serve, which replaces a replica whose forward pass never ends."""
        if self.batches.busy_seconds > self.settings.request_timeout_seconds:
            raise ModelFailed
