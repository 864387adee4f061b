"""`shelflens serve`: Ray and the service are started, watched and ended."""

import logging
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context

import httpx
import ray
from ray import serve as ray_serve
from ray.exceptions import RayError
from ray.serve.config import HTTPOptions, ProxyLocation

import catalog
from catalog.errors import CatalogError, IndexDamaged, IndexLocked, IndexNotFound
from catalog.index.product_index import open_index
from catalog.understand import Understander
from serving.deployments.application import QUIET, application
from serving.deployments.index import with_model_of_index
from serving.deployments.listener import Listener
from serving.deployments.local_ray import start_ray, stop_ray
from serving.deployments.preflight import (
    check_address,
    check_feeds,
    check_index,
    check_layout,
    check_state,
    check_token,
    url,
)
from serving.deployments.remote import APPLICATION
from serving.errors import ServiceLost, ServiceNotStarted
from serving.middleware.api_keys import Keys, key_place
from serving.middleware.auth import check_access
from serving.settings.load import changed, everything
from serving.settings.schema import Settings
from serving.telemetry.log_relay import lines_shown
from serving.telemetry.logs import start_logs
from serving.telemetry.tracing import check_tracing
from serving.webhooks import check_webhook

START_SECONDS = 120.0
WATCH_SECONDS, LOST_SECONDS = 5.0, 60.0

logger = logging.getLogger(__name__)

# Of this process, which has one Ray, too.
_listeners: list[Listener] = []


def serve(settings: Settings, *, blocking: bool) -> None:
    """Start Ray and the service, and return once /readyz answers; with `blocking`, only after Ctrl-C or SIGTERM has
    ended it. Without, `stop` ends it.

    Raises AddressInUse, KeysRequired, KeysDamaged, ServiceNotStarted, or what is wrong with the settings or the model
    (ConfigInvalid, CheckpointInvalid).
    """
    keys = Keys(key_place(settings))
    check_access(settings, keys)
    check_all(settings)
    settings = with_model_of_index(settings)
    # A replica that cannot load its model says so only in a log, after Serve has tried it several times.
    for folder in dict.fromkeys((settings.model, settings.shadow or settings.model)):
        Understander.load(folder, settings.device)
    try:
        if settings.joined:
            _listeners.append(Listener(settings))
        if not blocking:
            return start(settings, {})
        with lines_shown() as told:
            start_logs(settings)
            announce(settings, keys)
            ended = end_on_signals()
            start(settings, told)
            print(
                f"Shelflens answers at {url(settings)}, its API is at {url(settings)}/docs. Ctrl-C ends it.", flush=True
            )
            watch(settings, ended)
    except KeyboardInterrupt:
        stop()
        if not blocking:
            raise
    except BaseException:
        stop()
        raise


def check_all(settings: Settings) -> None:
    """What a replica would find out only in a log. Raises AddressInUse, ConfigInvalid, IndexNotFound."""
    check_tracing(settings)
    check_feeds(settings)
    check_index(settings)
    check_state(settings)
    check_token()
    check_layout(settings)
    check_webhook(settings)
    check_address(settings)


def announce(settings: Settings, keys: Keys) -> None:
    """What an operator wants to see of the settings: those that are not as they come. At debug, all of them."""
    chosen = everything(settings) if settings.log_level == "debug" else changed(settings)
    line = {"version": catalog.__version__, "address": url(settings), "api_keys": len(keys), "settings": chosen}
    logger.info("starting", extra={"fields": line})
    if len(keys):
        place = "the state's database" if settings.state_database else settings.keys
        logger.info("requests need an API key of %s; `shelflens keys` lists and removes them", place)
    elif settings.insecure:
        logger.warning("everyone who reaches this address may do everything: there are no API keys")


def stop() -> None:
    """End the service and its Ray. Requests under way may finish."""
    if ray.is_initialized():
        # Not `ray_serve.shutdown`, at whose end Ray prints that it will repeat what it has just done. Whatever is lost
        # already, the rest is to end too.
        with suppress(Exception):
            ray_serve.delete(APPLICATION)
    stop_ray()
    while _listeners:
        _listeners.pop().close()


def start(settings: Settings, told: dict[str, str]) -> None:
    """told: more for the environment of Ray's processes."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        start_ray(settings, told)
    except SystemExit:  # of Ray's own handler: while it starts, Ray sets one that exits
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGTERM, handler)
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    check_resources(settings)
    http = HTTPOptions(
        host=settings.host,
        port=settings.port,
        # The routes keep the limit themselves; this one is for a gateway that is lost.
        request_timeout_s=2 * max(settings.request_timeout_seconds, settings.embeddings_timeout_seconds),
        keep_alive_timeout_s=60,
    )
    try:
        proxies = ProxyLocation.Disabled if _listeners else ProxyLocation.EveryNode
        ray_serve.start(proxies, http, logging_config=QUIET)
        ray_serve.run(bound_application(settings), name=APPLICATION, route_prefix="/")
    except (RayError, RuntimeError, TimeoutError):
        logger.exception("Ray Serve did not start the deployments")
        raise reason(settings) from None
    wait_until_ready(settings)


def bound_application(settings: Settings) -> ray_serve.Application:
    """Of the service that this process has started."""
    return application(settings, _listeners[0].path if _listeners else None)


def reason(settings: Settings) -> CatalogError:
    """Why the deployments did not start. Ray's errors do not tell it apart; an index that is damaged does so again."""
    try:
        # In a process of its own, which some damage makes the engine end.
        with ProcessPoolExecutor(1, get_context("spawn")) as child:
            child.submit(open_and_close, settings.index).result()
    except (IndexLocked, IndexNotFound):
        return ServiceNotStarted()
    except BrokenProcessPool:
        return IndexDamaged("Opening the index crashes the index engine. Restore the folder from a backup.")
    except CatalogError as error:
        return error
    return ServiceNotStarted()


def open_and_close(index: str) -> None:
    open_index(index, create=False).close()


def check_resources(settings: Settings) -> None:
    """Raises ServiceNotStarted. Serve would wait for ever for resources that do not exist."""
    there = ray.cluster_resources()  # type: ignore[no-untyped-call]
    asked = {"CPU": settings.cpus_per_replica, "GPU": settings.num_gpus_per_replica}
    copies = settings.replicas * (2 if settings.shadow else 1)
    for name, each in asked.items():
        if each * copies > there.get(name, 0.0) + 1e-6:
            raise ServiceNotStarted(
                f"{copies} replicas with {each:g} {name} each: there are only {there.get(name, 0.0):g}."
            )


def end_on_signals() -> threading.Event:
    """Make Ctrl-C and SIGTERM raise KeyboardInterrupt. Where that is lost, as in a finalizer, the event tells it."""
    ended = threading.Event()

    def end(*_: object) -> None:
        ended.set()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    return ended


def watch(settings: Settings, ended: threading.Event) -> None:
    """Wait until it has ended, with KeyboardInterrupt. Raises ServiceLost once nothing has answered for a minute: Ray
    mends what is lost but itself.
    """
    answered = time.monotonic()
    while time.monotonic() - answered < LOST_SECONDS:
        if ended.wait(WATCH_SECONDS):
            raise KeyboardInterrupt
        with suppress(httpx.TransportError):
            httpx.get(f"{url(settings)}/healthz", timeout=5.0, trust_env=False)
            answered = time.monotonic()
    raise ServiceLost


def wait_until_ready(settings: Settings) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url(settings)}/readyz", timeout=5.0, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise ServiceNotStarted(f"The service was not ready within {START_SECONDS:g} seconds.")
