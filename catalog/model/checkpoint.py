"""A model folder (see `catalog.model.folder`) with its model in PyTorch: written by training, read by both."""

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from catalog.errors import CheckpointInvalid
from catalog.model.calibration import Calibration
from catalog.model.folder import (
    CALIBRATION,
    CONFIG,
    FORMAT,
    TAXONOMY,
    ModelFolder,
    open_model,
    replaced,
    weight_files,
    write_json,
)
from catalog.model.network import CatalogModel
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import Taxonomy


@dataclass(frozen=True)
class Checkpoint(ModelFolder):
    """A model folder with its model in PyTorch."""

    model: CatalogModel


def save_model(
    folder: Path,
    model: CatalogModel,
    taxonomy: Taxonomy,
    tokenizer: Tokenizer,
    calibration: Calibration | None = None,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write a model folder, so that a reader never sees half of it."""
    with replaced(folder) as temporary:
        state = model.state_dict()
        for name, prefixes in weight_files(model.config).items():
            part = {key: _packed(state.pop(key), dtype) for key in list(state) if key.startswith(prefixes)}
            (temporary / name).write_bytes(save(part))  # not save_file: what that writes, other users cannot read
        write_json(temporary / CONFIG, {"format": FORMAT, "model": model.config.to_dict()})
        write_json(temporary / CALIBRATION, asdict(calibration or Calibration()))
        (temporary / TAXONOMY).write_text(taxonomy.to_json(), encoding="utf-8")
        tokenizer.save(temporary)


def load_model(folder: Path) -> Checkpoint:
    """Raises CheckpointInvalid or CheckpointDamaged as `open_model`, and where the weights do not fit."""
    opened = open_model(folder)
    return Checkpoint(**vars(opened), model=build_model(opened))


def build_model(opened: ModelFolder) -> CatalogModel:
    """The folder's model in PyTorch, to be asked and not trained. Raises CheckpointInvalid."""
    if opened.int8:
        raise CheckpointInvalid(
            "This model is in int8, for CPUs. PyTorch needs the full-precision model that it was made from."
        )
    try:
        model = CatalogModel(opened.config, opened.taxonomy)
        parts = [load_file(opened.path / name) for name in weight_files(opened.config)]
        model.load_state_dict({key: value for part in parts for key, value in part.items()})
    except (RuntimeError, TypeError, ValueError, SafetensorError):
        raise CheckpointInvalid("The weights do not fit the model's configuration and taxonomy.") from None
    return model.eval()


def _packed(value: Tensor, dtype: torch.dtype) -> Tensor:
    """What is in half precision stays in it: the scales of a word table in 4 bits."""
    return value.to(dtype).contiguous() if value.dtype == torch.float32 else value.contiguous()
