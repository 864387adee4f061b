"""The deployment that runs the model."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ray.serve.handle import DeploymentHandle

from catalog.evidence import Explanation
from catalog.model.preprocess import Prepared
from catalog.taxonomy.tree import Taxonomy
from catalog.understand import Understander
from serving.deployments.remote import remote_store
from serving.errors import ModelFailed
from serving.inference.backend import (
    Answer,
    Explaining,
    Filers,
    ModelInfo,
    describe,
    load_and_warm_up,
    model_batcher,
    to_requests,
    worker_pool,
)
from serving.inference.batcher import BatchResult
from serving.settings.schema import Settings
from serving.telemetry.logs import start_logs


class ModelReplica:
    """One copy of a model, a `ModelBackend`. It is ready once its model is warmed up."""

    def __init__(self, settings: Settings, folder: Path | None, index: DeploymentHandle[Any]) -> None:
        """index: the owner of the index, who keeps what was taught, too."""
        start_logs(settings)
        self.settings = settings
        self.filers = Filers(remote_store(index).taught_files)
        pool = worker_pool(1 if settings.num_gpus_per_replica else settings.threads_per_replica)
        compiled = settings.device == "cuda" and settings.compile_image_encoder
        load = partial(Understander.load, folder, settings.device, settings.cache_megabytes, compiled)
        self.model = load_and_warm_up(load, pool)
        self.batcher = model_batcher(self.model, pool, settings)
        self.explaining = Explaining(pool)

    async def describe(self, taught: str = "") -> ModelInfo:
        return describe(await self.filers.as_taught(self.model, taught))

    async def taxonomy(self, taught: str = "") -> Taxonomy:
        return (await self.filers.as_taught(self.model, taught)).taxonomy

    async def understand(
        self, products: Sequence[Prepared], top_k: int, evidence: bool, low_priority: bool = False, taught: str = ""
    ) -> BatchResult[Answer]:
        requests = to_requests(products, top_k, evidence, await self.filers.get(taught))
        return await self.batcher.submit(requests, low_priority)

    async def explain(self, products: Sequence[Prepared], taught: str = "") -> list[Explanation | None]:
        return await self.explaining.explain(await self.filers.as_taught(self.model, taught), products)

    def check_health(self) -> None:
        """Called by Serve, which replaces a replica whose forward pass never ends."""
        if self.batcher.busy_seconds > self.settings.request_timeout_seconds:
            raise ModelFailed
