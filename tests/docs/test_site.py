"""The documentation builds into a site without a broken link or an unknown name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import shelflens

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_site_builds_strictly_and_knows_every_public_name(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="the extra docs is not installed")
    pytest.importorskip("mkdocstrings", reason="the extra docs is not installed")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr
    python = (tmp_path / "reference" / "python.html").read_text(encoding="utf-8")
    for home, names in shelflens.HOMES.items():
        assert [name for name in names if name != "__version__" and f'id="{home}.{name}"' not in python] == []
    hosts = [page.name for page in tmp_path.rglob("*.html") if 'src="https://' in page.read_text(encoding="utf-8")]
    assert hosts == [], "a page that fetches from another host"
