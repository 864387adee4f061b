"""The tiny real model of `tests.support.tiny` in PyTorch: a two-layer ViT, a two-layer BERT. Built in a second."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel, BertTokenizerFast

from catalog.model.checkpoint import save_model
from catalog.model.config import FusionKind, TextEncoderConfig
from catalog.model.network import CatalogModel
from tests.support.tiny import tiny_calibration, tiny_config, tiny_taxonomy, tiny_tokenizer

WORDS = "red green blue shirt shoe apple pear running striped plain men women fresh the a item 0 1 2 3 4 5 6 7 8 9"


def tiny_vocabulary(folder: Path) -> None:
    """Write the tokenizer's files into the folder as transformers does."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS.split()]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(str(folder))


def tiny_model(fusion: FusionKind = "late", seed: int = 0) -> CatalogModel:
    torch.manual_seed(seed)
    return CatalogModel(tiny_config(fusion), tiny_taxonomy()).eval()


def tiny_packed_model() -> CatalogModel:
    """With a word table in 4 bits, whose rows are whole blocks, and a prefix before each text; it reads Chinese."""
    config = tiny_config()
    text = TextEncoderConfig({**config.text.bert, "hidden_size": 32}, 32, ("LATIN", "HAN"), "the ", 4)
    torch.manual_seed(0)
    model = CatalogModel(replace(config, text=text), tiny_taxonomy()).eval()
    table = model.text_encoder.bert.embeddings.word_embeddings
    table.packed.random_(0, 256)
    table.scales.normal_(0, 0.01)
    return model


def torch_folder(folder: Path, fusion: FusionKind = "late", seed: int = 0) -> Path:
    """A model folder without graphs that holds `tiny_model(fusion, seed)`."""
    save_model(folder, tiny_model(fusion, seed), tiny_taxonomy(), tiny_tokenizer(), tiny_calibration())
    return folder


def vit_folder(folder: Path, architecture: str = "test_vit", seed: int = 0, **options: Any) -> Path:
    """Random weights in timm's local layout: config.json and model.safetensors."""
    torch.manual_seed(seed)
    model = timm.create_model(architecture, num_classes=0, **options)
    folder.mkdir(parents=True)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder / "model.safetensors")
    config = {
        "architecture": architecture,
        "num_classes": 0,
        "pretrained_cfg": {"input_size": [3, 160, 160], "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.3]},
        **({"model_args": options} if options else {}),
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def bert_folder(folder: Path, dtype: torch.dtype = torch.float32) -> Path:
    """Random weights and a vocabulary in transformers' layout."""
    torch.manual_seed(0)
    bert: Any = BertModel(
        BertConfig(**{**tiny_config().text.bert, "max_position_embeddings": 96}), add_pooling_layer=False
    )
    bert.to(dtype=dtype).save_pretrained(folder)
    tiny_vocabulary(folder)
    return folder
