"""A word table in 4 bits: the same numbers from less, in PyTorch, in ONNX Runtime and in every kind of folder."""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from onnxruntime import InferenceSession
from safetensors.numpy import load_file

from catalog.errors import CheckpointDamaged, CheckpointInvalid, ConfigInvalid
from catalog.model.checkpoint import load_model, save_model
from catalog.model.config import ModelConfig
from catalog.model.encoders.quantized import QuantizedEmbedding
from catalog.model.folder import open_model, write_checksums
from catalog.model.preprocess import Prepared, collate
from catalog.model.runtime.onnx import OnnxRuntime
from catalog.model.runtime.pytorch import TorchRuntime
from tests.support.tiny import tiny_calibration, tiny_taxonomy, tiny_tokenizer
from tests.support.tiny_torch import tiny_packed_model
from training.export.onnx_export import example_batch, export_onnx
from training.export.quantize import quantize

TABLE = "word_table.safetensors"


def random_table(words: int = 50, width: int = 64) -> QuantizedEmbedding:
    generator = torch.Generator().manual_seed(0)
    packed = torch.randint(0, 256, (words, width // 2), dtype=torch.uint8, generator=generator)
    return QuantizedEmbedding.of(packed, torch.randn(words, width // 32, generator=generator).half())


def unpacked(table: QuantizedEmbedding) -> np.ndarray:
    """Weight by weight, as llama.cpp's documentation has it."""
    packed, scales = table.packed.numpy(), table.scales.numpy()
    rows = np.zeros((len(packed), 2 * packed.shape[1]), np.float32)
    for row, column in np.ndindex(rows.shape):
        block, place = divmod(column, 32)
        byte = int(packed[row, 16 * block + place % 16])
        rows[row, column] = np.float32(scales[row, block]) * ((byte & 15 if place < 16 else byte >> 4) - 8)
    return rows


def test_the_rows_are_those_of_the_whole_table_to_the_bit() -> None:
    table = random_table()
    np.testing.assert_array_equal(table.weight.numpy(), unpacked(table))
    ids = torch.randint(0, 50, (3, 7))
    np.testing.assert_array_equal(table(ids).numpy(), unpacked(table)[ids.numpy()])
    assert not list(table.parameters())


def test_a_new_table_is_zero_and_rows_must_be_whole_blocks() -> None:
    assert not QuantizedEmbedding(5, 32).weight.any()
    with pytest.raises(ValueError, match="blocks of 32 numbers, not 48"):
        QuantizedEmbedding(5, 48)


def test_onnx_runtime_gives_the_same_bits() -> None:
    table = random_table()
    dynamic = torch.export.Dim.DYNAMIC
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            table, (torch.zeros(2, 3, dtype=torch.long),), dynamic_shapes=({0: dynamic, 1: dynamic},), verbose=False
        )
    assert program is not None
    session = InferenceSession(program.model_proto.SerializeToString(), providers=["CPUExecutionProvider"])
    ids = torch.randint(0, 50, (4, 9)).numpy()
    (found,) = session.run(None, {session.get_inputs()[0].name: ids})
    np.testing.assert_array_equal(found, unpacked(table)[ids])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("packed") / "model", torch.float16)


def save(folder: Path, dtype: torch.dtype) -> Path:
    save_model(folder, tiny_packed_model(), tiny_taxonomy(), tiny_tokenizer(), tiny_calibration(), dtype)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy to harm."""
    return Path(shutil.copytree(saved, tmp_path / "model"))


def test_the_table_has_a_file_of_its_own_that_precision_does_not_change(saved: Path, tmp_path: Path) -> None:
    whole = save(tmp_path / "whole", torch.float32)
    assert (whole / TABLE).read_bytes() == (saved / TABLE).read_bytes()
    assert {array.dtype.name for array in load_file(saved / TABLE).values()} == {"uint8", "float16"}
    assert not [name for name in load_file(saved / "text_encoder.safetensors") if "word_embeddings" in name]
    assert TABLE in json.loads((saved / "sha256.json").read_text())


def test_what_is_loaded_is_what_was_saved(tmp_path: Path) -> None:
    loaded, expected = load_model(save(tmp_path / "model", torch.float32)).model, tiny_packed_model()
    assert loaded.config == expected.config
    state = loaded.state_dict()
    assert state.keys() == expected.state_dict().keys()
    assert all(torch.equal(state[name], tensor) for name, tensor in expected.state_dict().items())
    assert loaded.text_encoder.bert.config.vocab_size == 64


def test_a_table_that_is_missing_or_damaged_is_named(folder: Path) -> None:
    data = bytearray((folder / TABLE).read_bytes())
    data[-1] ^= 1
    (folder / TABLE).write_bytes(data)
    with pytest.raises(CheckpointDamaged, match=rf"The model's {TABLE} differs"):
        open_model(folder)
    (folder / TABLE).unlink()
    write_checksums(folder)
    with pytest.raises(CheckpointInvalid, match=rf"The model's {TABLE} is missing"):
        open_model(folder)


def test_another_number_of_bits_is_refused() -> None:
    fields = tiny_packed_model().config.to_dict()
    with pytest.raises(ConfigInvalid, match="word_table_bits must be 4"):
        ModelConfig.from_dict(fields | {"text": fields["text"] | {"word_table_bits": 3}})


def test_the_prefix_of_the_configuration_is_read_with_every_text(folder: Path) -> None:
    tokenizer = open_model(folder).tokenizer
    assert tokenizer(["red shirt"]) == tiny_tokenizer()(["the red shirt"])
    assert len(tokenizer(["red " * 100])[0]) == tokenizer.max_tokens


@pytest.mark.slow
def test_both_runtimes_answer_the_same_and_int8_keeps_the_table(saved: Path, tmp_path: Path) -> None:
    export_onnx(load_model(saved), tmp_path / "exported")
    exported = open_model(tmp_path / "exported")
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
    products = [Prepared("", images[:1], "red shirt"), Prepared("", images[:0], "a pear"), Prepared("", images[1:], "")]
    batch = collate(products, exported.tokenizer)
    onnx, other = OnnxRuntime(exported).run(batch, True), TorchRuntime(load_model(saved).model).run(batch, True)
    np.testing.assert_allclose(onnx.embedding_BE, other.embedding_BE, atol=1e-5)
    np.testing.assert_allclose(onnx.leaf_BC, other.leaf_BC, atol=1e-4)

    (tmp_path / "int8").mkdir()
    quantize(exported, tmp_path / "int8", example_batch(exported))
    write_checksums(tmp_path / "int8")
    small = open_model(tmp_path / "int8")
    assert (small.path / TABLE).read_bytes() == (saved / TABLE).read_bytes()
    assert load_file(small.path / TABLE).keys() <= set(
        json.loads((small.path / "graphs.json").read_text())["text_encoder.onnx"]
    )
    assert not load_file(small.path / TABLE).keys() & load_file(small.path / "text_encoder.safetensors").keys()
    found_E = OnnxRuntime(small).run(batch, False).embedding_BE[1]  # of the product that is text alone
    assert found_E @ onnx.embedding_BE[1] > 0.99
