"""Tiny real models for tests: a two-layer ViT, a two-layer BERT, a vocabulary of a few words. Built in a second."""

import shutil
from pathlib import Path

import torch
from transformers import BertTokenizerFast

from catalog.arrays import MODALITIES
from catalog.model.calibration import Calibration
from catalog.model.checkpoint import save_model
from catalog.model.config import FusionKind, ImageEncoderConfig, ModelConfig, TextEncoderConfig
from catalog.model.folder import write_checksums
from catalog.model.network import CatalogModel
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import Attribute, Node, Tag, Taxonomy

GRAPHS = Path(__file__).with_name("graphs")
WORDS = "red green blue shirt shoe apple pear running striped plain men women fresh the a item 0 1 2 3 4 5 6 7 8 9"


def tiny_taxonomy() -> Taxonomy:
    return Taxonomy(
        version="tiny-1",
        nodes=(
            Node("clothes", "Clothes", "服装", None),
            Node("clothes.shirt", "Shirt", "衬衫", "clothes", ("Shirts",)),
            Node("clothes.shoe", "Shoe", "鞋", "clothes", ("Shoes",)),
            Node("food", "Food", "食品", None),
            Node("food.apple", "Apple", "苹果", "food", ("Apples",)),
            Node("food.pear", "Pear", "梨", "food"),
        ),
        tags=(Tag("striped", "条纹", ("striped", "stripes")), Tag("plain", "纯色", ("plain",))),
        attributes=(Attribute("colour", ("red", "green", "blue")), Attribute("gender", ("men", "women"))),
    )


def tiny_tokenizer(folder: Path, max_tokens: int = 32) -> Tokenizer:
    """Writes transformers' files of it into the folder, too."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys(WORDS.split())]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(str(folder))
    return Tokenizer.from_pretrained(str(folder), max_tokens)


def tiny_config(fusion: FusionKind = "late", size: int = 32) -> ModelConfig:
    image = ImageEncoderConfig(
        "vit_tiny_patch16_224", None, {"depth": 2, "embed_dim": 24, "num_heads": 2, "patch_size": size // 4}, size=size
    )
    bert = {
        "vocab_size": 64,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 32,
    }
    return ModelConfig(image, TextEncoderConfig(bert, 32), fusion, 16, 1, 2, 0.0, 32, (8, 16, 32))


def tiny_model(fusion: FusionKind = "late", seed: int = 0, size: int = 32) -> CatalogModel:
    torch.manual_seed(seed)
    return CatalogModel(tiny_config(fusion, size), tiny_taxonomy()).eval()


def tiny_calibration(least: float = 0.0) -> Calibration:
    """least: the probability to promise a category; 0: the likeliest leaf, so that an untrained model has an answer."""
    colours, genders = (dict.fromkeys(attribute.values, 0.5) for attribute in tiny_taxonomy().attributes)
    clothes, food = {"colour": colours, "gender": genders}, {"colour": colours}
    return Calibration(
        promise={modalities: [least] for modalities in MODALITIES},
        tags={modalities: {"clothes": {"striped": 0.5, "plain": 0.5}} for modalities in MODALITIES},
        attributes={modalities: {"clothes": clothes, "food": food} for modalities in MODALITIES},
    )


def tiny_folder(folder: Path, fusion: FusionKind = "late", seed: int = 0, size: int = 32, least: float = 0.0) -> Path:
    """A model folder as `save_model` writes it. size: of its images; least: see `tiny_calibration`."""
    tokenizer = tiny_tokenizer(folder.with_name(folder.name + "-vocabulary"))
    save_model(folder, tiny_model(fusion, seed, size), tiny_taxonomy(), tokenizer, tiny_calibration(least))
    return folder


def tiny_onnx_folder(
    folder: Path, fusion: FusionKind = "late", seed: int = 0, size: int = 32, least: float = 0.0
) -> Path:
    """A tiny model folder as `export_onnx` writes it, to be served without PyTorch. Exporting takes ten seconds, so the
    graphs are kept: for "late", also in size 224, and for "cross". They hold no weights, so all seeds share them.
    """
    return add_graphs(tiny_folder(folder, fusion, seed, size, least), fusion, size)


def add_graphs(folder: Path, fusion: FusionKind = "late", size: int = 32) -> Path:
    """Put the kept graphs into a tiny model's folder."""
    shutil.copytree(GRAPHS / fusion, folder, dirs_exist_ok=True)
    if size != 32:  # another image encoder, the rest is the same
        shutil.copytree(GRAPHS / f"{fusion}-{size}", folder, dirs_exist_ok=True)
    write_checksums(folder)
    return folder
