"""One folder holds one model: weights in safetensors, config, taxonomy, calibration, tokenizer, sha256 of each.

    config.json  calibration.json  taxonomy.json  tokenizer.json  tokenizer_config.json
    image_encoder.safetensors  text_encoder.safetensors  fusion.safetensors  sha256.json
    image_encoder.onnx  text_encoder.onnx  answer.onnx  graphs.json    (if exported: see catalog.graphs)

The encoders change rarely and the fusion often, so they live in files of their own. Nothing is ever unpickled.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from catalog.calibration import Calibration
from catalog.errors import CheckpointDamaged, InvalidCheckpoint
from catalog.model import CatalogModel, ModelConfig
from catalog.taxonomy import Taxonomy

CONFIG, CALIBRATION, TAXONOMY, CHECKSUMS = "config.json", "calibration.json", "taxonomy.json", "sha256.json"
WEIGHTS = {
    "image_encoder.safetensors": ("image_encoder.",),
    "text_encoder.safetensors": ("text_encoder.",),
    "fusion.safetensors": ("fusion.", "heads."),
}
# One for each file of weights, which it names and does not hold.
GRAPHS = ("image_encoder.onnx", "text_encoder.onnx", "answer.onnx")
GRAPH_WEIGHTS = "graphs.json"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")
FORMAT = 1


@dataclass(frozen=True)
class ModelFolder:
    """A model folder that was found whole, its weights not yet loaded.

    version: names the weights and taxonomy: the first 12 hex digits over all checksums, without those of the graphs,
    as these compute the same.
    """

    path: Path
    config: ModelConfig
    taxonomy: Taxonomy
    tokenizer: PreTrainedTokenizerBase
    calibration: Calibration
    version: str

    @property
    def exported(self) -> bool:
        """Whether it has graphs for ONNX Runtime."""
        return all((self.path / name).is_file() for name in (*GRAPHS, GRAPH_WEIGHTS))


@dataclass(frozen=True)
class Checkpoint(ModelFolder):
    """A model folder with its model in PyTorch."""

    model: CatalogModel


def shipped_model() -> Path:
    """The model folder that comes with Shelflens: in the installed package, or in a checkout of the repository."""
    installed = Path(str(files("catalog"))) / "assets" / "model"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "assets" / "model"


def save_model(
    folder: Path,
    model: CatalogModel,
    taxonomy: Taxonomy,
    tokenizer: PreTrainedTokenizerBase,
    calibration: Calibration | None = None,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write a model folder, so that a reader never sees half of it."""
    with replaced(folder) as temporary:
        state = model.state_dict()
        for name, prefixes in WEIGHTS.items():
            part = {key: _packed(value, dtype) for key, value in state.items() if key.startswith(prefixes)}
            (temporary / name).write_bytes(save(part))  # not save_file: what that writes, other users cannot read
        _write_json(temporary / CONFIG, {"format": FORMAT, "model": model.config.to_dict()})
        _write_json(temporary / CALIBRATION, asdict(calibration or Calibration()))
        (temporary / TAXONOMY).write_text(taxonomy.to_json(), encoding="utf-8")
        tokenizer.save_pretrained(str(temporary))
        _forget_last_call(temporary / TOKENIZER[0])


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """An empty folder to write a model into; it takes the place of `folder` once it is whole."""
    temporary = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    yield temporary
    write_checksums(temporary)
    # Renamed away before it is deleted, file by file: until the new folder stands, the old one is whole.
    former = folder.with_name(folder.name + ".old")
    shutil.rmtree(former, ignore_errors=True)
    if folder.exists():
        folder.rename(former)
    temporary.rename(folder)
    shutil.rmtree(former, ignore_errors=True)


def open_model(folder: Path) -> ModelFolder:
    """Raises InvalidCheckpoint when the folder is none of ours, CheckpointDamaged when a file was altered."""
    version = _verify(folder)
    config = read_config(folder)
    try:
        calibration = Calibration(**json.loads((folder / CALIBRATION).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise InvalidCheckpoint("The model's calibration.json is not valid.") from None
    taxonomy = Taxonomy.load(folder / TAXONOMY)
    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    return ModelFolder(folder, config, taxonomy, tokenizer, calibration, version)


def load_model(folder: Path) -> Checkpoint:
    """Raises InvalidCheckpoint or CheckpointDamaged as `open_model`, and where the weights do not fit."""
    opened = open_model(folder)
    return Checkpoint(**vars(opened), model=build_model(opened))


def build_model(opened: ModelFolder) -> CatalogModel:
    """The folder's model in PyTorch, to be asked and not trained. Raises InvalidCheckpoint."""
    try:
        model = CatalogModel(opened.config, opened.taxonomy)
        model.load_state_dict({key: value for name in WEIGHTS for key, value in load_file(opened.path / name).items()})
    except (RuntimeError, TypeError, ValueError, SafetensorError):
        raise InvalidCheckpoint("The weights do not fit the model's configuration and taxonomy.") from None
    return model.eval()


def read_config(folder: Path) -> ModelConfig:
    """The model's shape, without loading it. Raises InvalidCheckpoint or InvalidConfig."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        found, shape = config.get("format"), config.get("model")
    except (OSError, ValueError, AttributeError):
        raise InvalidCheckpoint("The model's config.json is not valid.") from None
    if found != FORMAT:
        raise InvalidCheckpoint(f"The model has the format {found}; this release reads {FORMAT}.")
    return ModelConfig.from_dict(shape)


def write_checksums(folder: Path) -> None:
    """Record the sha256 of every file in the folder, but for a model card, which may be edited."""
    files_of_model = sorted(path for path in folder.iterdir() if path.name != CHECKSUMS and path.suffix != ".md")
    sums = {path.name: _sha256(path) for path in files_of_model}
    _write_json(folder / CHECKSUMS, sums)


def _verify(folder: Path) -> str:
    try:
        sums: dict[str, str] = dict(json.loads((folder / CHECKSUMS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise InvalidCheckpoint(
            f"{folder.name!r} holds no readable {CHECKSUMS}, so it is not a Shelflens model."
        ) from None
    for name in (CONFIG, CALIBRATION, TAXONOMY, *TOKENIZER, *WEIGHTS):
        if name not in sums or not (folder / name).is_file():
            raise InvalidCheckpoint(f"The model's {name} is missing.")
    for name, recorded in sums.items():
        if "/" in name or _sha256(folder / name) != recorded:
            raise CheckpointDamaged(f"The model's {name} differs from its recorded sha256.")
    naming = {name: recorded for name, recorded in sums.items() if name not in (*GRAPHS, GRAPH_WEIGHTS)}
    return hashlib.sha256(json.dumps(naming, sort_keys=True).encode()).hexdigest()[:12]


def _forget_last_call(path: Path) -> None:
    """A tokenizer saves how it was last called, too, and so equal models would have different versions."""
    _write_json(path, json.loads(path.read_text(encoding="utf-8")) | {"truncation": None, "padding": None})


def _packed(value: Tensor, dtype: torch.dtype) -> Tensor:
    return value.to(dtype).contiguous() if value.is_floating_point() else value.contiguous()


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
