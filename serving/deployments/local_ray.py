"""Ray on this machine alone: it listens on loopback, asks for a token, and keeps its files from other users."""

import logging
import shutil
import tempfile
from pathlib import Path

import ray
from ray._private import ray_constants
from ray._private.worker import global_worker

from catalog.storage.files import private_files
from serving.deployments.preflight import check_messages, environment, ray_environment
from serving.errors import ServiceNotStarted
from serving.settings.schema import Settings

# What Ray does on desktops, "to prevent firewall popups": whatever it starts listens on loopback. On Linux it has to be
# told, in each of its processes; without it a dozen ports listen on every interface.
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
# Ray's own metrics, which nobody reads on a Ray of this machine alone. The thread that exports them in each process
# reads what others still write, and sometimes (Ray 2.60) ends the process by a segmentation fault.
WITHOUT_METRICS = {"enable_metrics_collection": False, "enable_open_telemetry": False}
PREFIX = "shelflens-ray-"


def start_ray(settings: Settings, told: dict[str, str]) -> None:
    """told: more for the environment of Ray's processes. What these write is for their own user.

    Raises ConfigInvalid for messages that are too small, or ServiceNotStarted.
    """
    ray_constants.ENABLE_RAY_CLUSTER = False  # this process read LOOPBACK when it imported Ray
    with private_files(), environment(LOOPBACK | ray_environment(settings) | told):
        check_messages(settings)
        folder = private_folder()
        try:
            ray.init(
                address="local",
                include_dashboard=False,
                object_store_memory=settings.object_store_bytes,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _temp_dir=str(folder),
                _system_config=WITHOUT_METRICS,
            )
        except Exception as error:  # Ray's are of no kind of their own
            remove(folder)
            raise ServiceNotStarted(f"Ray did not start: {error}") from None
        except BaseException:
            remove(folder)
            raise


def stop_ray() -> None:
    """End all of Ray's processes and remove their files, if there are any."""
    node = global_worker.node
    ray.shutdown()
    if node is not None:
        remove(Path(node.temp_dir))


def private_folder() -> Path:
    """For Ray's files. Ray lets everyone write into whatever folder it is given, so that one is in another, which is
    for this user alone. Its path is short: a socket's may have 107 bytes.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX)) / "r"
    folder.mkdir()
    return folder


def remove(folder: Path) -> None:
    """folder: what `private_folder` gave; of a Ray that others started nothing is removed."""
    if folder.parent.name.startswith(PREFIX):
        shutil.rmtree(folder.parent, ignore_errors=True)
