"""Ray Serve around the plain classes: an HTTP gateway, model replicas, and `serve` to start both.

    client -> proxy (Door) -> Gateway (routes, decoding) -> ModelReplica (batches, forward pass)

Ray listens on every interface of the machine with ports of its own, whatever `host` says: only HTTP keeps to `host`.
Let only trusted machines reach those ports (a firewall, a NetworkPolicy), and set RAY_AUTH_MODE=token on a cluster.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from threading import Event
from typing import Any

import httpx
import ray
import torch
from ray import serve as ray_serve
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.serve.config import BackpressureConfig, HTTPOptions
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, ReplicaUnavailableError
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import LoggingConfig
from starlette.types import ASGIApp

from catalog.errors import CatalogError
from catalog.preprocess import Prepared
from catalog.understand import Understander
from serving.analyzer import Answer, ModelInfo, Question, answer, describe, warm_up
from serving.app import build_app
from serving.errors import RETRY_SECONDS, ModelFailed, ModelNotReady, Overloaded, ServiceNotStarted
from serving.preflight import check_address, environment, url
from serving.settings import Settings

APPLICATION = "shelflens"
START_SECONDS = 120.0
QUIET = LoggingConfig(log_level="WARNING", enable_access_log=False)
# Ray and Serve read these from the environment of their processes, which inherit ours.
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # From the default of 10 s each, a killed proxy is replaced after 7 s and not 26.
    "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "1",
    "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "1",
    # From the default of 5 s a busy machine kills each proxy before it has started, and starts another, for ever.
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
    "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "serving.door.proxy_middlewares",
    # Ray announces that a later release changes what CUDA_VISIBLE_DEVICES is where no GPU is asked for.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


class ModelReplica:
    """One copy of the model. It is ready once it has answered a first question."""

    def __init__(self, settings: Settings) -> None:
        torch.set_num_threads(settings.threads_per_replica)
        self.settings = settings
        self.model = Understander.load(settings.model, settings.device)
        self.busy_since: float | None = None
        warm_up(self.model)
        self.batch.set_max_batch_size(settings.batch_size)  # type: ignore[attr-defined]
        self.batch.set_batch_wait_timeout_s(settings.batch_wait_seconds)  # type: ignore[attr-defined]

    async def describe(self) -> ModelInfo:
        return describe(self.model)

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


class ReplicaAnalyzer:
    """The replicas behind a handle, as an `Analyzer`."""

    def __init__(self, replicas: DeploymentHandle[Any]) -> None:
        self.replicas = replicas

    async def describe(self) -> ModelInfo:
        found: ModelInfo = await reply(self.replicas.describe.remote())
        return found

    async def analyze(self, products: Sequence[Prepared], top_k: int, evidence: bool) -> list[Answer]:
        found: list[Answer] = await reply(self.replicas.analyze.remote(products, top_k, evidence))
        return found


async def reply(response: Awaitable[Any]) -> Any:
    """A replica's answer, or one of our errors: Ray's hold the traceback in their message."""
    try:
        return await response
    except BackPressureError:
        raise Overloaded from None
    except (RayActorError, DeploymentUnavailableError, ReplicaUnavailableError):
        raise ModelNotReady from None
    except RayTaskError as error:
        raise error.cause if isinstance(error.cause, CatalogError) else ModelFailed() from None


class Gateway:
    """The routes, and the decoding of pictures, beside the replicas and not in them."""

    def __init__(self, replicas: DeploymentHandle[Any], settings: Settings) -> None:
        self.replicas = replicas
        self.settings = settings

    def __serve_build_asgi_app__(self) -> ASGIApp:
        return build_app(ReplicaAnalyzer(self.replicas), self.settings)


def application(settings: Settings) -> ray_serve.Application:
    """Both deployments, bound. A request beyond what they hold at once and in their queues is answered 429."""
    at_once = 2 * settings.batch_size
    busy = BackpressureConfig(status_code=429, retry_after_s=RETRY_SECONDS)
    shared: dict[str, Any] = {
        "max_queued_requests": settings.max_waiting,
        "backpressure_config": busy,
        "logging_config": QUIET,
        "health_check_period_s": 2,
        "health_check_timeout_s": 30,
        "graceful_shutdown_timeout_s": 10,
        "max_constructor_retry_count": 3,
    }
    replicas = ray_serve.deployment(
        name="ModelReplica",
        num_replicas=settings.replicas,
        max_ongoing_requests=at_once,
        ray_actor_options={"num_cpus": settings.cpus_per_replica, "num_gpus": settings.num_gpus_per_replica},
        **shared,
    )(ModelReplica)
    # The gateway holds what the replicas work on, what waits for them, and a few requests that need no replica.
    gateway = ray_serve.deployment(
        name="Gateway",
        max_ongoing_requests=at_once * settings.replicas + settings.max_waiting + 16,
        ray_actor_options={"num_cpus": 0},
        **shared,
    )(ray_serve.ingress()(Gateway))
    bound: ray_serve.Application = gateway.bind(replicas.bind(settings), settings)
    return bound


def serve(settings: Settings, *, blocking: bool) -> None:
    """Start Ray and the service, and return once /readyz answers; with `blocking`, only after Ctrl-C or SIGTERM has
    ended it. Without, `stop` ends it.

    Raises AddressInUse, ServiceNotStarted, or what is wrong with the model (InvalidCheckpoint, InvalidConfig).
    """
    check_address(settings)
    # A replica that cannot load its model says so only in a log, after Serve has tried it several times.
    Understander.load(settings.model, settings.device)
    try:
        start(settings)
        if blocking:
            # Only now: Ray sets a handler of its own while it starts.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            print(f"Shelflens answers at {url(settings)}, see {url(settings)}/docs. Ctrl-C ends it.", flush=True)
            Event().wait()
    except KeyboardInterrupt:
        stop()
        if not blocking:
            raise
    except BaseException:
        stop()
        raise


def stop() -> None:
    """End the service and its Ray. Requests under way have ten seconds to finish."""
    if ray.is_initialized():
        # Not `ray_serve.shutdown`, at whose end Ray prints that it will repeat what it has just done. Whatever is lost
        # already, the rest is to end too.
        with suppress(Exception):
            ray_serve.delete(APPLICATION)
        ray.shutdown()


def start(settings: Settings) -> None:
    with environment(ENVIRONMENT | settings.as_environment()):
        ray.init(
            address="local",
            include_dashboard=False,
            object_store_memory=settings.object_store_bytes,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    check_resources(settings)
    http = HTTPOptions(
        host=settings.host,
        port=settings.port,
        # The routes keep the limit themselves; this one is for a gateway that is lost.
        request_timeout_s=2 * settings.request_timeout_seconds,
        keep_alive_timeout_s=60,
    )
    try:
        ray_serve.start(http_options=http, logging_config=QUIET)
        ray_serve.run(application(settings), name=APPLICATION, route_prefix="/")
    except (RayError, RuntimeError, TimeoutError):
        raise ServiceNotStarted from None
    wait_until_ready(settings)


def check_resources(settings: Settings) -> None:
    """Raises ServiceNotStarted. Serve would wait for ever for resources that do not exist."""
    there = ray.cluster_resources()  # type: ignore[no-untyped-call]
    asked = {"CPU": settings.cpus_per_replica, "GPU": settings.num_gpus_per_replica}
    for name, each in asked.items():
        if each * settings.replicas > there.get(name, 0.0) + 1e-6:
            raise ServiceNotStarted(
                f"{settings.replicas} replicas with {each:g} {name} each: there are only {there.get(name, 0.0):g}."
            )


def wait_until_ready(settings: Settings) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url(settings)}/readyz", timeout=5.0, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise ServiceNotStarted(f"The service did not get ready within {START_SECONDS:g} seconds.")
