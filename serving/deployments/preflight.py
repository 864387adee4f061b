"""What the machine must offer before Ray starts, and what Ray's processes are told."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from catalog.errors import ConfigInvalid
from catalog.index.edge.folder import check_place
from catalog.storage.database import open_database
from catalog.storage.notes import NoteTable
from serving.deployments.listener import bound
from serving.settings.schema import PREFIX, Settings

# The most bytes of one message from process to process. What Ray takes without it is too little for a photo.
MESSAGE_LENGTH = "RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH"
AUTH_MODE = "RAY_AUTH_MODE"
RAYS_MESSAGE_LENGTH = 4 * 1024 * 1024

# Ray and Serve read these from the environment of their processes, which inherit ours.
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # From the default of 10 s each, a killed proxy is replaced after 7 s and not 26.
    "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "1",
    "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "1",
    # From the default of 5 s a busy machine kills each proxy before it has started, and starts another, for ever.
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
    # Ten times a second by default, which takes 4 % of a core; a replica is replaced half a second later.
    "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.5",
    "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "serving.middleware.stack.proxy_middlewares",
    # Requests go from process to process by gRPC instead of Ray's actor calls: a third less time for each. The replicas
    # listen on a port for it either way.
    "RAY_SERVE_USE_GRPC_BY_DEFAULT": "1",
    # What a replica does, and whom it asks, stays in its one loop: no threads to change, 1.5 ms less for a request.
    "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
    "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",
    # Ray announces that a later release changes what CUDA_VISIBLE_DEVICES is where no GPU is asked for.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def ray_environment(settings: Settings) -> dict[str, str]:
    """All that Ray's processes are told."""
    return ENVIRONMENT | {MESSAGE_LENGTH: str(settings.message_bytes)} | settings.as_environment()


def check_token(environment: Mapping[str, str] = os.environ) -> None:
    """Raises ConfigInvalid where Ray is told to do without its token, without which its ports run what they are sent.

    Ray reads this when it is imported, so that it is too late to tell it otherwise.
    """
    if environment.get(AUTH_MODE, "token") != "token":
        raise ConfigInvalid(f"{AUTH_MODE} is {environment[AUTH_MODE]!r}. Unset it, or set it to token.")


def check_messages(settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
    """Raises ConfigInvalid where the operator lets less pass between Ray's processes than these settings promise.

    environment: that of a process of Ray's, which has read it when it started.
    """
    given = environment.get(MESSAGE_LENGTH, str(RAYS_MESSAGE_LENGTH))
    if not given.isdecimal() or int(given) < settings.message_bytes:
        raise ConfigInvalid(
            f"{MESSAGE_LENGTH} is {given}, but with these settings up to {settings.message_bytes} bytes pass from one"
            " process to another. Set it so on every node."
        )


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Values for child processes started meanwhile; what the operator has set already stays."""
    added = {name: value for name, value in values.items() if name.startswith(PREFIX) or name not in os.environ}
    before = dict(os.environ)
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name)
        os.environ.update({name: before[name] for name in added.keys() & before.keys()})


def check_feeds(settings: Settings) -> None:
    """Raises ConfigInvalid. Each job would find out only when it is asked for."""
    if settings.feeds is not None and not settings.feeds.is_dir():
        raise ConfigInvalid(f"The feed folder {str(settings.feeds)!r} does not exist.")


def check_index(settings: Settings) -> None:
    """Raises IndexNotFound where something else is at the index's place. Its replica would find out only in a log."""
    if "://" not in settings.index:
        check_place(Path(settings.index))


def check_state(settings: Settings) -> None:
    """Raises ConfigInvalid or StateUnavailable where the state's database cannot be used."""
    if database := open_database(settings.state_database):
        try:
            NoteTable(database)
        finally:
            database.close()


def check_layout(settings: Settings) -> None:
    """Raises ConfigInvalid. Serve counts what its own proxies pass on, and adds replicas by that."""
    if settings.layout == "joined" and settings.replica_limit > settings.replicas:
        raise ConfigInvalid("With the layout joined there are always as many replicas: max_replicas needs separate.")


def check_address(settings: Settings) -> None:
    """Raises AddressInUse. Serve would find out only in another process, a minute later."""
    bound(settings).close()


def url(settings: Settings) -> str:
    """Where this machine reaches the service."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
