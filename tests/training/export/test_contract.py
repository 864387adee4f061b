"""A contract is fitted on a model's own answers, and written beside its weights."""

from pathlib import Path

import pytest

from catalog.errors import ConfigInvalid, FileNotReadable
from catalog.model.contract import LEAST_OF_A_POOL, Targets, fit
from catalog.model.folder import ModelFolder, open_model
from catalog.model.runtime import open_runtime
from catalog.understand import Understander
from tests.support.catalogue import write_catalogue
from tests.support.tiny import tiny_onnx_folder, tiny_taxonomy
from training.data.manifests import LabelledProduct, read_manifest
from training.export.contract import coverage, held_out, read_targets, table, write_contract
from training.export.folder import recalibrate

TAXONOMY = tiny_taxonomy()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledProduct]:
    data = write_catalogue(tmp_path_factory.mktemp("contract"))
    return [row for row in read_manifest(data / "shop" / "products.jsonl", TAXONOMY) if row.node]


@pytest.fixture
def model(tmp_path: Path) -> ModelFolder:
    return open_model(tiny_onnx_folder(tmp_path / "model"))


def test_what_is_held_out_is_what_the_model_answers(rows: list[LabelledProduct], model: ModelFolder) -> None:
    found = held_out(open_runtime(model), model, rows)
    with_image = [row for row in rows if row.image]
    assert {choice: len(products) for choice, products in found.items()} == {
        "image": len(with_image),
        "text": len(rows),
        "both": len(with_image),
    }
    answers = Understander.load(model.path).understand([row.product() for row in with_image])
    assert [one.category.id for one in found["both"] if one.category] == [answer.category.id for answer in answers]
    assert all(one.leaf and one.familiar for one in found["both"])
    assert [one.truth[-1] for one in found["both"]] == [row.node for row in with_image]


def test_a_contract_is_written_into_a_copy(rows: list[LabelledProduct], model: ModelFolder, tmp_path: Path) -> None:
    found = held_out(open_runtime(model), model, rows)
    contract = fit(found, Targets(0.5))
    copy = tmp_path / "copy"
    write_contract(model, contract, copy)
    written = open_model(copy)
    assert written.contract == contract
    assert written.version != model.version
    assert model.contract is None
    products = [row.product() for row in rows if row.image]
    decisions = [answer.decision for answer in Understander.load(copy).understand(products)]
    assert decisions.count("auto") / len(products) == coverage(contract, found)["both"]
    write_contract(written, fit(found, Targets(0.9)), copy)
    assert open_model(copy).contract != contract


def test_a_contract_does_not_outlive_its_calibration(rows: list[LabelledProduct], model: ModelFolder) -> None:
    write_contract(model, fit(held_out(open_runtime(model), model, rows), Targets(0.5)), model.path)
    recalibrate(open_model(model.path), rows, rows)
    assert open_model(model.path).contract is None


def test_a_folder_of_another_model_is_not_overwritten(model: ModelFolder, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(ConfigInvalid, match="'other' already exists"):
        write_contract(model, fit({}, Targets(0.9)), tmp_path / "other")


def test_the_table_tells_of_each_claim(rows: list[LabelledProduct], model: ModelFolder) -> None:
    found = held_out(open_runtime(model), model, rows)
    contract = fit(found, Targets(0.98))
    lines = table(contract, found, TAXONOMY).splitlines()
    assert any("of the 149 products needed" in line for line in lines)
    thin = [claim for claim in contract.claims if claim.outcome.products < LEAST_OF_A_POOL]
    assert bool(thin) == any("fewer than 10 products each" in line for line in lines)


def test_targets_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "targets.toml"
    path.write_text('[modalities]\ntext = 0.95\n[branches]\n"Clothes > Shoe" = 0.99\nfood = 0.9\n')
    targets = Targets(0.98, {"text": 0.95}, {"clothes.shoe": 0.99, "food": 0.9})
    assert read_targets(path, 0.98, TAXONOMY) == targets
    assert read_targets(None, 0.9, TAXONOMY) == Targets(0.9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[branches", "not valid TOML"),
        ("[colours]\nred = 0.9", "unknown keys: colours"),
        ("[modalities]\nsmell = 0.9", "other modalities than image, text and both"),
        ("[branches]\nfood = 95", "not a number from 0.5 to below 1"),
        ("[branches]\nfood = 1.0", "not a number from 0.5 to below 1"),
        ("branches = 0.9", "not a number from 0.5 to below 1"),
        ('[branches]\n"Clothes > Hat" = 0.9', "the tree lacks: 'Clothes > Hat'"),
    ],
)
def test_targets_that_are_not_valid(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid, match=message):
        read_targets(path, 0.98, TAXONOMY)
    with pytest.raises(FileNotReadable, match="does not exist"):
        read_targets(tmp_path / "none.toml", 0.98, TAXONOMY)
