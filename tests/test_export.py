"""A trained model becomes the folder that is served: calibrated, in half precision, and with the same answers."""

from math import log
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from catalog.checkpoint import load_model
from catalog.errors import InvalidCheckpoint, InvalidManifest
from tests.catalogue import write_catalogue
from tests.tiny import tiny_folder, tiny_taxonomy
from training.calibrate import best_temperature, calibrate, least_score, roots_with
from training.data import Labelled, read_manifest
from training.export import compare_answers, export

TAXONOMY = tiny_taxonomy()
ROOTS = ["clothes", "food"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    write_catalogue(folder)
    return folder


def rows(folder: Path, split: str, *sets: str) -> list[Labelled]:
    manifests = [folder / "data" / name / "products.jsonl" for name in sets or ("shop", "market")]
    return [row for path in manifests for row in read_manifest(path, TAXONOMY, split)]


def test_what_is_exported(folder: Path) -> None:
    val = rows(folder, "val")
    exported = export(folder / "start", folder / "exported", rows(folder, "train"), val)
    assert load_model(folder / "exported").version == exported.version
    tensors = load_file(folder / "exported" / "fusion.safetensors").values()
    assert {tensor.dtype for tensor in tensors} == {torch.float16}
    changed, difference = compare_answers(load_model(folder / "start"), exported, val)
    assert changed == 0
    assert 0 < difference < 0.02

    found = exported.calibration
    assert set(found.temperature) == {"image", "text", "both"}
    assert all(0.25 <= by_root["*"] <= 4 for by_root in found.temperature.values())
    assert set(found.attribute_temperature) == set(found.attribute_thresholds) == {"colour", "gender"}
    assert found.attribute_roots == {"colour": ROOTS, "gender": ROOTS}
    assert found.tag_roots == ROOTS
    assert set(found.tag_thresholds) == {"plain"}  # no other tag occurs on `val`
    assert 0 <= found.auto <= 1


def test_a_model_whose_answers_changed_is_refused(folder: Path) -> None:
    other = load_model(tiny_folder(folder / "other", seed=5))
    with pytest.raises(InvalidCheckpoint, match=r"Half precision changes \d+ of 28 categories"):
        compare_answers(load_model(folder / "start"), other, rows(folder, "val"))


def test_a_modality_without_products_has_no_temperature(folder: Path) -> None:
    start = load_model(folder / "start")
    market = rows(folder, "val", "market")
    found = calibrate(start.model, TAXONOMY, start.tokenizer, market, market)
    assert set(found.temperature["image"]) == {"*"}
    assert found.temperature["text"] == found.temperature["both"] == {}
    assert found.attribute_roots == {"colour": [], "gender": []}
    assert found.tag_roots == []


def test_without_labels_there_is_nothing_to_calibrate(folder: Path) -> None:
    start = load_model(folder / "start")
    unmapped = [row for row in rows(folder, "test") if row.node is None]
    with pytest.raises(InvalidManifest, match="no product with a category of the tree"):
        calibrate(start.model, TAXONOMY, start.tokenizer, unmapped, unmapped)


def test_the_best_temperature_is_within_a_step_of_the_grid() -> None:
    assert best_temperature(lambda t: abs(log(t / 2))) == pytest.approx(2, rel=0.02)
    assert best_temperature(lambda t: t) == 0.25
    assert best_temperature(lambda t: -t) == 4


def test_the_least_score_that_keeps_an_accuracy() -> None:
    confidence_N = np.array([0.5, 0.9, 0.8, 0.7, 0.6], np.float32)
    correct_N = np.array([False, True, True, False, True])
    assert least_score(confidence_N, correct_N, 1.0) == pytest.approx(0.8)
    assert least_score(confidence_N, correct_N, 0.75) == pytest.approx(0.6)
    assert least_score(confidence_N, correct_N, 0.5) == pytest.approx(0.5)
    assert least_score(confidence_N, np.zeros(5, bool), 0.5) == 1


def test_attributes_make_sense_where_products_have_them(folder: Path) -> None:
    train = rows(folder, "train", "shop")
    assert roots_with(train, TAXONOMY, "colour") == ROOTS
    assert roots_with([row for row in train if row.parent == "food"], TAXONOMY, "gender") == ["food"]
    assert roots_with(train, TAXONOMY, "material") == []
    assert roots_with(rows(folder, "train", "market"), TAXONOMY, None) == []
