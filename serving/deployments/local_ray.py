"""Ray on this machine alone: it listens on loopback, asks for a token, and keeps its files from other users."""

import logging
import shutil
import tempfile

import ray
from ray._private import ray_constants
from ray._private.worker import global_worker

from catalog.disk import private_files
from serving.preflight import check_messages, environment, ray_environment
from serving.settings import Settings

# What Ray does on desktops, "to prevent firewall popups": whatever it starts listens on loopback. On Linux it has to be
# told, in each of its processes; without it a dozen ports listen on every interface.
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


def start_ray(settings: Settings, told: dict[str, str]) -> None:
    """told: more for the environment of Ray's processes. What these write is for their own user."""
    ray_constants.ENABLE_RAY_CLUSTER = False  # this process read LOOPBACK when it imported Ray
    with private_files(), environment(LOOPBACK | ray_environment(settings) | told):
        check_messages(settings)
        ray.init(
            address="local",
            include_dashboard=False,
            object_store_memory=settings.object_store_bytes,
            log_to_driver=False,
            logging_level=logging.ERROR,
            # Ray lets everyone write into its own folders, so they are in one that is not for everyone.
            _temp_dir=tempfile.mkdtemp(prefix="shelflens-ray-"),
        )


def stop_ray() -> None:
    """End all of Ray's processes and remove their files, if there are any."""
    node = global_worker.node
    ray.shutdown()
    if node is not None:
        shutil.rmtree(node.temp_dir, ignore_errors=True)
