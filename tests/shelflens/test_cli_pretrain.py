"""`shelflens pretrain`: what it refuses, what it tells, and how it stops. What it learns: tests/training/pretrain."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shelflens.cli import app
from tests.support.interrupt import ctrl_c_in
from tests.support.shop_feed import write_shop
from tests.support.tiny import tiny_folder
from training.pretrain.run import PretrainRun


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("cli-pretrain") / "model")


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, ["pretrain", *(str(argument) for argument in arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_an_output_that_exists_is_refused(model: Path, tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text("id,title\n1,red shirt\n", encoding="utf-8")
    result = run(feed, "--model", model, "--output", model)
    assert result.exit_code == 2
    assert "'model' already exists. Give the name of a new folder. [config_invalid]" in result.stderr


def test_a_feed_without_images_is_refused_and_leaves_nothing(model: Path, tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text("id,title\n1,red shirt\n", encoding="utf-8")
    result = run(feed, "--model", model, "--output", tmp_path / "new")
    assert result.exit_code == 2
    assert "The feed has 0 products with both an image and a title" in result.stderr
    assert "[too_few_products]" in result.stderr
    assert list(tmp_path.iterdir()) == [feed]


@pytest.mark.slow
def test_a_stopped_run_goes_on_and_what_does_not_help_is_told_and_not_written(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = write_shop(tmp_path / "shop", 210, shuffled=True, typed=False)
    with feed.open("a", encoding="utf-8") as file:
        file.write('{"id": "odd", "title": "red apple", "image": "0.png", "attributes": "red"}\n')
    arguments = (feed, "--model", model, "--output", tmp_path / "new", "--steps", 3)
    with ctrl_c_in(monkeypatch, PretrainRun):
        stopped = run(*arguments)
    assert stopped.exit_code == 130
    assert "Stopped after step 1. The same command goes on from here." in stopped.stdout
    result = run(*arguments)
    assert result.exit_code == 2
    assert "211 rows, of which 1 cannot be read and are skipped\nline 211: " in result.stdout
    assert "[row_invalid]" in result.stdout
    assert "60 held-out products" in result.stdout
    assert "Reason: the score did not rise by more than noise. [pretraining_unhelpful]" in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"shop"}
