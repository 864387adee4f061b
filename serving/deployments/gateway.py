"""The deployment that answers HTTP."""

from typing import Any, cast

from ray.serve.handle import DeploymentHandle
from starlette.types import ASGIApp

from serving.analyzer import Analyzer
from serving.app import build_app
from serving.deployments.remote import Remote
from serving.errors import IndexNotReady, ModelNotReady
from serving.models import Models
from serving.services import Services
from serving.settings import Settings
from serving.shelf import Shelf


class Gateway:
    """The routes, and the decoding of pictures, beside the replicas and not in them."""

    def __init__(
        self,
        settings: Settings,
        model: DeploymentHandle[Any],
        shadow: DeploymentHandle[Any] | None,
        index: DeploymentHandle[Any],
    ) -> None:
        self.settings = settings
        self.model, self.shadow, self.index = model, shadow, index

    def __serve_build_asgi_app__(self) -> ASGIApp:
        shelf = cast(Shelf, Remote(self.index, IndexNotReady, once=("delete",)))
        models = Models(analyzer(self.model), analyzer(self.shadow) if self.shadow else None)
        return build_app(Services(models, shelf), self.settings)


def analyzer(handle: DeploymentHandle[Any]) -> Analyzer:
    return cast(Analyzer, Remote(handle, ModelNotReady))
