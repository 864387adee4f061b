"""A model folder, written, read back, and damaged in every way."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from catalog.errors import CheckpointDamaged, CheckpointInvalid
from catalog.model.calibration import Calibration
from catalog.model.checkpoint import load_model, save_model
from catalog.model.folder import WEIGHTS, shipped_model, write_checksums
from catalog.model.network import Inputs, Outputs
from catalog.model.preprocess import Prepared, collate, prepare
from catalog.product import Product
from tests.support.malformed.images import encode, speckled
from tests.support.tiny import tiny_calibration, tiny_folder, tiny_taxonomy, tiny_tokenizer
from tests.support.tiny_torch import tiny_model

FILES = [
    "calibration.json",
    "config.json",
    "fusion.safetensors",
    "image_encoder.safetensors",
    "taxonomy.json",
    "text_encoder.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("saved") / "model", "cross")


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy to harm."""
    return Path(shutil.copytree(saved, tmp_path / "model"))


def products() -> list[Prepared]:
    image = encode(speckled(), "PNG")
    given = [Product("a", "red shirt", "", (image,)), Product("b", "pear"), Product("c", images=(image, image))]
    return [prepare(product, 32) for product in given]


def answers(folder: Path) -> Outputs:
    loaded = load_model(folder)
    with torch.inference_mode():
        outputs: Outputs = loaded.model(Inputs.of(collate(products(), loaded.tokenizer)))
    return outputs


def rewrite(folder: Path, name: str, **changes: object) -> None:
    """Change the top level of a JSON file and record its new checksum, as a careful vandal would."""
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    write_checksums(folder)


def test_the_files_of_a_model(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == sorted([*FILES, "sha256.json"])
    assert sorted(path.name for path in saved.parent.glob("model*")) == ["model"]


def test_what_is_loaded_is_what_was_saved(tmp_path: Path) -> None:
    original = tiny_model("cross")
    save_model(tmp_path / "model", original, tiny_taxonomy(), tiny_tokenizer(), tiny_calibration())
    loaded = load_model(tmp_path / "model")
    assert_same_tensors(original.state_dict(), loaded.model.state_dict())
    with torch.inference_mode():
        expected = original(Inputs.of(collate(products(), tiny_tokenizer())))
    found = answers(tmp_path / "model")
    # Equal weights at other addresses: the last bit may be rounded otherwise.
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


def assert_same_tensors(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


def test_everything_else_is_loaded_too(saved: Path) -> None:
    loaded = load_model(saved)
    assert loaded.taxonomy == tiny_taxonomy()
    assert loaded.calibration == tiny_calibration()
    assert loaded.model.config == tiny_model("cross").config
    assert not loaded.model.training
    assert loaded.tokenizer(["red shirts"]) == [[2, 5, 1, 3]]


def test_the_version_names_the_weights(saved: Path, tmp_path: Path) -> None:
    again, other = tiny_folder(tmp_path / "again", "cross"), tiny_folder(tmp_path / "other", "cross", seed=1)
    assert load_model(again).version == load_model(saved).version
    assert load_model(other).version != load_model(saved).version
    assert len(load_model(saved).version) == 12


def test_half_precision_halves_the_weights_and_barely_moves_the_answers(saved: Path, tmp_path: Path) -> None:
    loaded = load_model(saved)
    save_model(tmp_path / "half", loaded.model, loaded.taxonomy, loaded.tokenizer, dtype=torch.float16)
    for name in WEIGHTS:
        tensors = load_file(tmp_path / "half" / name)
        assert tensors
        assert {t.dtype for t in tensors.values() if t.is_floating_point()} == {torch.float16}
    found, expected = answers(tmp_path / "half"), answers(saved)
    assert found.leaf_BC.dtype == torch.float32
    torch.testing.assert_close(found.leaf_BC, expected.leaf_BC, atol=5e-3, rtol=0)


def test_the_version_does_not_depend_on_what_was_read_before(saved: Path, tmp_path: Path) -> None:
    loaded = load_model(saved)
    for name in ("before", "after"):
        save_model(tmp_path / name, loaded.model, loaded.taxonomy, loaded.tokenizer)
        collate(products(), loaded.tokenizer)
    assert load_model(tmp_path / "before").version == load_model(tmp_path / "after").version


def test_other_users_may_read_every_file(saved: Path) -> None:
    expected = (saved / "config.json").stat().st_mode
    assert {path.stat().st_mode for path in saved.iterdir()} == {expected}


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_noticed(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(CheckpointDamaged, match=rf"^The model's {name} differs from its recorded sha256\.$"):
        load_model(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointInvalid, match=f"{name} is missing"):
        load_model(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_without_checksum_is_named(folder: Path, name: str) -> None:
    sums = json.loads((folder / "sha256.json").read_text())
    del sums[name]
    (folder / "sha256.json").write_text(json.dumps(sums))
    with pytest.raises(CheckpointInvalid, match=f"{name} is missing"):
        load_model(folder)


@pytest.mark.parametrize("content", [None, "", "{", "[]", "5", '"text"', "null", "{}"])
def test_a_folder_of_something_else(tmp_path: Path, content: str | None) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    if content is not None:
        (folder / "sha256.json").write_text(content)
    with pytest.raises(CheckpointInvalid, match=r"'other' holds no readable sha256|config.json is missing"):
        load_model(folder)


def test_no_folder_at_all(tmp_path: Path) -> None:
    with pytest.raises(CheckpointInvalid, match="'nowhere' holds no readable sha256"):
        load_model(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/hostname", "sub/file"])
def test_checksums_do_not_lead_out_of_the_folder(folder: Path, name: str) -> None:
    sums = json.loads((folder / "sha256.json").read_text())
    (folder / "sha256.json").write_text(json.dumps(sums | {name: "0" * 64}))
    with pytest.raises(CheckpointDamaged, match=name):
        load_model(folder)


def test_a_format_of_another_release(folder: Path) -> None:
    rewrite(folder, "config.json", format=2)
    with pytest.raises(CheckpointInvalid, match=r"format 2; this release reads 1"):
        load_model(folder)


@pytest.mark.parametrize(("name", "content"), [("config.json", "[]"), ("config.json", "{"), ("calibration.json", "5")])
def test_json_of_the_wrong_shape(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content)
    write_checksums(folder)
    with pytest.raises(CheckpointInvalid, match=f"{name} is not valid"):
        load_model(folder)


def test_a_calibration_of_another_release(folder: Path) -> None:
    rewrite(folder, "calibration.json", moon="full")
    with pytest.raises(CheckpointInvalid, match=r"calibration\.json is not valid"):
        load_model(folder)


@pytest.mark.parametrize("change", [{"width": 32}, {"image": {"architecture": "no_such_vit"}}, {"depth": 3}])
def test_weights_that_do_not_fit(folder: Path, change: dict[str, object]) -> None:
    model = json.loads((folder / "config.json").read_text())["model"]
    rewrite(folder, "config.json", model=model | change)
    with pytest.raises(CheckpointInvalid, match="The weights do not fit"):
        load_model(folder)


def test_weights_that_are_none(folder: Path) -> None:
    (folder / "fusion.safetensors").write_bytes(b"not tensors")
    write_checksums(folder)
    with pytest.raises(CheckpointInvalid, match="The weights do not fit"):
        load_model(folder)


def test_weights_that_are_incomplete(folder: Path) -> None:
    tensors = load_file(folder / "fusion.safetensors")
    save_file(dict(list(tensors.items())[1:]), folder / "fusion.safetensors")
    write_checksums(folder)
    with pytest.raises(CheckpointInvalid, match="The weights do not fit"):
        load_model(folder)


def test_a_failed_save_leaves_the_old_model(folder: Path) -> None:
    loaded = load_model(folder)
    unwritable = Calibration(auto=object())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not JSON serializable"):
        save_model(folder, tiny_model("late"), loaded.taxonomy, loaded.tokenizer, unwritable)
    assert load_model(folder).version == loaded.version
    save_model(folder, tiny_model("late"), loaded.taxonomy, loaded.tokenizer)
    assert load_model(folder).model.config.fusion == "late"
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_the_shipped_model_lies_in_the_repository() -> None:
    assert shipped_model().parts[-2:] == ("assets", "model")
    assert os.access(shipped_model() / "taxonomy.json", os.R_OK)
