"""The user's guide is followed as it stands, by a shell."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.support.services import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")


def blocks() -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


class Reader:
    """Someone who follows the guide in a folder of his own. The port is another, as 8000 may be in use."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        (folder / "assets").symlink_to(ROOT / "assets")
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "SHELFLENS_PORT": str(self.port)}

    def run(self, block: str) -> str:
        """What a block prints. Its variables stay for the next one, as in a terminal."""
        followed = block.replace("localhost:8000", f"localhost:{self.port}")
        kept = 'printf \'job=%q\\nkey=%q\\n\' "$job" "$key" > .variables'
        script = f"set -e; [ ! -f .variables ] || . ./.variables\n{followed}\n{kept}"
        found = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120
        )
        assert found.returncode == 0, found.stderr
        return found.stdout

    def start(self, block: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(["bash", "-c", f"exec {block}"], cwd=self.folder, env=self.environment)
        deadline = time.monotonic() + 180
        while process.poll() is None and time.monotonic() < deadline:
            try:
                if httpx.get(f"http://localhost:{self.port}/readyz", trust_env=False).status_code == 200:
                    return process
            except httpx.TransportError:
                pass
            time.sleep(0.5)
        process.kill()
        raise AssertionError("the service did not start")


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def test_the_guide(reader: Reader) -> None:
    install, catalogue, serve, *asked, teach, refile, serve_own, own = blocks()
    submit, wait, errors, again, text_query, image, right, training, keys = asked
    assert install.splitlines() == ["scripts/environment serve", "source .venv/bin/activate"]
    reader.run(catalogue)
    service = reader.start(serve)
    try:
        assert json.loads(reader.run(submit))["state"] in ("queued", "running")
        job = json.loads(reader.run(wait))
        assert (job["state"], job["added"], job["failed"]) == ("complete", 3, 1)
        assert json.loads(reader.run(errors))["code"] == "row_id_missing"
        job = json.loads(reader.run(again))
        assert (job["added"], job["skipped"], job["failed"]) == (1, 3, 0)
        found = json.loads(reader.run(text_query))
        assert found["results"][0]["id"] == "A-1"
        assert {"value": "Kestrel Lane", "count": 1} in found["facets"]["brand"]
        lines = reader.run(image).splitlines()
        assert lines[0].startswith("A-2 Granny Smith apples")
        assert len(lines) == 1 + 3
        said = reader.run(right)
        assert '"price": 69.9' in said
        assert '"proposed_category": "Food > Coffee"' in said
        assert "manifest.jsonl" in reader.run(training)
        answers = reader.run(keys)
        assert '"id": "A-1"' in answers
        assert "api_key_missing" in answers
    finally:
        service.send_signal(signal.SIGINT)
        assert service.wait(60) == 0
    assert "level 1" in reader.run(teach)
    reader.run(refile)
    service = reader.start(serve_own)
    try:
        answers = reader.run(own)
        assert '"Footwear"' in answers  # a department of the demo's own tree
        assert '"Topwear"' in answers
    finally:
        service.send_signal(signal.SIGINT)
        assert service.wait(60) == 0
