"""A tiny model is taught a made-up shop twice, as usual and with tuned encoders, and the better one is written."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from catalog.errors import ConfigInvalid
from catalog.feeds import open_feed
from catalog.images import ImageReader
from catalog.model.checkpoint import load_model
from catalog.model.contract import Targets
from catalog.model.folder import WEIGHTS, open_model
from catalog.product import Product, Understanding
from catalog.teaching.gather import Gathered, gather
from catalog.teaching.learned import load_learned
from catalog.teaching.teach import Outcome
from catalog.teaching.vectors import VectorCache
from catalog.understand import Understander
from tests.support.word_shop import loud_folder, write_word_shop
from training.finetune.compare import ACCEPTED, RIGHT, Comparison
from training.finetune.finetune import Asked, Source, teach_deep
from training.finetune.objective import Weights
from training.finetune.run import FineTuning, Settings

pytestmark = pytest.mark.slow

# A model that knows nothing has nothing to keep.
LEARNS = Settings(epochs=8, batch_size=32, learning_rate=3e-3, heads_rate=1.0, leaves_rate=1.0, trained_layers=1.0)
LEARNS = replace(LEARNS, weights=Weights(relation=0.0, answers=0.0, pooled=0.0))
PRODUCTS = 400


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_word_shop(tmp_path_factory.mktemp("finetune") / "shop", PRODUCTS)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loud_folder(tmp_path_factory.mktemp("finetune") / "start")


def read(feed: Path, start: Path) -> tuple[Gathered, Source, Understander]:
    source, reader = (
        Source(open_feed(feed, {"product_type": "shelf"}), ImageReader(feed.parent)),
        Understander.load(start),
    )
    with VectorCache(feed.parent / "vectors") as cache:
        return gather(source.feed, reader, source.images, cache), source, reader


def run(feed: Path, start: Path, output: Path, settings: Settings = LEARNS) -> tuple[Outcome, Comparison]:
    asked = Asked(targets=Targets(0.8))
    return teach_deep(*read(feed, start), load_model(start), output, settings, asked)


@pytest.fixture(scope="module")
def better(shop: Path, start: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Comparison]:
    return run(shop, start, tmp_path_factory.mktemp("finetune") / "better")


def test_the_tuned_model_is_kept_where_it_files_more_right(better: tuple[Outcome, Comparison]) -> None:
    outcome, comparison = better
    print(comparison.table())
    assert comparison.better
    assert comparison.changes[RIGHT].low > 0
    assert comparison.changes[ACCEPTED].high >= 0
    assert comparison.products + comparison.trained == PRODUCTS
    assert outcome.report.examples == PRODUCTS
    assert outcome.report.levels[0].products == comparison.products, "what was trained on is not judged"
    assert not outcome.output.with_name("better.run").exists()


def test_it_is_a_taught_model_in_a_space_of_its_own(
    better: tuple[Outcome, Comparison], start: Path, shop: Path
) -> None:
    opened, before = open_model(better[0].output), open_model(start)
    assert opened.version == better[0].version
    assert opened.space != before.space
    assert opened.exported
    assert sum(example.judged for example in load_learned(opened.path).examples) == better[1].products
    product = Product(title="red shirt 1 2", images=((shop.parent / "0.png").read_bytes(),))
    [found] = Understander.load(opened.path).understand([product])
    assert isinstance(found, Understanding)
    assert np.linalg.norm(found.embedding) == pytest.approx(1, abs=1e-4)
    assert {one.path[0] for one in found.alternatives} <= {"Clothes", "Food"}


def test_images_and_words_are_encoded_by_frozen_weights(better: tuple[Outcome, Comparison], start: Path) -> None:
    changed = set()
    for name in WEIGHTS:
        old, new = load_file(start / name), load_file(better[0].output / name)
        changed |= {key for key, value in new.items() if not torch.equal(value, old[key])}
    assert changed
    assert not [key for key in changed if key.startswith(("image_encoder.", "text_encoder.bert.embeddings."))]
    assert not [key for key in changed if key.startswith(("heads.category.", "heads.tags.", "heads.attributes."))]


def test_what_does_not_help_is_told_and_the_usual_model_is_written(shop: Path, start: Path, tmp_path: Path) -> None:
    outcome, comparison = run(shop, start, tmp_path / "own", replace(LEARNS, steps=1, learning_rate=1e-9))
    assert not comparison.better
    assert "it files no more products right, beyond chance" in comparison.reasons
    assert open_model(tmp_path / "own").space == open_model(start).space
    assert outcome.report.levels[0].products == PRODUCTS, "all are judged, as without fine-tuning"
    assert {path.name for path in tmp_path.iterdir()} == {"own", "own.html"}


def test_a_stopped_run_ends_as_if_it_had_not_stopped(
    better: tuple[Outcome, Comparison], shop: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, output = better[0].output, tmp_path / "stopped"
    settings = replace(LEARNS, steps=better[1].steps)
    update = FineTuning.update

    def interrupted(run: FineTuning) -> dict[str, Any]:
        run.interrupted = run.step == 5
        return dict(update(run))

    with monkeypatch.context() as patched:
        patched.setattr(FineTuning, "update", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(shop, start, output, settings)
    assert not output.exists()
    with pytest.raises(ConfigInvalid, match=r"'stopped\.run' holds a run of another feed, model or settings"):
        run(shop, start, output, replace(settings, seed=1))
    assert run(shop, start, output, settings)[1] == better[1]
    for name in WEIGHTS:
        for key, value in load_file(output / name).items():
            assert torch.equal(value, load_file(whole / name)[key]), key
