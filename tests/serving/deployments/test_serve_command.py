"""`shelflens serve` as an operator starts it: a process of its own, with keys, a file of settings, and its log. Other
users of the machine, and other machines, reach nothing of it but its address.
"""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import httpx
import psutil
import pytest
from typer.testing import CliRunner

from catalog.errors import ConfigInvalid
from serving.deployments.local_ray import start_ray
from serving.deployments.preflight import check_token
from serving.deployments.start import end_on_signals, watch
from serving.errors import ServiceNotStarted
from serving.middleware.api_keys import add_key
from serving.settings.schema import Settings
from shelflens.cli import app
from tests.serving.middleware.test_access_log import samples
from tests.support.services import free_port
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow

ANALYZE = "/v1/products/analyze"
LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
SHIRT = {"items": [{"title": "red striped shirt"}]}


class Running(NamedTuple):
    client: httpx.Client
    key: str
    folder: Path
    process: "subprocess.Popen[bytes]"

    def lines(self) -> list[dict[str, Any]]:
        """The log so far; the last lines may take a moment."""
        time.sleep(1.0)
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]


def started(folder: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """The command with a umask that gives everything to everyone."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-m", "shelflens", "serve", *arguments]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, umask=0)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("command")
    port = free_port()
    tiny_onnx_folder(folder / "model")
    (folder / "shelflens.toml").write_text('model = "model"\nrate_per_minute = 30\nlog_level = "info"\n')
    key = add_key(folder / "shelflens-keys.json", "shop")
    process = started(folder, "--config", "shelflens.toml", "--port", str(port))
    try:
        assert process.stdout is not None
        assert b"Shelflens answers at" in process.stdout.readline()
        headers = {"Authorization": f"Bearer {key}"}
        base = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=base, headers=headers, timeout=60, trust_env=False) as client:
            yield Running(client, key, folder, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


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


def test_what_listens_beyond_this_machine_asks_for_a_token(running: Running) -> None:
    """Serve's replicas listen on every interface for each other, and cannot be told otherwise."""
    service = psutil.Process(running.process.pid)
    family = [service, *service.children(recursive=True)]
    listening = [(one, c.laddr) for one in family for c in one.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert running.client.base_url.port in {address.port for _, address in listening}
    beyond = [(one.name(), address.port) for one, address in listening if address.ip not in LOOPBACK]
    for name, number in beyond:
        assert name.startswith("ray::ServeReplica")
        with grpc.insecure_channel(f"127.0.0.1:{number}") as channel, pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary("/ray.serve.ASGIService/HandleRequest")(b"", timeout=20)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_ray_does_not_start_without_its_token() -> None:
    check_token({})
    check_token({"RAY_AUTH_MODE": "token"})
    with pytest.raises(ConfigInvalid, match="RAY_AUTH_MODE is 'disabled'"):
        check_token({"RAY_AUTH_MODE": "disabled"})


def test_a_ray_that_does_not_start_says_why_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))  # in which a socket's path is too long
    with pytest.raises(ServiceNotStarted, match=r"Ray did not start: .*AF_UNIX"):
        start_ray(Settings(), {})
    assert list(deep.iterdir()) == []


def test_files_are_for_their_user_alone(running: Running) -> None:
    index = running.folder / "shelflens-index"
    made = [index, *index.rglob("*")]
    assert len(made) > 5
    assert [path for path in made if path.lstat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)] == []


def ray_folder(service: "subprocess.Popen[bytes]") -> Path:
    """The uppermost folder that the service made for Ray's files."""
    lines = [child.cmdline() for child in psutil.Process(service.pid).children(recursive=True)]
    (session,) = {argument.partition("=")[2] for line in lines for argument in line if "--session_dir=" in argument}
    steps = Path(session).parts
    return Path(*steps[: 1 + next(n for n, step in enumerate(steps) if step.startswith("shelflens-ray-"))])


def test_rays_files_are_in_a_folder_for_their_user_alone(running: Running) -> None:
    """Whatever modes Ray gives to what is in it."""
    assert stat.S_IMODE(ray_folder(running.process).stat().st_mode) == 0o700


def wait_for_process(service: "subprocess.Popen[bytes]", name: str) -> None:
    """Wait until the service has a process whose command line begins with the name, which may follow a path."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in psutil.Process(service.pid).children(recursive=True):
            with suppress(psutil.Error):
                if child.cmdline()[:1] and child.cmdline()[0].rpartition("/")[2].startswith(name):
                    return
        time.sleep(0.05)
    pytest.fail(f"The service started no {name}")


@pytest.mark.parametrize("process", [None, "gcs_server", "raylet", "ray::ServeController"])
def test_an_end_during_the_start_is_an_end(tmp_path: Path, process: str | None) -> None:
    """Before Ray, while Ray starts and has set a handler of its own, while the deployments do."""
    tiny_onnx_folder(tmp_path / "model")
    service = started(tmp_path, "--model", "model", "--port", str(free_port()))
    if process is None:
        time.sleep(1)
    else:
        wait_for_process(service, process)
    service.send_signal(signal.SIGTERM)
    service.communicate(timeout=60)
    said = (tmp_path / "log").read_text()
    assert service.returncode in (0, -signal.SIGTERM), said
    assert "SIGTERM received" not in said
    assert "Traceback" not in said


def test_an_interrupt_that_a_finalizer_swallowed_still_ends_the_service() -> None:
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ended = end_on_signals()
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            watch(Settings(), ended)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
