"""A tiny model is pretrained on a made-up shop: what helps is written, what does not is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from catalog.errors import CheckpointInvalid, ConfigInvalid
from catalog.feeds import open_feed
from catalog.images import ImageReader
from catalog.model.folder import WEIGHTS, open_model
from catalog.product import Product, Understanding
from catalog.understand import Understander
from tests.support.shop_feed import write_shop
from tests.support.tiny import tiny_folder, tiny_onnx_folder
from training.pretrain import pretrain as module
from training.pretrain.objective import Weights
from training.pretrain.pretrain import Report, pretrain
from training.pretrain.run import PretrainRun, Settings

pytestmark = pytest.mark.slow

# A model that knows nothing has nothing to keep.
LEARNS = Settings(epochs=15, batch_size=32, learning_rate=3e-3, heads_rate=1.0, words_rate=1.0, trained_layers=1.0)
LEARNS = replace(LEARNS, weights=Weights(masked=0.1, relation=0.0, answers=0.02, pooled=0.0))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("pretrain") / "shop", 300)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # It promises no category, so that none can change.
    return tiny_onnx_folder(tmp_path_factory.mktemp("pretrain") / "start", least=0.99)


def run(feed: Path, start: Path, output: Path, settings: Settings = LEARNS) -> Report:
    return pretrain(open_feed(feed), ImageReader(feed.parent), start, output, settings)


@pytest.fixture(scope="module")
def better(shop: Path, start: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    output = tmp_path_factory.mktemp("pretrain") / "better"
    return run(shop, start, output), output


def test_what_helps_is_written(better: tuple[Report, Path]) -> None:
    report, output = better
    assert report.verdict is not None
    print(report.verdict.table())
    assert report.verdict.reasons == ()
    assert report.verdict.changes["score"].low > 0
    assert (report.rows, report.failures) == (300, ())
    assert report.trained + report.verdict.products == 300
    assert not output.with_name("better.run").exists()


def test_the_output_is_an_ordinary_model_folder(better: tuple[Report, Path], start: Path, shop: Path) -> None:
    report, output = better
    before, after = open_model(start), open_model(output)
    assert after.version == report.version != before.version == report.start
    assert after.exported
    assert after.calibration == before.calibration
    assert "pretrained on a catalogue" in (output / "README.md").read_text(encoding="utf-8")
    product = Product(title="red shirt 1 2", images=((shop.parent / "0.png").read_bytes(),))
    [found] = Understander.load(output).understand([product])
    assert isinstance(found, Understanding)
    assert np.linalg.norm(found.embedding) == pytest.approx(1, abs=1e-4)


def test_images_and_words_are_encoded_by_frozen_weights(better: tuple[Report, Path], start: Path) -> None:
    changed = set()
    for name in WEIGHTS:
        old, new = load_file(start / name), load_file(better[1] / name)
        changed |= {key for key, value in new.items() if not torch.equal(value, old[key])}
    assert changed
    assert not [key for key in changed if key.startswith(("image_encoder.", "text_encoder.bert.embeddings."))]
    assert not [key for key in changed if key.startswith(("heads.category.", "heads.tags.", "heads.attributes."))]


def test_shuffled_titles_are_refused(start: Path, tmp_path: Path) -> None:
    report = run(write_shop(tmp_path / "shop", 300, shuffled=True, typed=False), start, tmp_path / "worse")
    assert report.verdict is not None
    assert "the score did not rise by more than noise" in report.verdict.reasons
    assert report.version is None
    assert {path.name for path in tmp_path.iterdir()} == {"shop"}


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return {key: value for name in WEIGHTS for key, value in load_file(folder / name).items()}


def test_a_stopped_run_ends_as_if_it_had_not_stopped(
    better: tuple[Report, Path], shop: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, output = better[1], tmp_path / "stopped"
    settings = replace(LEARNS, steps=better[0].steps)
    for stop in (5, 12):
        with monkeypatch.context() as patched:
            update = PretrainRun.update

            def interrupted(run: PretrainRun, stop: int = stop, update: Any = update) -> dict[str, float]:
                run.interrupted = run.step == stop
                return dict(update(run))

            patched.setattr(PretrainRun, "update", interrupted)
            report = run(shop, start, output, settings)
        assert (report.steps, report.verdict) == (stop + 1, None)
        assert not output.exists()
    with monkeypatch.context() as patched:  # the images are not read again
        patched.setattr(module, "read_catalogue", None)
        assert run(shop, start, output, settings).verdict == better[0].verdict
    for name, value in weights_of(output).items():
        assert torch.equal(value, weights_of(whole)[name]), name


def test_another_run_is_not_gone_on_with(
    shop: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(LEARNS, steps=2)
    with monkeypatch.context() as patched:
        patched.setattr(module, "learn", lambda run, folder, title: False)
        run(shop, start, tmp_path / "one", settings)
    for changed in (replace(settings, seed=1), replace(settings, steps=3)):
        with pytest.raises(ConfigInvalid, match=r"'one\.run' holds a run of another feed, model or settings"):
            run(shop, start, tmp_path / "one", changed)
    with pytest.raises(ConfigInvalid, match="another feed"):
        run(shop, tiny_folder(tmp_path / "other", seed=1), tmp_path / "one", settings)


def test_an_output_that_exists_is_refused(shop: Path, start: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="'start' already exists"):
        run(shop, start, start)
    with pytest.raises(CheckpointInvalid):
        run(shop, tmp_path, tmp_path / "new")
    assert not list(tmp_path.iterdir())
