"""A model in int8: nearly the same answers from less, and a refusal where they are not."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import training.export.folder
from catalog.errors import CheckpointInvalid, ConfigInvalid
from catalog.model.checkpoint import load_model
from catalog.model.folder import ModelFolder, open_model, write_checksums
from catalog.model.preprocess import Batch, Prepared, collate
from catalog.model.runtime import open_runtime
from catalog.model.runtime.onnx import OnnxRuntime
from tests.support.catalogue import write_catalogue
from tests.support.tiny import add_graphs, tiny_folder, tiny_onnx_folder
from tests.training.export.test_folder import rows
from training.export.folder import export_int8, served
from training.export.onnx_export import example_batch
from training.export.quantize import quantize


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    return open_model(tiny_onnx_folder(tmp_path_factory.mktemp("int8") / "model", "cross"))


@pytest.fixture(scope="module")
def int8(exact: ModelFolder) -> ModelFolder:
    folder = exact.path.with_name("int8")
    folder.mkdir()
    quantize(exact, folder, example_batch(exact))
    write_checksums(folder)
    return open_model(folder)


def products(model: ModelFolder) -> Batch:
    pixels_NCHW = np.random.default_rng(1).integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
    both, texts, image = (pixels_NCHW, "red shirt"), (pixels_NCHW[:0], "pear"), (pixels_NCHW[1:], "")
    return collate([Prepared("", *each) for each in (both, texts, image)], model.tokenizer)


def test_answers_are_nearly_those_of_full_precision(exact: ModelFolder, int8: ModelFolder) -> None:
    one, two = (open_runtime(model).run(products(model), True) for model in (exact, int8))
    assert (one.embedding_BE * two.embedding_BE).sum(1).min() > 0.95
    assert np.abs(one.embedding_BE - two.embedding_BE).max() > 0
    assert set(two.evidence) == {"image", "text"}


def test_it_is_a_smaller_model_of_its_own_version(exact: ModelFolder, int8: ModelFolder) -> None:
    assert int8.int8
    assert not exact.int8
    assert int8.version != exact.version
    sizes = [(model.path / "text_encoder.safetensors").stat().st_size for model in (exact, int8)]
    assert sizes[1] < sizes[0] / 2
    kept, all_of_it = (load_file(model.path / "fusion.safetensors") for model in (int8, exact))
    assert {name for name in all_of_it if name not in kept} >= {"heads.log_scale", "heads.text_embedding.linear.weight"}


def test_pytorch_is_not_given_it(int8: ModelFolder) -> None:
    with pytest.raises(CheckpointInvalid, match="in int8, for CPUs"):
        load_model(int8.path)


def test_a_model_without_graphs_and_one_in_int8_are_refused(int8: ModelFolder, tmp_path: Path) -> None:
    for model in (int8, open_model(tiny_folder(tmp_path / "model"))):
        with pytest.raises(ConfigInvalid, match="graphs in full precision"):
            quantize(model, tmp_path / "again", [])
    assert not (tmp_path / "again").exists()


def test_export_measures_what_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_catalogue(tmp_path)
    model = open_model(add_graphs(tmp_path / "start"))
    train, val = rows(tmp_path, "train"), rows(tmp_path, "val")
    monkeypatch.setattr(training.export.folder, "LOST_CATEGORIES", 1.0)
    monkeypatch.setattr(training.export.folder, "LOST_FINDS", 1.0)
    before, after = export_int8(model, tmp_path / "int8", train, val)
    for found, opened in ((before, model), (after, open_model(tmp_path / "int8"))):
        assert found == served(OnnxRuntime(opened), opened, val)
    shutil.rmtree(tmp_path / "int8")
    monkeypatch.setattr(training.export.folder, "LOST_FINDS", -1.0)
    with pytest.raises(CheckpointInvalid, match=r"In int8 0\.\d+ of the categories are right, before 0\.\d+; "):
        export_int8(model, tmp_path / "int8", train, val)
    assert not list(tmp_path.glob("int8*"))
