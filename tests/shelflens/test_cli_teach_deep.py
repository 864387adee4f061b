"""`shelflens teach --deep`: what it refuses before it reads, what it tells, and how it stops. What it learns:
tests/training/finetune.
"""

import json
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shelflens.cli import app
from tests.support.interrupt import ctrl_c_in
from tests.support.word_shop import loud_folder, write_word_shop
from training.finetune.run import FineTuning


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loud_folder(tmp_path_factory.mktemp("cli-teach-deep") / "model")


def teach(monkeypatch: pytest.MonkeyPatch, folder: Path, model: Path | str, *more: str) -> Result:
    monkeypatch.chdir(folder)
    arguments = ("shop.jsonl", "--category", "shelf", "--output", "own", "--model", str(model), "--deep", *more)
    result = CliRunner().invoke(app, ["teach", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_without_the_extra_nothing_is_read(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_word_shop(tmp_path, 16)
    monkeypatch.setitem(sys.modules, "training.finetune.finetune", None)
    result = teach(monkeypatch, tmp_path, model)
    assert result.exit_code == 2
    assert "pip install -e '.[train]'. [extra_missing]" in result.stderr
    assert not list(tmp_path.glob("*.vectors"))


def test_a_model_without_weights_to_tune_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_word_shop(tmp_path, 16)
    result = teach(monkeypatch, tmp_path, "nano")
    assert result.exit_code == 2
    assert "PyTorch needs the full-precision model that it was made from. [checkpoint_invalid]" in result.stderr
    assert not list(tmp_path.glob("*.vectors"))


def test_too_few_products_are_told(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_word_shop(tmp_path, 32)
    result = teach(monkeypatch, tmp_path, model)
    assert result.exit_code == 2
    assert "Fine-tuning needs 50 products that it is measured on" in result.stderr
    assert "[too_few_products]" in result.stderr
    assert not list(tmp_path.glob("own*"))


@pytest.mark.slow
def test_both_models_are_shown_and_a_stopped_run_goes_on(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_word_shop(tmp_path, 320)
    with ctrl_c_in(monkeypatch, FineTuning):
        stopped = teach(monkeypatch, tmp_path, model)
    assert (stopped.exit_code, "Stopped. The same command goes on." in stopped.stderr) == (130, True)
    assert "the encoders are tuned for 30 min at most" in stopped.stderr
    assert re.search(r"fine-tune in \d+ steps, about \d+ s", stopped.stderr)
    assert not (tmp_path / "own").exists()
    told = teach(monkeypatch, tmp_path, model)
    assert told.exit_code == 0, told.stderr
    shown = re.search(r"fine-tuned on (\d+) products in (\d+) steps\n(\d+) held-out products", told.stdout)
    assert shown
    assert int(shown[1]) + int(shown[3]) == 320
    assert "\nkept: the " in told.stdout
    assert not (tmp_path / "own.run").exists()
    found = json.loads(teach(monkeypatch, tmp_path, model, "--json").stdout)
    assert (found["examples"], found["deep"]["trained"]) == (320, int(shown[1]))
    assert found["deep"]["kept"] == (not found["deep"]["reasons"])
