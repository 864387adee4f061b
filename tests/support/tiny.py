"""A tiny real model for tests, without PyTorch: its weights and graphs are kept. See `tests.support.tiny_torch`."""

import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save

from catalog.arrays import MODALITIES, Floats
from catalog.model import tokenizer
from catalog.model.calibration import Calibration
from catalog.model.config import FusionKind, ImageEncoderConfig, ModelConfig, TextEncoderConfig
from catalog.model.folder import (
    CALIBRATION,
    CONFIG,
    FORMAT,
    GRAPH_WEIGHTS,
    GRAPHS,
    TAXONOMY,
    WEIGHTS,
    write_checksums,
    write_json,
)
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import Attribute, Node, Tag, Taxonomy

KEPT = Path(__file__).with_name("tiny_model")
SIZE = 32  # of its images, in pixels
FILES = {  # and the part of KEPT that has it; "": the one of the fusion
    **dict.fromkeys(tokenizer.FILES, "encoders"),
    "image_encoder.safetensors": "encoders",
    "text_encoder.safetensors": "encoders",
    "fusion.safetensors": "",
}
PATCHES = "image_encoder.vit.patch_embed.proj.weight"


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


def tiny_tokenizer(max_tokens: int = 32) -> Tokenizer:
    """It knows the words of `tests.support.tiny_torch.WORDS`."""
    return Tokenizer.load(KEPT / "encoders", max_tokens)


def tiny_config(fusion: FusionKind = "late", size: int = SIZE) -> ModelConfig:
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


def tiny_calibration(least: float = 0.0) -> Calibration:
    """least: the probability to promise a category; 0: the likeliest leaf, so that an untrained model has an answer."""
    colours, genders = (dict.fromkeys(attribute.values, 0.5) for attribute in tiny_taxonomy().attributes)
    clothes, food = {"colour": colours, "gender": genders}, {"colour": colours}
    return Calibration(
        promise={modalities: {"*": [least]} for modalities in MODALITIES},
        tags={modalities: {"clothes": {"striped": 0.5, "plain": 0.5}} for modalities in MODALITIES},
        attributes={modalities: {"clothes": clothes, "food": food} for modalities in MODALITIES},
    )


def tiny_folder(folder: Path, fusion: FusionKind = "late", seed: int = 0, size: int = SIZE, least: float = 0.0) -> Path:
    """A model folder without graphs, as `save_model` writes it.

    fusion: "late" or "cross". seed: 0 for the kept weights, which are those of `tiny_model(fusion)`; others shuffle
    them. size: of its images, a multiple of 32; least: see `tiny_calibration`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in FILES.items():
        path = folder / name
        shutil.copy(KEPT / (part or fusion) / name, path)
        if name in WEIGHTS and (seed or size != SIZE):
            path.write_bytes(save(_changed(load_file(path), seed, size)))
    write_json(folder / CONFIG, {"format": FORMAT, "model": tiny_config(fusion, size).to_dict()})
    write_json(folder / CALIBRATION, asdict(tiny_calibration(least)))
    (folder / TAXONOMY).write_text(tiny_taxonomy().to_json(), encoding="utf-8")
    write_checksums(folder)
    return folder


def tiny_onnx_folder(
    folder: Path, fusion: FusionKind = "late", seed: int = 0, size: int = SIZE, least: float = 0.0
) -> Path:
    """A model folder as `export_onnx` writes it, to be served without PyTorch. size: 32 or 224."""
    return add_graphs(tiny_folder(folder, fusion, seed, size, least), fusion, size)


def add_graphs(folder: Path, fusion: FusionKind = "late", size: int = SIZE) -> Path:
    """Put the kept graphs into a tiny model's folder: exporting them takes ten seconds. They hold no weights."""
    for part in ("encoders", fusion, *([f"size-{size}"] if size != SIZE else [])):
        for name in (*GRAPHS, GRAPH_WEIGHTS):
            if (KEPT / part / name).exists():
                shutil.copy(KEPT / part / name, folder)
    write_checksums(folder)
    return folder


def _changed(weights: dict[str, Floats], seed: int, size: int) -> dict[str, Floats]:
    if PATCHES in weights:  # larger patches answer for an enlarged image as the kept ones for the image
        factor = size // SIZE
        weights[PATCHES] = np.kron(weights[PATCHES], np.full((factor, factor), 1 / factor**2, np.float32))
    random = np.random.default_rng(seed)
    return {name: random.permuted(value) if seed and value.ndim else value for name, value in weights.items()}
