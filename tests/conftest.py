"""What tests of several files need."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from catalog.storage.postgres import StateDatabase
    from tests.support.browser import Reader


MEMORY = Path("/dev/shm")
ENOUGH = 6 << 30  # bytes; a whole run keeps up to 3 GB

# Folders of tests lie in memory where there is room: an index waits for the disk at every flush.
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, those that start Ray before all: no process is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, item.path.parent.name != "deployments"))


@pytest.fixture(params=["files", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator["StateDatabase | None"]:
    """What holds the state of a service: None for files, and a new schema of the session's server."""
    if request.param == "files":
        yield None
        return
    from tests.support.postgres import state

    with state() as database:
        yield database


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 MB: the engine has 150 of them for an index of a few products."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and not subprocess.call(["mount", "-t", "tmpfs", "-o", "size=300m", "none", disk])
    if not mounted:
        pytest.skip("a small disk can only be mounted as root")
    yield disk
    subprocess.check_call(["umount", disk])


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    from tests.support.browser import chromium

    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a service with a tiny model and a small catalogue answers."""
    from catalog.understand import Understander
    from tests.support.browser import fill, served
    from tests.support.tiny import tiny_onnx_folder

    folder = tmp_path_factory.mktemp("page")
    with served(folder, Understander.load(tiny_onnx_folder(folder / "model"))) as address:
        fill(address)
        yield address


@pytest.fixture
def reader(browser: "Browser", address: str) -> Iterator["Reader"]:
    from tests.support.browser import reading

    with reading(browser, address) as reader:
        yield reader
