"""The deployment that answers HTTP."""

from typing import Any

from ray.serve.handle import DeploymentHandle
from starlette.types import ASGIApp

from serving.api.app import build_app
from serving.api.services import Services
from serving.deployments.preflight import check_messages
from serving.deployments.remote import remote_jobs, remote_models, remote_store
from serving.settings.schema import Settings
from serving.telemetry.logs import start_logs


class Gateway:
    """The routes, and the decoding of images, beside the replicas and not in them."""

    def __init__(
        self,
        settings: Settings,
        model: DeploymentHandle[Any],
        shadow: DeploymentHandle[Any] | None,
        index: DeploymentHandle[Any],
        jobs: DeploymentHandle[Any],
    ) -> None:
        """Raises ConfigInvalid on a node whose Ray was not told how large messages may be."""
        check_messages(settings)
        self.settings = settings
        self.services = Services(remote_models(model, shadow), remote_store(index), remote_jobs(jobs))

    def __serve_build_asgi_app__(self) -> ASGIApp:
        start_logs(self.settings)
        return build_app(self.services, self.settings)
