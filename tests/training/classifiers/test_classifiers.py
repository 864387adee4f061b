"""`shelflens train-text --data`: labels of texts by n-grams, by vectors, and by a tuned encoder."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from catalog.errors import ConfigInvalid, TooFewProducts
from catalog.labelling import LabelledReader, TextLabeller
from shelflens.cli import app
from tests.support.interrupt import ctrl_c_in
from tests.support.tiny import tiny_folder
from training.classifiers.labelled import read_labelled, split
from training.classifiers.tuned import TextTuning


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, ["train-text", *(str(argument) for argument in arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("classifiers") / "model")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts with a red thing are positive, those with a blue one negative."""
    draw, path = random.Random(0), tmp_path_factory.mktemp("classifiers") / "texts.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(80):
            colour, label = (("red", "positive"), ("blue", "negative"))[number % 2]
            words = [colour, draw.choice(["shirt", "shoe", "apple"]), *str(100 + number)]
            print(json.dumps({"text": " ".join(words), "label": label}), file=file)
    return path


def test_ngrams_tell_labels_apart(data: Path, tmp_path: Path) -> None:
    told = run("--data", data, "--output", tmp_path / "new")
    assert "80 texts, 16 of them held out\naccuracy 1.000, macro F1 1.000" in told.stdout
    labeller = TextLabeller.load(tmp_path / "new")
    assert [one.name for one in labeller.label(["a red apple", "a blue shoe"])] == ["positive", "negative"]
    ((good, bad),) = LabelledReader(labeller).read(["The red one. The blue one."])
    assert (good.sentiment, bad.sentiment) == ("positive", "negative")
    assert (good.start, good.end, bad.start, bad.end) == (0, 12, 13, 26)
    shown = CliRunner().invoke(app, ["intents", "a red apple", "--text-model", str(tmp_path / "new"), "--json"])
    assert json.loads(shown.stdout)[0]["name"] == "positive"
    again = run("--data", data, "--output", tmp_path / "new")
    assert "'new' already exists. Give the name of a new folder. [config_invalid]" in again.stderr


@pytest.mark.parametrize("recipe", ["vectors", pytest.param("both", marks=pytest.mark.slow)])
def test_vectors_need_the_encoder_that_made_them(data: Path, model: Path, tmp_path: Path, recipe: str) -> None:
    told = run("--data", data, "--output", tmp_path / "new", "--recipe", recipe, "--model", model)
    assert "16 of them held out" in told.stdout
    labeller = TextLabeller.load(tmp_path / "new", model)
    assert labeller.scores(["red apple"]).shape == (1, 2)
    with pytest.raises(ConfigInvalid, match="reads the vectors of the model"):
        TextLabeller.load(tmp_path / "new", tiny_folder(tmp_path / "other", seed=1))


@pytest.mark.slow
def test_a_tuned_encoder_is_resumed_and_written(
    data: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("--data", data, "--output", tmp_path / "new", "--recipe", "tuned", "--model", model, "--epochs", 20)
    with ctrl_c_in(monkeypatch, TextTuning, step=2):
        stopped = run(*arguments)
    assert stopped.exit_code == 130
    assert not (tmp_path / "new").exists()
    told = run(*arguments)
    assert "wrote new" in told.stdout, told.stderr
    assert not (tmp_path / "new.run").exists()
    labeller = TextLabeller.load(tmp_path / "new")
    scores = labeller.scores(["red shirt 1 2 3", "blue shoe 4 5 6"])
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-5)
    assert json.loads((tmp_path / "new" / "report.json").read_text())["held_out"] == 16


def test_files_that_teach_nothing(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("text,label\n" + "".join(f"text {n},{'ab'[n > 6]}\n" for n in range(9)), encoding="utf-8")
    with pytest.raises(TooFewProducts, match=r"'b' has 2\."):
        read_labelled(path)
    assert "[config_invalid]" in run("--data", path).stderr
    assert "Give --config, or --data and --output." in run().stderr


def test_each_label_is_held_out_in_its_share(data: Path) -> None:
    given = read_labelled(data)
    learnt, held = split(given, 0)
    assert sorted([*learnt, *held]) == list(range(80))
    assert np.bincount(given.label_N[held]).tolist() == [8, 8]
    assert split(given, 0) == (learnt, held)
