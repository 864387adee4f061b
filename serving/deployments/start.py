"""`shelflens serve`: Ray and the service are started, watched and ended."""

import logging
import signal
import time
from contextlib import suppress
from threading import Event

import httpx
import ray
from ray import serve as ray_serve
from ray.exceptions import RayError
from ray.serve.config import HTTPOptions

from catalog.understand import Understander
from serving.deployments.application import APPLICATION, QUIET, application
from serving.errors import ServiceNotStarted
from serving.preflight import check_address, environment, url
from serving.settings import Settings

START_SECONDS = 120.0
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
