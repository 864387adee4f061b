"""`shelflens serve` as an operator starts it: a process of its own, with keys, a file of settings, and its log."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from typer.testing import CliRunner

from serving.middleware.api_keys import add_key
from shelflens.cli import app
from tests.serving.middleware.test_access_log import samples
from tests.support.services import free_port
from tests.support.tiny import tiny_onnx_folder

ANALYZE = "/v1/products/analyze"
SHIRT = {"items": [{"title": "red striped shirt"}]}


class Running(NamedTuple):
    client: httpx.Client
    key: str
    folder: Path

    def lines(self) -> list[dict[str, Any]]:
        """The log so far; the last lines may take a moment."""
        time.sleep(1.0)
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("command")
    port = free_port()
    tiny_onnx_folder(folder / "model")
    (folder / "shelflens.toml").write_text('model = "model"\nrate_per_minute = 30\nlog_level = "info"\n')
    key = add_key(folder / "shelflens-keys.json", "shop")
    arguments = ["serve", "--config", "shelflens.toml", "--port", str(port)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "shelflens", *arguments], cwd=folder, env=environment, stderr=log, stdout=-1
        )
        try:
            assert process.stdout is not None
            assert b"Shelflens answers at" in process.stdout.readline()
            headers = {"Authorization": f"Bearer {key}"}
            base = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=base, headers=headers, timeout=60, trust_env=False) as client:
                yield Running(client, key, folder)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.mark.slow
def test_the_whole_command(running: Running) -> None:
    client = running.client
    starting = running.lines()[0]
    assert starting["event"] == "starting"
    assert starting["settings"]["rate_per_minute"] == 30
    assert starting["api_keys"] == 1

    assert client.post(ANALYZE, json=SHIRT, headers={"X-Request-Id": "mine"}).status_code == 200
    refused = client.post(ANALYZE, json=SHIRT, headers={"Authorization": "Bearer sl_wrong"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "api_key_invalid")
    assert httpx.get(client.base_url.join("/readyz"), trust_env=False).status_code == 200
    late = client.post(ANALYZE, json=SHIRT, headers={"X-Request-Deadline-Seconds": "0.0001"})
    assert (late.status_code, late.json()["error"]["code"]) == (504, "deadline_exceeded")
    assert client.post(ANALYZE, content=bytes(29 * 1024 * 1024)).status_code == 413
    statuses = {client.get("/v1/taxonomy").status_code for _ in range(40)}
    assert statuses == {200, 429}

    found = samples(client.get("/metrics").text)
    assert found[f'shelflens_requests_total{{code="",method="POST",route="{ANALYZE}",status="200"}}'] == 1
    assert found['shelflens_rejected_requests_total{reason="api_key_invalid"}'] == 1
    assert found['shelflens_rejected_requests_total{reason="body_too_large"}'] == 1
    assert found['shelflens_rejected_requests_total{reason="rate_limited"}'] >= 10
    assert found['shelflens_stage_duration_seconds_count{stage="model"}'] >= 1
    assert found["shelflens_batch_products_count"] >= 1
    assert found['shelflens_unanswered{part="models"}'] == 0
    assert found["shelflens_index_products"] == 0

    text = (running.folder / "log").read_text()
    lines = [line for line in running.lines() if line["event"] == "request"]
    [first] = [line for line in lines if line["request_id"] == "mine"]
    assert (first["route"], first["status"], first["key"]) == (ANALYZE, 200, "shop")
    assert (first["items"], first["with_text"]) == (1, 1)
    assert first["stages"].keys() >= {"decode", "queue", "model"}
    codes = [line.get("code") for line in lines]
    assert {"api_key_invalid", "deadline_exceeded", "body_too_large", "rate_limited"} <= set(codes)
    for secret in ("striped", running.key, "sl_wrong", str(Path(__file__).parents[3])):
        assert secret not in text


@pytest.mark.slow
def test_what_was_refused_starts_no_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("feed.csv").write_text("id,title\n1,shoe\n")
    Path("pictures").mkdir()
    Path("pictures", "1.jpg").touch()
    for arguments, code in (
        (["--host", "0.0.0.0"], "keys_required"),
        (["--feeds", "nowhere"], "config_invalid"),
        (["--config", "none.toml"], "config_invalid"),
        (["--port", "0"], "config_invalid"),
        (["--index", "feed.csv"], "index_not_found"),
        (["--index", "pictures", "--model", "nano"], "index_not_found"),
    ):
        result = CliRunner().invoke(app, ["serve", *arguments])
        assert (result.exit_code, f"[{code}]" in result.stderr) == (2, True)
    (tmp_path / "shelflens-keys.json").write_text("{")
    assert "[keys_damaged]" in CliRunner().invoke(app, ["serve"]).stderr
