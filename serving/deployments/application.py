"""The deployments, joined into one application of Ray Serve."""

from pathlib import Path
from typing import Any

from ray import serve as ray_serve
from ray.serve.config import BackpressureConfig
from ray.serve.schema import LoggingConfig

from catalog.checkpoint import read_config, shipped_model
from serving.configuration import read_settings
from serving.deployments.gateway import Gateway
from serving.deployments.index import IndexOwner
from serving.deployments.jobs import JobRunner
from serving.deployments.model import ModelReplica
from serving.errors import RETRY_SECONDS
from serving.settings import Settings

APPLICATION = "shelflens"
# Calls at once of what answers in milliseconds.
MOST_ASKED = 256
QUIET = LoggingConfig(log_level="WARNING", enable_access_log=False)


def application(settings: Settings) -> ray_serve.Application:
    """All deployments, bound. A request beyond what they hold at once and in their queues is answered 429."""
    width = read_config(settings.model or shipped_model()).embedding_width
    model = model_replicas("ModelReplica", settings, settings.model)
    shadow = model_replicas("ShadowReplica", settings, settings.shadow) if settings.shadow else None
    index = sole("IndexOwner", IndexOwner, settings, beside_state(settings)).bind(settings, width)
    jobs = sole("JobRunner", JobRunner, settings, beside_state(settings)).bind(settings, model, shadow, index)
    # The gateway holds what the replicas work on, what waits for them, and some requests that need no replica.
    gateway = ray_serve.deployment(
        name="Gateway",
        max_ongoing_requests=at_once(settings) * settings.most_replicas + settings.max_waiting + 16,
        ray_actor_options={"num_cpus": 0},
        **shared(settings),
    )(ray_serve.ingress()(Gateway))
    bound: ray_serve.Application = gateway.bind(settings, model, shadow, index, jobs)
    return bound


def sole(name: str, owner: type, settings: Settings, actor: dict[str, Any]) -> ray_serve.Deployment:
    """A deployment of one replica, which owns what only one process may."""
    options: dict[str, Any] = {"num_replicas": 1, "max_ongoing_requests": MOST_ASKED, "ray_actor_options": actor}
    return ray_serve.deployment(name=name, **options, **shared(settings))(owner)


def build(arguments: dict[str, Any]) -> ray_serve.Application:
    """For `serve run` and `serve deploy` (deploy/serve.yaml). arguments: settings by name, before the environment's.

    Raises InvalidConfig.
    """
    return application(read_settings(**arguments))


def model_replicas(name: str, settings: Settings, folder: Path | None) -> ray_serve.Application:
    replicas = ray_serve.deployment(
        name=name,
        max_ongoing_requests=at_once(settings),
        **scale(settings),
        ray_actor_options={"num_cpus": settings.cpus_per_replica, "num_gpus": settings.num_gpus_per_replica},
        **shared(settings),
    )(ModelReplica)
    bound: ray_serve.Application = replicas.bind(settings, folder)
    return bound


def scale(settings: Settings) -> dict[str, Any]:
    """A fixed number of replicas, or one that follows the requests each has to deal with."""
    if settings.most_replicas == settings.replicas:
        return {"num_replicas": settings.replicas}
    bounds = {"min_replicas": settings.replicas, "max_replicas": settings.most_replicas}
    return {"autoscaling_config": bounds | {"target_ongoing_requests": settings.batch_size}}


def beside_state(settings: Settings) -> dict[str, Any]:
    """For what must run where the index and the state folder are."""
    resources = {settings.state_resource: 0.001} if settings.state_resource else {}
    return {"num_cpus": 0, "resources": resources}


def at_once(settings: Settings) -> int:
    """Requests that one replica holds: a batch at work and the next one."""
    return 2 * settings.batch_size


def shared(settings: Settings) -> dict[str, Any]:
    return {
        "max_queued_requests": settings.max_waiting,
        "backpressure_config": BackpressureConfig(status_code=429, retry_after_s=RETRY_SECONDS),
        "logging_config": QUIET,
        "health_check_period_s": 2,
        "health_check_timeout_s": 30,
        "graceful_shutdown_timeout_s": 10,
        "max_constructor_retry_count": 3,
    }
