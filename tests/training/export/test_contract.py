"""A contract is fitted on a model's own answers, and written beside its weights."""

from pathlib import Path

import pytest

from catalog.errors import ConfigInvalid, FileNotReadable
from catalog.model.contract import LEAST_OF_A_POOL, Contract, Promise, Targets, Unpromised, fit, read_targets
from catalog.model.folder import ModelFolder, open_model
from catalog.model.runtime import open_runtime
from catalog.product import Understanding
from catalog.teaching.tree import check_attributes_of, placed_targets
from catalog.understand import Understander
from tests.support.catalogue import write_catalogue
from tests.support.taught import taught_folder
from tests.support.tiny import tiny_onnx_folder, tiny_taxonomy
from training.data.manifests import LabelledProduct, read_manifest
from training.export.contract import asked_of, coverage, fitted, held_out, table, write_contract
from training.export.folder import recalibrate
from training.export.readings import read

TAXONOMY = tiny_taxonomy()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledProduct]:
    data = write_catalogue(tmp_path_factory.mktemp("contract"))
    return [row for row in read_manifest(data / "shop" / "products.jsonl", TAXONOMY) if row.node]


@pytest.fixture
def model(tmp_path: Path) -> ModelFolder:
    return open_model(tiny_onnx_folder(tmp_path / "model"))


def test_what_is_held_out_is_what_the_model_answers(rows: list[LabelledProduct], model: ModelFolder) -> None:
    found = held_out(read(open_runtime(model), model, rows), model, rows)
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
    found = held_out(read(open_runtime(model), model, rows), model, rows)
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
    write_contract(model, fit(held_out(read(open_runtime(model), model, rows), model, rows), Targets(0.5)), model.path)
    recalibrate(open_model(model.path), rows, rows)
    assert open_model(model.path).contract is None


def test_a_folder_of_another_model_is_not_overwritten(model: ModelFolder, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(ConfigInvalid, match="'other' already exists"):
        write_contract(model, fit({}, Targets(0.9)), tmp_path / "other")


def test_the_table_tells_of_each_claim(rows: list[LabelledProduct], model: ModelFolder) -> None:
    found = held_out(read(open_runtime(model), model, rows), model, rows)
    contract = fit(found, Targets(0.98))
    lines = table(contract, found, TAXONOMY).splitlines()
    assert any("of the 149 products needed" in line for line in lines)
    thin = [claim for claim in contract.claims if claim.outcome.products < LEAST_OF_A_POOL]
    assert bool(thin) == any("fewer than 10 products each" in line for line in lines)


def contracted(rows: list[LabelledProduct], model: ModelFolder, share: float, folder: Path) -> Contract:
    """A copy of the model that promises colours."""
    path = folder.with_name("targets.toml")
    path.write_text(f"[attributes]\nColor = {share}\n")
    found, _ = fitted(model, rows, asked_of(model, path, 0.5))
    write_contract(model, found, folder)
    return found


def test_a_value_is_given_where_it_is_promised(rows: list[LabelledProduct], model: ModelFolder, tmp_path: Path) -> None:
    found = contracted(rows, model, 0.5, tmp_path / "copy")
    assert {claim.attribute for claim in found.values} == {"colour"}
    assert {claim.value for claim in found.values} == {"red", "green", "blue"}
    assert {claim.outcome.target for claim in found.values} == {0.5}
    assert open_model(tmp_path / "copy").contract == found
    least = {
        (claim.modalities, claim.value): claim.outcome.threshold
        for claim in found.values
        if isinstance(claim.outcome, Promise)
    }
    products = [row.product() for row in rows if row.image]
    before, after = (Understander.load(folder).understand(products) for folder in (model.path, tmp_path / "copy"))
    for one, other in zip(before, after, strict=True):
        assert isinstance(one, Understanding)
        assert isinstance(other, Understanding)
        colour = one.attributes.get("colour")
        kept = colour and colour.score >= least.get(("both", colour.name), 2)
        assert other.attributes.get("colour") == (colour if kept else None)
        assert other.attributes.get("gender") == one.attributes.get("gender"), "of which nothing is promised"


def test_a_value_that_cannot_be_promised_is_not_given(
    rows: list[LabelledProduct], model: ModelFolder, tmp_path: Path
) -> None:
    found = contracted(rows, model, 0.999, tmp_path / "copy")
    assert all(isinstance(claim.outcome, Unpromised) for claim in found.values)
    lines = table(found, {}, TAXONOMY).splitlines()
    assert any("| colour |" in line and "cannot be promised" in line for line in lines)
    for answer in Understander.load(tmp_path / "copy").understand([row.product() for row in rows]):
        assert isinstance(answer, Understanding)
        assert "colour" not in answer.attributes


def test_what_was_promised_of_attributes_stays_promised_of_a_taught_model(
    rows: list[LabelledProduct], model: ModelFolder, tmp_path: Path
) -> None:
    found = contracted(rows, model, 0.999, tmp_path / "copy")
    taught_folder(tmp_path / "copy", tmp_path / "own")
    own = open_model(tmp_path / "own")
    assert own.contract
    assert own.contract.values == found.values
    for answer in Understander.load(tmp_path / "own").understand([row.product() for row in rows]):
        assert isinstance(answer, Understanding)
        assert "colour" not in answer.attributes
    with pytest.raises(ConfigInvalid, match="Teach it with --targets"):
        write_contract(own, found, tmp_path / "other")


def test_targets_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(
        '[modalities]\ntext = 0.95\n[branches]\n"clothes > shoes" = 0.99\nfood = 0.9\n[attributes]\ncolor = 0.97\n'
    )
    targets = placed_targets(read_targets(path, 0.98), TAXONOMY)
    assert targets == Targets(0.98, {"text": 0.95}, {"clothes.shoe": 0.99, "food": 0.9}, {"color": 0.97})
    assert (targets.of_attribute("Colour", "text"), targets.of_attribute("gender", "text")) == (0.97, 0.95)
    assert read_targets(None, 0.9) == Targets(0.9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[branches", "not valid TOML"),
        ("[colours]\nred = 0.9", r"unknown keys: colours. Known are \[modalities\], \[branches\], \[attributes\]"),
        ("[modalities]\nsmell = 0.9", "other modalities than image, text and both"),
        ("[branches]\nfood = 95", r"\[branches\], 'food' has a target that is not a number from 0.5 to below 1"),
        ("[branches]\nfood = 1.0", "not a number from 0.5 to below 1"),
        ("[attributes]\ncolour = 0.4", r"\[attributes\], 'colour' has a target that is not a number"),
        ("[attributes]\ncolour = {red = 0.9}", "not a number from 0.5 to below 1"),
        ("branches = 0.9", r"not in a table: write \[branches\] above it"),
        ('[branches]\n"Clothes > Shoo" = 0.9', "the tree lacks.*Did you mean 'Clothes > Shoe'"),
        ("[branches]\nShirts = 0.9\n'clothes.shirt' = 0.8", "Two targets are of one category: 'Shirts' and"),
        ("[attributes]\ncolours = 0.9\ncolr = 0.9", "unknown attribute: 'colr'. Did you mean 'colour'"),
        ("[attributes]\nfit = 0.9", "unknown attribute: 'fit'. Known are colour, gender"),
        ("[attributes]\ncolour = 0.9\nColor = 0.9", "Two targets are of one attribute: 'colour' and 'Color'"),
    ],
)
def test_targets_that_are_not_valid(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid, match=message):
        check_attributes_of(placed_targets(read_targets(path, 0.98), TAXONOMY), ["colour", "gender"])
    with pytest.raises(FileNotReadable, match="does not exist"):
        read_targets(tmp_path / "none.toml", 0.98)
