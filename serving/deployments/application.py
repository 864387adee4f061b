"""The deployments, joined into one application of Ray Serve."""

from pathlib import Path
from typing import Any

from ray import serve as ray_serve
from ray.serve.config import BackpressureConfig
from ray.serve.schema import LoggingConfig

from catalog.model.folder import read_config, shipped_model
from serving.deployments.gateway import Gateway
from serving.deployments.index import IndexOwner
from serving.deployments.jobs import JobRunner
from serving.deployments.joined import JoinedGateway
from serving.deployments.model import ModelReplica
from serving.deployments.remote import GATEWAY
from serving.errors import RETRY_SECONDS
from serving.settings.load import read_settings
from serving.settings.schema import Settings

# Calls at once of what answers in milliseconds.
MAX_ASKED = 256
# On a redeploy a new replica starts before an old one ends, one at a time (a share of the replicas, rounded up).
SURGE = 1
QUIET = LoggingConfig(log_level="WARNING", enable_access_log=False)


def application(settings: Settings, listener: Path | None = None) -> ray_serve.Application:
    """All deployments, bound. What is too much is refused by `serving.middleware.concurrency`; each deployment can hold
    all that is admitted, since what waits in a queue of Serve's is looked after only every half second.

    listener: the path of the `Listener` that the replicas of the model answer HTTP from by themselves. Without, Serve's
    proxies pass it on to a gateway, which asks the replicas.
    """
    width = read_config(settings.model or shipped_model()).embedding_width
    index = sole("IndexOwner", IndexOwner, settings, beside_state(settings)).bind(settings, width)
    model = None if listener else model_replicas("ModelReplica", settings, settings.model, index)
    shadow = model_replicas("ShadowReplica", settings, settings.shadow, index) if settings.shadow else None
    jobs = sole("JobRunner", JobRunner, settings, beside_state(settings)).bind(settings, model, shadow, index)
    bound: ray_serve.Application
    if listener:
        bound = of_model(GATEWAY, JoinedGateway, settings).bind(settings, listener, shadow, index, jobs)
    else:
        bound = gateway(settings).bind(settings, model, shadow, index, jobs)
    return bound


def gateway(settings: Settings) -> ray_serve.Deployment:
    return ray_serve.deployment(
        name=GATEWAY,
        num_replicas=copies(settings),
        max_ongoing_requests=settings.max_in_flight + MAX_ASKED,
        ray_actor_options={"num_cpus": 0},
        max_surge_percent=SURGE,
        **shared(settings),
    )(ray_serve.ingress()(Gateway))


def sole(name: str, owner: type, settings: Settings, actor: dict[str, Any]) -> ray_serve.Deployment:
    """A deployment of what only one process may own; of two replicas where any number may, so that one can be lost."""
    options: dict[str, Any] = {
        "num_replicas": 2 if settings.shared else 1,
        "max_ongoing_requests": MAX_ASKED,
        "ray_actor_options": actor,
    }
    return ray_serve.deployment(name=name, **options, **shared(settings))(owner)


def copies(settings: Settings) -> int:
    """Replicas of what needs no model: two where any node can do it, so that one of them may be lost."""
    return 2 if settings.shared else 1


def build(arguments: dict[str, Any]) -> ray_serve.Application:
    """For `serve run` and `serve deploy` (deploy/serve.yaml). arguments: settings by name, before the environment's.

    Raises ConfigInvalid.
    """
    return application(read_settings(**arguments))


def model_replicas(
    name: str, settings: Settings, folder: Path | None, index: ray_serve.Application
) -> ray_serve.Application:
    bound: ray_serve.Application = of_model(name, ModelReplica, settings).bind(settings, folder, index)
    return bound


def of_model(name: str, replica: type[ModelReplica], settings: Settings) -> ray_serve.Deployment:
    """A deployment whose replicas each hold a model."""
    return ray_serve.deployment(
        name=name,
        max_ongoing_requests=settings.max_in_flight + MAX_ASKED,
        **scale(settings),
        ray_actor_options={"num_cpus": settings.cpus_per_replica, "num_gpus": settings.num_gpus_per_replica},
        # A GPU has no room for a second model.
        max_surge_percent=0 if settings.num_gpus_per_replica else SURGE,
        **shared(settings),
    )(replica)


def scale(settings: Settings) -> dict[str, Any]:
    """A fixed number of replicas, or one that follows the requests each has to deal with."""
    if settings.replica_limit == settings.replicas:
        return {"num_replicas": settings.replicas}
    bounds = {"min_replicas": settings.replicas, "max_replicas": settings.replica_limit}
    return {"autoscaling_config": bounds | {"target_ongoing_requests": settings.batch_size}}


def beside_state(settings: Settings) -> dict[str, Any]:
    """For what must run where the index and the state folder are."""
    needed = settings.state_resource and not settings.shared
    resources = {settings.state_resource: 0.001} if needed else {}
    return {"num_cpus": 0, "resources": resources}


def shared(settings: Settings) -> dict[str, Any]:
    return {
        # While no replica is there: it starts, or was lost.
        "max_queued_requests": settings.max_in_flight + MAX_ASKED,
        "backpressure_config": BackpressureConfig(status_code=429, retry_after_s=RETRY_SECONDS),
        "logging_config": QUIET,
        "health_check_period_s": 1,
        "health_check_timeout_s": 30,
        # Every request ends by itself by then; the replica looks whether all have so often.
        "graceful_shutdown_timeout_s": settings.request_timeout_seconds,
        "graceful_shutdown_wait_loop_s": 0.2,
        "max_constructor_retry_count": 3,
    }
