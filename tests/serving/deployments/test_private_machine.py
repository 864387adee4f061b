"""What other users of the machine, and other machines, can reach of a service that runs: nothing but its address."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import grpc
import psutil
import pytest

from catalog.errors import ConfigInvalid
from serving.deployments.local_ray import start_ray
from serving.deployments.preflight import check_token
from serving.errors import ServiceNotStarted
from serving.settings.schema import Settings
from tests.support.services import free_port
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow

LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")


def started(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """The command with a umask that gives everything to everyone."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-m", "shelflens", "serve", "--model", str(folder / "model"), "--port", str(port)]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, umask=0)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, "subprocess.Popen[bytes]", int]]:
    folder = tmp_path_factory.mktemp("private")
    tiny_onnx_folder(folder / "model")
    port = free_port()
    process = started(folder, port)
    try:
        assert process.stdout is not None
        assert b"Shelflens answers at" in process.stdout.readline()
        yield folder, process, port
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def test_what_listens_beyond_this_machine_asks_for_a_token(
    running: tuple[Path, "subprocess.Popen[bytes]", int],
) -> None:
    """Serve's replicas listen on every interface for each other, and cannot be told otherwise."""
    _, process, port = running
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    listening = [(one, c.laddr) for one in family for c in one.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert port in {address.port for _, address in listening}
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


def test_files_are_for_their_user_alone(running: tuple[Path, "subprocess.Popen[bytes]", int]) -> None:
    folder, _, _ = running
    made = [folder / "shelflens-index", *(folder / "shelflens-index").rglob("*")]
    assert len(made) > 5
    assert [path for path in made if path.lstat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)] == []


def ray_folder(service: "subprocess.Popen[bytes]") -> Path:
    """The uppermost folder that the service made for Ray's files."""
    lines = [child.cmdline() for child in psutil.Process(service.pid).children(recursive=True)]
    (session,) = {argument.partition("=")[2] for line in lines for argument in line if "--session_dir=" in argument}
    steps = Path(session).parts
    return Path(*steps[: 1 + next(n for n, step in enumerate(steps) if step.startswith("shelflens-ray-"))])


def test_rays_files_are_in_a_folder_for_their_user_alone(running: tuple[Path, "subprocess.Popen[bytes]", int]) -> None:
    """Whatever modes Ray gives to what is in it."""
    _, process, _ = running
    assert stat.S_IMODE(ray_folder(process).stat().st_mode) == 0o700


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
    service = started(tmp_path, free_port())
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
