"""One folder holds one model: weights in safetensors, config, taxonomy, calibration, tokenizer, sha256 of each.

    config.json  calibration.json  taxonomy.json  tokenizer.json  tokenizer_config.json
    image_encoder.safetensors  text_encoder.safetensors  fusion.safetensors  sha256.json
    word_table.safetensors    (of a text encoder whose word table is in 4 bits: see catalog.model.encoders.quantized)
    image_encoder.onnx  text_encoder.onnx  answer.onnx  graphs.json    (if exported: see training.export.onnx_export)
    familiarity.safetensors    (if measured: see catalog.model.familiarity)
    contract.json    (if fitted: see catalog.model.contract)
    taught.safetensors  taught_taxonomy.json  taught_calibration.json    (if taught: see catalog.model.taught)
    learned.safetensors    (what it was taught with: see catalog.teaching.learned)
    taught_attributes.safetensors    (if attributes were: see catalog.model.taught_attributes)

The word table never changes, the encoders rarely and the fusion often, so they live in files of their own. Nothing is
ever unpickled. A folder is opened without PyTorch, which takes seconds to import; `catalog.model.checkpoint` has the
model in PyTorch.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from catalog.errors import CheckpointDamaged, CheckpointInvalid
from catalog.model import taught, taught_attributes, tokenizer
from catalog.model.calibration import Calibration
from catalog.model.config import ModelConfig
from catalog.model.contract import FILE as CONTRACT
from catalog.model.contract import Contract
from catalog.model.familiarity import Familiarity
from catalog.model.taught import TaughtHead
from catalog.model.taught_attributes import TaughtAttribute, read_attributes
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import Taxonomy

CONFIG, CALIBRATION, TAXONOMY, CHECKSUMS = "config.json", "calibration.json", "taxonomy.json", "sha256.json"
TEXT_WEIGHTS, FUSION_WEIGHTS = "text_encoder.safetensors", "fusion.safetensors"
WEIGHTS = {
    "image_encoder.safetensors": ("image_encoder.",),
    TEXT_WEIGHTS: ("text_encoder.",),
    FUSION_WEIGHTS: ("fusion.", "heads."),
}
# Part of the text encoder; it stays in the precision that it is in.
WORD_TABLE = "word_table.safetensors"
WORD_TABLE_TENSORS = ("text_encoder.bert.embeddings.word_embeddings.",)
# One for each file of WEIGHTS, which it names and does not hold.
GRAPHS = ("image_encoder.onnx", "text_encoder.onnx", "answer.onnx")
GRAPH_WEIGHTS = "graphs.json"
TAUGHT, TAUGHT_TAXONOMY, TAUGHT_CALIBRATION = taught.FILE, "taught_taxonomy.json", "taught_calibration.json"
LEARNED = "learned.safetensors"
# What tells a taught model from its base; LEARNED is not needed to file by it.
TAUGHT_FILES = (TAUGHT, TAUGHT_TAXONOMY, TAUGHT_CALIBRATION, CONTRACT, taught_attributes.FILE, LEARNED)
FORMAT = 1
SHIPPED, NANO = "shipped", "nano"


@dataclass(frozen=True)
class Taught:
    """A merchant's own categories, which a model was taught: their tree, and how scores of them are read.

    attributes: his own as well, which take the place of those that mean the same.
    """

    head: TaughtHead
    taxonomy: Taxonomy
    calibration: Calibration
    attributes: tuple[TaughtAttribute, ...] = ()


class TaughtFiles(NamedTuple):
    """What a model was taught, apart from the weights that it shares with its base: to be sent to where those are.
    version, space: see `ModelFolder`; folder: its name; files: of TAUGHT_FILES.
    """

    version: str
    space: str
    folder: str
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class ModelFolder:
    """A model folder that was found whole, its weights not yet loaded.

    version: names the weights and taxonomy: the first 12 hex digits over all checksums, without those of the graphs,
    as these compute the same. int8: whether its encoders are in 8 bits, for CPUs (see `training.export.quantize`).
    taught: categories that take the place of `taxonomy`, on which tags and attributes still depend. space: the version
    of the model whose vectors these are: for a taught one, that of the model it was taught from.
    """

    path: Path
    config: ModelConfig
    taxonomy: Taxonomy
    tokenizer: Tokenizer
    calibration: Calibration
    version: str
    int8: bool
    familiarity: Familiarity | None
    contract: Contract | None
    taught: Taught | None
    space: str

    @property
    def name(self) -> str:
        """By which it is found again: SHIPPED or "nano" for a model that comes with Shelflens, else the whole path."""
        return folder_name(self.path)

    @property
    def exported(self) -> bool:
        """Whether it has graphs for ONNX Runtime."""
        return all((self.path / name).is_file() for name in (*GRAPHS, GRAPH_WEIGHTS))


def weight_files(config: ModelConfig) -> dict[str, tuple[str, ...]]:
    """The files of such a model's weights, and how the names of their tensors begin; the first that fits has it."""
    return ({WORD_TABLE: WORD_TABLE_TENSORS} if config.text.word_table_bits else {}) | WEIGHTS


def shipped_model(name: str = "model") -> Path:
    """A model folder that comes with Shelflens: in the installed package, or in a checkout of the repository.

    name: model, or nano, the small one for cheap machines.
    """
    installed = Path(str(files("catalog"))) / "assets" / name
    return installed if installed.is_dir() else Path(__file__).parents[2] / "assets" / name


def find_model(folder: Path) -> Path:
    """The folder, or the shipped small model for "nano", if nothing here is called that."""
    return shipped_model(NANO) if folder == Path(NANO) and not folder.exists() else folder


def folder_name(folder: Path) -> str:
    """See `ModelFolder.name`. folder: see `find_model`."""
    folder = find_model(folder)
    for name, shipped in ((SHIPPED, shipped_model()), (NANO, shipped_model(NANO))):
        if folder == shipped or (folder.exists() and shipped.exists() and folder.samefile(shipped)):
            return name
    return str(folder.absolute())


def named_folder(name: str) -> Path:
    """The folder that has this `ModelFolder.name`, which may be gone."""
    return shipped_model() if name == SHIPPED else shipped_model(NANO) if name == NANO else Path(name)


def read_taxonomy(folder: Path) -> Taxonomy:
    """The model's category tree, without loading the model. Raises CheckpointInvalid where there is none."""
    _read_config(folder)
    own = folder / TAUGHT_TAXONOMY
    return Taxonomy.load(own if own.is_file() else folder / TAXONOMY)


def model_version(folder: Path) -> str:
    """The version of what is in the folder, which is not loaded. Raises CheckpointInvalid, CheckpointDamaged."""
    return identify(folder)[0]


def identify(folder: Path) -> tuple[str, str]:
    """The version and the space of the model in the folder, as `model_version`."""
    sums = _verify(find_model(folder))
    return _version(sums), _space(sums)


def written_version(folder: Path) -> str:
    """The version of a folder that was written just now: no file is looked at."""
    return _version(_sums(folder))


def open_model(folder: Path) -> ModelFolder:
    """Raises CheckpointInvalid when the folder is none of ours, CheckpointDamaged when a file was altered.

    folder: see `find_model`.
    """
    folder = find_model(folder)
    sums = _verify(folder)
    found = _read_config(folder)
    config = ModelConfig.from_dict(found["model"])
    _require(folder, sums, weight_files(config))
    return ModelFolder(
        path=folder,
        config=config,
        taxonomy=Taxonomy.load(folder / TAXONOMY),
        tokenizer=Tokenizer.load(folder, config.text.max_tokens, config.text.prefix),
        calibration=_read_calibration(folder / CALIBRATION),
        version=_version(sums),
        int8=bool(found.get("int8")),
        familiarity=Familiarity.load(folder),
        contract=Contract.load(folder),
        taught=_read_taught(folder) if TAUGHT in sums else None,
        space=_space(sums),
    )


def taught_files(folder: Path) -> TaughtFiles:
    """Raises CheckpointInvalid for a model that was not taught, or CheckpointDamaged. The weights are not looked at."""
    folder = find_model(folder)
    sums = _sums(folder)
    if TAUGHT not in sums:
        raise CheckpointInvalid(
            f"The model {_version(sums)} was not taught, so it files products only by reading them. Ingest their feed."
        )
    names = [name for name in TAUGHT_FILES if name in sums and name != LEARNED]
    _compare(folder, {name: sums[name] for name in names})
    files = {name: (folder / name).read_bytes() for name in names}
    return TaughtFiles(_version(sums), _space(sums), folder_name(folder), files)


def was_taught(folder: Path) -> bool:
    """Whether the model in the folder is one that was taught."""
    return TAUGHT in _sums(find_model(folder))


def open_taught(sent: TaughtFiles) -> tuple[Taught, Contract | None]:
    """Raises CheckpointInvalid."""
    with TemporaryDirectory() as name:
        for file, content in sent.files.items():
            (Path(name) / file).write_bytes(content)
        return _read_taught(Path(name)), Contract.load(Path(name))


def _read_calibration(path: Path) -> Calibration:
    try:
        return Calibration.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError):
        raise CheckpointInvalid(f"The model's {path.name} is not valid.") from None


def _read_taught(folder: Path) -> Taught:
    taxonomy = Taxonomy.load(folder / TAUGHT_TAXONOMY)
    head = TaughtHead.load(folder)
    if head.votes_SC.shape[1] != len(taxonomy.leaves):
        raise CheckpointInvalid(f"The model's {TAUGHT} does not fit its {TAUGHT_TAXONOMY}.")
    return Taught(head, taxonomy, _read_calibration(folder / TAUGHT_CALIBRATION), read_attributes(folder))


def read_config(folder: Path) -> ModelConfig:
    """The model's shape, without loading it. Raises CheckpointInvalid or ConfigInvalid. folder: see `find_model`."""
    return ModelConfig.from_dict(_read_config(find_model(folder))["model"])


def read_weights(folder: Path, name: str) -> dict[str, NDArray[Any]]:
    """The weights of the graph that belongs to this file of WEIGHTS, as it computes with them.

    They may be kept in half precision and are computed with in single, but for a word table in 4 bits.
    """
    arrays = load_file(folder / name)
    table = read_word_table(folder) if name == TEXT_WEIGHTS else {}
    floats = {key: array.astype(np.float32) for key, array in arrays.items() if array.dtype == np.float16}
    return arrays | floats | table


def read_word_table(folder: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a word table in 4 bits; none where the model has an ordinary one."""
    return load_file(folder / WORD_TABLE) if (folder / WORD_TABLE).is_file() else {}


def write_checksums(folder: Path) -> None:
    """Record the sha256 of every file in the folder, but for a model card, which may be edited."""
    files_of_model = sorted(path for path in folder.iterdir() if path.name != CHECKSUMS and path.suffix != ".md")
    sums = {path.name: _sha256(path) for path in files_of_model}
    write_json(folder / CHECKSUMS, sums)


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """An empty folder to write a model into. It takes the place of `folder` once it is whole, or is removed."""
    temporary = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        write_checksums(temporary)
    except BaseException:
        shutil.rmtree(temporary)
        raise
    # Renamed away before it is deleted, file by file: until the new folder stands, the old one is whole.
    former = folder.with_name(folder.name + ".old")
    shutil.rmtree(former, ignore_errors=True)
    if folder.exists():
        folder.rename(former)
    temporary.rename(folder)
    shutil.rmtree(former, ignore_errors=True)


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        found = config.get("format")
    except (OSError, ValueError, AttributeError):
        raise CheckpointInvalid("The model's config.json is not valid.") from None
    if found != FORMAT:
        raise CheckpointInvalid(f"The model has the format {found}; this release reads {FORMAT}.")
    return {"model": {}} | config


def _verify(folder: Path) -> dict[str, str]:
    """-> the checksum of each file."""
    sums = _sums(folder)
    _require(folder, sums, (CONFIG, CALIBRATION, TAXONOMY, *tokenizer.FILES, *WEIGHTS))
    _compare(folder, sums)
    return sums


def _sums(folder: Path) -> dict[str, str]:
    try:
        return dict(json.loads((folder / CHECKSUMS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise CheckpointInvalid(
            f"{folder.name!r} holds no readable {CHECKSUMS}, so it is not a Shelflens model."
        ) from None


def _compare(folder: Path, sums: Mapping[str, str]) -> None:
    for name, said in sums.items():
        if "/" in name or _sha256(folder / name) != said:
            raise CheckpointDamaged(f"The model's {name} differs from its recorded sha256.")


def _require(folder: Path, sums: Mapping[str, str], names: Iterable[str]) -> None:
    for name in names:
        if name not in sums or not (folder / name).is_file():
            raise CheckpointInvalid(f"The model's {name} is missing.")


def _version(sums: Mapping[str, str]) -> str:
    naming = {name: recorded for name, recorded in sums.items() if name not in (*GRAPHS, GRAPH_WEIGHTS)}
    return hashlib.sha256(json.dumps(naming, sort_keys=True).encode()).hexdigest()[:12]


def _space(sums: Mapping[str, str]) -> str:
    return _version({name: recorded for name, recorded in sums.items() if name not in TAUGHT_FILES})


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
