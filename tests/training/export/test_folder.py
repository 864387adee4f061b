"""A trained model becomes the folder that is served: calibrated, in half precision, and with the same answers."""

import json
import shutil
from dataclasses import replace
from math import log
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from catalog.errors import CheckpointInvalid, ManifestInvalid
from catalog.model.checkpoint import Checkpoint, load_model
from catalog.model.folder import CONFIG, open_model, write_checksums, write_json
from catalog.model.runtime.onnx import OnnxRuntime
from tests.support.catalogue import write_catalogue
from tests.support.tiny import tiny_folder, tiny_onnx_folder, tiny_taxonomy
from training.data.manifests import LabelledProduct, read_manifest
from training.export.calibrate import (
    best_temperature,
    certain_score,
    least_score_at_the_margin,
    lower_bound,
    weight_of_names,
)
from training.export.folder import compare_answers, export, recalibrate
from training.export.readings import Reading, Readings, read, read_without_values

TAXONOMY = tiny_taxonomy()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    write_catalogue(folder)
    return folder


def rows(folder: Path, split: str, *sets: str) -> list[LabelledProduct]:
    manifests = [folder / "data" / name / "products.jsonl" for name in sets or ("shop", "market")]
    return [row for path in manifests for row in read_manifest(path, TAXONOMY, split)]


@pytest.fixture(scope="module")
def exported(folder: Path) -> Checkpoint:
    return export(folder / "start", folder / "exported", rows(folder, "train"), rows(folder, "val"))


@pytest.mark.slow
def test_what_is_exported(folder: Path, exported: Checkpoint) -> None:
    val = rows(folder, "val")
    assert load_model(folder / "exported").version == exported.version
    tensors = load_file(folder / "exported" / "fusion.safetensors").values()
    assert {tensor.dtype for tensor in tensors} == {torch.float16}
    changed, difference = compare_answers(load_model(folder / "start"), exported, val)
    assert changed == 0
    assert 0 < difference < 0.02

    found = exported.calibration
    assert set(found.temperature) == {"image", "text", "both"}
    assert all(0.25 <= by_root["*"] <= 4 for by_root in found.temperature.values())
    assert set(found.attribute_temperature) == {"colour", "gender"}
    promises = [levels for by_root in found.promise.values() for levels in by_root.values()]
    assert all(0.9 <= least <= 1 for levels in promises for least in levels)
    assert all(0 <= least <= 1 for least in found.auto.values())
    assert set(found.auto_roots) == set(found.auto)
    assert all(set(roots) <= {"clothes", "food"} for roots in found.auto_roots.values())
    # Twelve products are too few to prove anything of tags and attributes, or to leave a department out.
    assert not any(tags for kinds in found.tags.values() for tags in kinds.values())
    assert (found.unfamiliar, exported.familiarity) == ({}, None)


@pytest.mark.slow
def test_a_folder_is_calibrated_anew_and_keeps_its_weights(folder: Path, exported: Checkpoint, tmp_path: Path) -> None:
    again = shutil.copytree(exported.path, tmp_path / "again")
    before = {path.name: path.read_bytes() for path in again.iterdir()}
    (again / "calibration.json").write_text("{}")
    write_checksums(again)
    recalibrate(open_model(again), rows(folder, "train"), rows(folder, "val"))
    assert {path.name: path.read_bytes() for path in again.iterdir()} == before
    assert open_model(again).version == exported.version


def test_graphs_of_an_earlier_release_are_to_be_written_anew_first(folder: Path, tmp_path: Path) -> None:
    model = tiny_onnx_folder(tmp_path / "model")
    values = json.loads((model / CONFIG).read_text(encoding="utf-8"))
    values["model"] |= {"open_head": True, "residual_embedding": True}
    write_json(model / CONFIG, values)
    write_checksums(model)
    with pytest.raises(CheckpointInvalid, match=r"earlier release.*shelflens export --model FOLDER --output FOLDER"):
        recalibrate(open_model(model), rows(folder, "train"), rows(folder, "val"))


def test_a_model_whose_answers_changed_is_refused(folder: Path) -> None:
    other = load_model(tiny_folder(folder / "other", seed=5))
    with pytest.raises(CheckpointInvalid, match=r"Half precision changes \d+ of 28 categories"):
        compare_answers(load_model(folder / "start"), other, rows(folder, "val"))


def test_a_modality_without_products_has_no_temperature(folder: Path, tmp_path: Path) -> None:
    market = rows(folder, "val", "market")
    found = recalibrate(open_model(tiny_onnx_folder(tmp_path / "model")), market, market)
    assert set(found.temperature["image"]) == {"*"}
    assert found.temperature["text"] == found.temperature["both"] == {}
    assert set(found.promise) == set(found.auto) == {"image"}


def test_what_proves_attributes_counts_each_product_once(folder: Path, tmp_path: Path) -> None:
    model = open_model(tiny_onnx_folder(tmp_path / "model"))
    runtime = OnnxRuntime(model)
    row = next(row for row in rows(folder, "val", "shop") if row.image)
    told = [replace(row, title="Red shirt of cotton", attributes={"colour": "Red"})] * 4
    plain = read(runtime, model, told)
    valued = read_without_values(runtime, model, told, plain)
    for choice, same in (("image", [0, 1, 2, 3]), ("text", [0, 2]), ("both", [0, 2])):
        before, after = plain.by_choice[choice].attributes["colour"], valued[choice].attributes["colour"]
        assert before.shape == after.shape
        assert [n for n in range(4) if np.allclose(before[n], after[n], atol=1e-5)] == same


def test_without_labels_there_is_nothing_to_calibrate(folder: Path) -> None:
    unmapped = [row for row in rows(folder, "test") if row.node is None]
    with pytest.raises(ManifestInvalid, match="no product with a category of the tree"):
        export(folder / "start", folder / "none", unmapped, unmapped)


def test_the_best_temperature_is_within_a_step_of_the_grid() -> None:
    assert best_temperature(lambda t: abs(log(t / 2))) == pytest.approx(2, rel=0.02)
    assert best_temperature(lambda t: t) == 0.25
    assert best_temperature(lambda t: -t) == 4


def test_three_of_three_is_no_proof() -> None:
    score_N = np.linspace(1, 0, 100, dtype=np.float32)
    assert certain_score(score_N[:3], np.ones(3, bool), 0.9) is None
    assert certain_score(score_N[:24], np.ones(24, bool), 0.9) is None
    assert certain_score(score_N[:25], np.ones(25, bool), 0.9) == pytest.approx(score_N[24], abs=1e-4)


def test_a_claim_is_proven_down_to_the_score_where_it_fails() -> None:
    score_N = np.linspace(1, 0, 1000, dtype=np.float32)
    least = certain_score(score_N, score_N > 0.5, 0.9)
    assert least is not None
    assert 0.44 < least < 0.48
    assert certain_score(score_N, score_N < 0.5, 0.9) is None
    assert certain_score(score_N[:0], score_N[:0] > 0, 0.9) is None


def test_the_lower_bound_is_wilsons() -> None:
    found_N = lower_bound(np.array([90, 0, 10]), np.array([100, 10, 10]))
    np.testing.assert_allclose(found_N, [0.840, 0, 0.787], atol=1e-3)


def test_a_promise_is_kept_at_its_own_margin() -> None:
    score_N = np.linspace(1, 0, 1001, dtype=np.float32)
    assert least_score_at_the_margin(score_N, score_N > 0.4, 0.5) == pytest.approx(0.4, abs=0.01)
    assert least_score_at_the_margin(score_N, score_N > 0.4, 0.9) == pytest.approx(0.44, abs=0.01)
    assert least_score_at_the_margin(score_N, score_N >= 0, 0.9) == 0
    assert least_score_at_the_margin(score_N, score_N < 0, 0.9) == 1


def test_names_count_as_long_as_no_known_category_suffers(folder: Path) -> None:
    """An apple is titled by its name, so is a shoe; a shirt's title says "shoe", too."""
    row = rows(folder, "val", "shop")[0]
    named = (("Apple", "clothes.shirt"), ("Shoe", "clothes.shoe"), ("Shirt for a shoe lover", "clothes.shirt"))
    val = [replace(row, title=title, node=node) for title, node in named]

    def weight(*leaf_NC: tuple[float, ...]) -> float:
        leaf = np.array(leaf_NC, np.float32)
        reading = Reading(leaf, leaf, {}, leaf, leaf)
        return weight_of_names(
            val, Readings({"image": reading, "text": reading, "both": reading}, leaf, leaf), TAXONOMY
        )

    assert weight((3, 2, 0, 0), (1, 3, 0, 0), (3, 2, 0, 0)) == 2.0
    assert weight((3, 2, 1.6, 0), (1, 3, 0, 0), (3, 2, 0, 0)) == 1.0, "with more the first is an apple"
    assert weight((3, 2, 1.6, 0), (4, 3, 0, 0), (3, 2, 0, 0)) == 2.0, "the second is put right for it"
    assert weight((3, 2, 2.9, 0), (1, 3, 0, 0), (3, 2, 0, 0)) == 0.0
