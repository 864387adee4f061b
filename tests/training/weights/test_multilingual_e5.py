"""A multilingual BERT from a file in 4 bits: a small one, made up in the layout of the package with the real one."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from transformers import BertModel

from catalog.errors import ConfigInvalid
from catalog.model.checkpoint import load_model, save_model
from catalog.model.encoders import TextEncoder
from catalog.model.folder import WORD_TABLE
from catalog.model.tokenizer import Tokenizer
from tests.support.catalogue import tiny_run, write_catalogue
from tests.support.tiny import tiny_taxonomy
from tests.support.tiny_torch import vit_folder
from training.initial_weights import starting_model
from training.train import train
from training.weights.multilingual_e5 import is_read, kept_pieces, write_text_encoder
from training.weights.q4_blob import read_blob

WIDTH, LAYERS, HEADS, INNER, POSITIONS, TYPES = 32, 3, 2, 64, 96, 2
PIECES = [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    ",",
    "▁",
    "▁red",
    "鞋",
    "обувь",
    "▁query",
    ":",
    "の",
    "é",
    "▁鞋",
    "2",
    "<mask>",
]
KEPT = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", ",", "▁", "▁red", "鞋", "▁query", ":", "é", "▁鞋", "2"]
NORMAL = {"\x01": "", "\t": " ", "\u3000": " ", "\ufeff": " ", "\uff12": "2", "▁": " "}


def blocks(numbers: int, seed: int) -> bytes:
    random = np.random.default_rng(seed)
    scales = random.normal(0, 0.02, numbers // 32).astype("<f2")
    packed = random.integers(0, 256, (numbers // 32, 16), dtype=np.uint8)
    return b"".join(scale.tobytes() + row.tobytes() for scale, row in zip(scales, packed, strict=True))


def tensors() -> dict[str, tuple[int, int, bytes]]:
    """Name -> kind, numbers, bytes."""
    flat = {"emb.pos": POSITIONS * WIDTH, "emb.type": TYPES * WIDTH, "emb.ln.w": WIDTH, "emb.ln.b": WIDTH}
    matrices = {"emb.word": (len(PIECES) + 2) * WIDTH}
    for layer in range(LAYERS):
        matrices |= {f"l{layer}.{name}.w": WIDTH * WIDTH for name in ("q", "k", "v", "ao")}
        matrices |= {f"l{layer}.{name}.w": WIDTH * INNER for name in ("fi", "fo")}
        flat |= {f"l{layer}.{name}.b": WIDTH for name in ("q", "k", "v", "ao", "fo")} | {f"l{layer}.fi.b": INNER}
        flat |= {f"l{layer}.{name}.{kind}": WIDTH for name in ("aln", "oln") for kind in "wb"}
    random = np.random.default_rng(0)
    found = {name: (0, count, random.normal(0, 0.1, count).astype("<f4").tobytes()) for name, count in flat.items()}
    return found | {name: (1, count, blocks(count, seed)) for seed, (name, count) in enumerate(matrices.items())}


def write_blob(path: Path, without: str = "") -> Path:
    texts = [piece.encode() for piece in PIECES]
    head = b"E5S1" + struct.pack("<I7i", 1, WIDTH, LAYERS, HEADS, INNER, len(PIECES) + 2, POSITIONS, TYPES)
    head += struct.pack("<fi5iQ", 1e-12, 32, len(PIECES), 0, 2, 1, 3, sum(map(len, texts)))
    head += np.cumsum([0, *map(len, texts)]).astype("<u4").tobytes()
    head += np.full(len(PIECES), -1, "<f4").tobytes() + b"".join(texts)
    normal = b"".join(
        struct.pack(f"<IB{len(by)}I", ord(letter), len(by), *map(ord, by)) for letter, by in NORMAL.items()
    )
    head += struct.pack("<iI", len(NORMAL), len(normal)) + normal
    given = {name: tensor for name, tensor in tensors().items() if name != without}
    at = len(head) + 4 + sum(len(name) + 23 for name in given)
    listed = struct.pack("<i", len(given))
    for name, (kind, count, data) in given.items():
        listed += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, count, at, len(data))
        at += len(data)
    path.write_bytes(head + listed + b"".join(data for _, _, data in given.values()))
    return path


def unpacked(name: str, *shape: int) -> NDArray[np.float32]:
    """Weight by weight, as the layout says."""
    data, found = tensors()[name][2], []
    for start in range(0, len(data), 18):
        scale = np.float32(np.frombuffer(data[start : start + 2], "<f2")[0])
        packed = data[start + 2 : start + 18]
        found += [scale * (byte % 16 - 8) for byte in packed] + [scale * (byte // 16 - 8) for byte in packed]
    return np.array(found, np.float32).reshape(shape)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    write_text_encoder(read_blob(write_blob(folder / "blob.bin")), folder / "e5_small")
    return folder / "e5_small"


def test_the_matrices_are_those_of_the_file_to_the_bit(folder: Path) -> None:
    state = BertModel.from_pretrained(folder, add_pooling_layer=False).state_dict()
    kept = kept_pieces(PIECES)
    assert [PIECES[index] for index in kept] == KEPT
    words = unpacked("emb.word", -1, WIDTH)[kept]
    np.testing.assert_array_equal(state["embeddings.word_embeddings.weight"].numpy(), words)
    query = state["encoder.layer.1.attention.self.query.weight"].numpy()
    np.testing.assert_array_equal(query, unpacked("l1.q.w", WIDTH, WIDTH))
    np.testing.assert_array_equal(
        state["encoder.layer.2.output.dense.weight"].numpy(), unpacked("l2.fo.w", WIDTH, INNER)
    )
    positions = np.frombuffer(tensors()["emb.pos"][2], "<f4").reshape(POSITIONS, WIDTH)
    np.testing.assert_array_equal(state["embeddings.position_embeddings.weight"].numpy(), positions)


@torch.inference_mode()
def test_the_encoder_is_the_bert_with_its_table_in_4_bits(folder: Path) -> None:
    encoder = TextEncoder.from_pretrained(str(folder)).eval()
    config = encoder.config
    assert (config.prefix, config.scripts, config.word_table_bits) == ("query: ", ("LATIN", "HAN"), 4)
    assert "embeddings.word_embeddings.packed" in encoder.bert.state_dict()
    ids_BT = torch.randint(0, len(KEPT), (2, 6))
    bert = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    expected_BTD = bert(input_ids=ids_BT, attention_mask=torch.ones_like(ids_BT)).last_hidden_state
    assert torch.equal(encoder(ids_BT, torch.ones(2, 6, dtype=torch.bool))[0], expected_BTD)


def tokens(folder: Path, text: str) -> list[str]:
    (ids,) = Tokenizer.from_pretrained(str(folder), 32, "query: ")([text])
    return [KEPT[token] for token in ids]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("red 鞋", ["▁red", "▁鞋"]),
        ("red\t\u3000 \ufeff 鞋, \uff12é", ["▁red", "▁鞋", ",", "▁", "2", "é"]),
        ("red\x01鞋", ["▁red", "鞋"]),
        ("e\u0301 обувь", ["▁", "é", "▁", "<unk>"]),
    ],
)
def test_what_the_tokenizer_makes_of_a_text(folder: Path, text: str, found: list[str]) -> None:
    assert tokens(folder, text) == ["<s>", "▁query", ":", *found, "</s>"]


@pytest.mark.parametrize(
    ("piece", "read"),
    [("▁shoe", True), ("straße", True), ("3,5€", True), ("男鞋", True), ("обувь", False), ("の", False), ("ελ", False)],
)
def test_pieces_are_kept_by_their_script(piece: str, read: bool) -> None:
    assert is_read(piece) == read


def test_a_run_starts_from_it_with_fewer_layers_and_leaves_the_table_alone(folder: Path, tmp_path: Path) -> None:
    data = write_catalogue(tmp_path)
    start: dict[str, Any] = {"image": str(vit_folder(tmp_path / "vit")), "text": str(folder), "size": 32}
    config = tiny_run(tmp_path, "run", start=start | {"text_layers": 2}, max_steps=3)
    train(config, data)
    trained = load_model(tmp_path / "run" / "last")
    assert len(trained.model.text_encoder.bert.encoder.layer) == 2
    assert trained.config.text.bert["num_hidden_layers"] == 2
    assert trained.tokenizer(["red"]) == [[KEPT.index(token) for token in ("<s>", "▁query", ":", "▁red", "</s>")]]
    table, kept = load_file(folder / WORD_TABLE), load_file(tmp_path / "run" / "last" / WORD_TABLE)
    assert all(torch.equal(kept[f"text_encoder.bert.embeddings.word_embeddings.{name}"], table[name]) for name in table)

    again = tiny_run(tmp_path, "again", start={"model": str(trained.path), "text_layers": 1})
    model, tokenizer = starting_model(again, tiny_taxonomy())
    save_model(tmp_path / "one", model, tiny_taxonomy(), tokenizer)
    assert (tmp_path / "one" / WORD_TABLE).read_bytes() == (trained.path / WORD_TABLE).read_bytes()
    assert load_model(tmp_path / "one").config.text.bert["num_hidden_layers"] == 1
    with pytest.raises(ConfigInvalid, match=r"text_layers: the text encoder has 3 layers"):
        starting_model(tiny_run(tmp_path, "more", start=start | {"text_layers": 4}), tiny_taxonomy())


def test_a_smaller_encoder_keeps_pieces_by_their_number(folder: Path, tmp_path: Path) -> None:
    write_catalogue(tmp_path)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "intermediate_size": 16}
    start = {"image": str(vit_folder(tmp_path / "vit")), "text": str(folder), "text_options": small, "vocabulary": 6}
    model, tokenizer = starting_model(tiny_run(tmp_path, "small", start=start), tiny_taxonomy(), ["red"])
    assert model.config.text.word_table_bits is None
    assert (model.config.text.prefix, tokenizer.prefix) == ("query: ", "query: ")
    # The first six, the words of the prefix, "red", and of the names of the tree what the vocabulary has.
    assert tokenizer.size == model.config.text.bert["vocab_size"] < len(KEPT)
    assert len(tokenizer(["red"])[0]) == 5


@pytest.mark.parametrize("damage", ["magic", "short", "tensor", "special"])
def test_another_file_is_refused(damage: str, tmp_path: Path) -> None:
    path = write_blob(tmp_path / "blob.bin", "l1.q.w" if damage == "tensor" else "")
    data = path.read_bytes()
    changed = {"magic": b"GGUF" + data[4:], "short": data[:1000], "special": data.replace(b"<mask>", b"<musk>")}
    path.write_bytes(changed.get(damage, data))
    with pytest.raises(ConfigInvalid, match="in 4 bits"):
        write_text_encoder(read_blob(path), tmp_path / "e5_small")


def test_a_folder_whose_own_files_do_not_fit_is_refused(folder: Path, tmp_path: Path) -> None:
    encoder = BertModel.from_pretrained(folder, add_pooling_layer=False)
    encoder.save_pretrained(tmp_path)
    for content in ("no JSON", json.dumps({"colour": "red"}), json.dumps({"word_table_bits": 4})):
        (tmp_path / "text_encoder.json").write_text(content)
        with pytest.raises(ConfigInvalid, match=r"text_encoder\.json or word_table\.safetensors"):
            TextEncoder.from_pretrained(str(tmp_path))
