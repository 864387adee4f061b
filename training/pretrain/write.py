"""A model whose training went on, as an ordinary model folder."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from catalog.errors import CheckpointInvalid
from catalog.model.checkpoint import Checkpoint, save_model
from catalog.model.familiarity import FILE as FAMILIARITY
from catalog.model.folder import FUSION_WEIGHTS, GRAPH_WEIGHTS, GRAPHS, ModelFolder, open_model, replaced
from catalog.model.network import CatalogModel
from catalog.model.preprocess import Batch, Prepared, collate
from catalog.model.runtime.onnx import OnnxRuntime
from catalog.model.runtime.outputs import compare_outputs
from catalog.model.runtime.pytorch import TorchRuntime

TOLERANCE = 1e-3  # of an embedding's component, between ONNX Runtime and PyTorch


def precision(folder: Path) -> torch.dtype:
    """In which the folder keeps its weights."""
    kept = load_file(folder / FUSION_WEIGHTS).values()
    return torch.float16 if any(tensor.dtype == torch.float16 for tensor in kept) else torch.float32


def round_weights(model: CatalogModel, dtype: torch.dtype) -> None:
    """As they will be read back, so that what is measured is what is written."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dtype == torch.float32:
                parameter.copy_(parameter.to(dtype).float())


def write_model(start: Checkpoint, output: Path, texts: Sequence[str], card: str) -> ModelFolder:
    """Write `start.model` with the other parts of `start`'s folder. texts: to compare the graphs' answers on; card: the
    model card.

    The graphs hold no weights and name them, so those of the start compute with the new ones. Raises CheckpointInvalid,
    and writes nothing, if their answers differ from PyTorch's.
    """
    with replaced(output) as folder:
        save_model(
            folder, start.model.cpu(), start.taxonomy, start.tokenizer, start.calibration, dtype=precision(start.path)
        )
        others = [FAMILIARITY, *((*GRAPHS, GRAPH_WEIGHTS) if start.exported else ())]
        for name in others:
            if (start.path / name).is_file():
                shutil.copy(start.path / name, folder)
        if start.exported:
            check_graphs(replace(start, path=folder), start.model, texts)
        (folder / "README.md").write_text(card, encoding="utf-8")
    return open_model(output)


def check_graphs(folder: ModelFolder, model: CatalogModel, texts: Sequence[str]) -> None:
    ours = TorchRuntime(model, familiarity=folder.familiarity)
    found = compare_outputs(ours, OnnxRuntime(folder), [example(folder, texts)])
    if found.changed or found.embedding > TOLERANCE:
        raise CheckpointInvalid(
            f"In ONNX Runtime {found.changed} of {found.products} products get another category, and a number of an "
            f"embedding moves by {found.embedding:.6f}."
        )


def example(folder: ModelFolder, texts: Sequence[str]) -> Batch:
    """Products of these texts, every other one with noise as image."""
    size = folder.config.image.size
    noise = np.random.default_rng(0).integers(0, 256, (len(texts), 1, 3, size, size), dtype=np.uint8)
    products = [Prepared("", noise[n] if n % 2 else noise[n][:0], text) for n, text in enumerate(texts)]
    return collate(products, folder.tokenizer)
