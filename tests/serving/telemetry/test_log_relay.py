"""Log lines on their way from other processes to the terminal of `shelflens serve`."""

import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving.telemetry.log_relay import VARIABLE, TerminalHandler, lines_shown

CODE = """
import logging
from serving.telemetry.log_relay import TerminalHandler
logger = logging.getLogger("serving.test")
logger.addHandler(TerminalHandler())
for n in range(3):
    logger.error("line %d of %s", n, "x" * 100_000 if n == 1 else "y")
"""


def wait_for(capsys: pytest.CaptureFixture[str], count: int) -> list[str]:
    seen = ""
    deadline = time.monotonic() + 10
    while seen.count("\n") < count and time.monotonic() < deadline:
        seen += capsys.readouterr().err
        time.sleep(0.01)
    return seen.splitlines()


def run(environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stderr


def test_lines_of_another_process_are_shown_here(capsys: pytest.CaptureFixture[str]) -> None:
    with lines_shown() as environment:
        assert run(environment) == ""
        lines = wait_for(capsys, 3)
    assert [line[:6] for line in lines] == ["line 0", "line 1", "line 2"]
    assert len(lines[1]) > 100_000
    assert not Path(environment[VARIABLE]).exists()


def test_without_the_terminal_a_process_keeps_its_lines(tmp_path: Path) -> None:
    assert run({}).count("\n") == 3
    assert run({VARIABLE: str(tmp_path / "gone")}).count("\n") == 3


def test_a_folder_with_too_long_a_path_for_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ("x" * 200)).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("x" * 200)))
    with lines_shown() as environment:
        assert environment == {}


def test_a_terminal_that_goes_takes_no_process_with_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = logging.makeLogRecord({"msg": "hello"})
    with lines_shown() as environment:
        monkeypatch.setenv(VARIABLE, environment[VARIABLE])
        handler = TerminalHandler()
        handler.emit(record)
        assert wait_for(capsys, 1) == ["hello"]
    for _ in range(50):
        handler.emit(record)
    assert capsys.readouterr().err.count("hello") >= 49
    handler.close()
