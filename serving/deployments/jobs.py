"""The deployment that works off bulk ingest jobs."""

from typing import Any

from ray.serve.handle import DeploymentHandle

from catalog.storage.database import open_database
from serving.deployments.remote import gateway, remote_models, remote_store
from serving.jobs.jobs import Jobs
from serving.settings.schema import Settings
from serving.telemetry.logs import start_logs


class JobRunner(Jobs):
    """The one replica that works jobs off. It reads feeds and images; the model and the index are asked elsewhere."""

    async def __init__(  # type: ignore[misc]
        self,
        settings: Settings,
        model: DeploymentHandle[Any] | None,
        shadow: DeploymentHandle[Any] | None,
        index: DeploymentHandle[Any],
    ) -> None:
        """Awaited by Serve. model: None where the gateway holds it."""
        start_logs(settings)
        store = remote_store(index)
        await store.describe()  # the jobs' folder is in the index's, which must be there before
        self._database = open_database(settings.state_database)
        models = remote_models(model or gateway(), shadow)
        super().__init__(settings.state_folder / "jobs", models, store, settings, self._database)
        await self.start()

    async def __del__(self) -> None:
        """Awaited by Serve when it stops the replica."""
        await self.close()
        if self._database:
            self._database.close()
