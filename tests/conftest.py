"""What tests of several files need."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and not subprocess.call(["mount", "-t", "tmpfs", "-o", "size=200m", "none", disk])
    if not mounted:
        pytest.skip("a small disk can only be mounted as root")
    yield disk
    subprocess.check_call(["umount", disk])
