"""The configuration of a training run: one TOML file, parsed into frozen dataclasses. Unknown keys are errors."""

import dataclasses
import tomllib
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from catalog.errors import ConfigInvalid, FileNotReadable
from catalog.model.config import FusionKind

T = TypeVar("T")

# What frozen encoders give, in files that runs may share, and its name in the folder of a run of its own.
CacheKind = Literal["maps", "features", "teacher_features", "vectors"]
CACHES: dict[CacheKind, str] = {
    "maps": "maps.npy",
    "features": "features.pt",
    "teacher_features": "teacher.pt",
    "vectors": "corpus.pt",
}

# Keys of earlier releases, still accepted for one release.
RENAMED = {
    "made_titles": "synthetic_title_rate",
    "read_every_way": "all_modality_subsets",
    "small_epochs": "low_res_epochs",
    "small_size": "low_res_size",
}


@dataclass(frozen=True)
class SetConfig:
    """One data set."""

    manifest: str  # path below the data root; the name of its folder is the data set's
    repeats: int = 1  # how often an epoch draws each of its products


@dataclass(frozen=True)
class StartConfig:
    """Initial weights.

    Give `model` for the encoders of an earlier run, `model` with `text` for its image encoder alone, or `text` with
    `image` (any timm ViT) or `stem` (a hybrid ViT). A name is that of a hub, or of a local folder.
    """

    image: str = ""
    stem: str = ""  # timm name of the CNN in front of a hybrid ViT
    stem_weights: str = ""  # a local safetensors file
    image_options: dict[str, Any] = field(default_factory=dict)  # arguments of the hybrid ViT
    size: int = 224  # side of its images, pixels
    crop: float = 1.0  # the share of each side, in the middle, that is read
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)  # of the pixels that the stem was pretrained on, 0 to 1
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    shared_stages: int = 0  # stages of the stem that are never trained: see `catalog.model.encoders.stem`
    text: str = ""
    text_layers: int = 0  # the lowest layers of the text encoder that are kept; 0: all
    text_options: dict[str, Any] = field(default_factory=dict)  # BertConfig fields of a smaller BERT pruned from `text`
    # Project into the shared space along the principal directions of classes and categories, and take the categories'
    # mean from all texts.
    principal: bool = False
    vocabulary: int = 8000  # with text_options: the first tokens kept, besides those of the training texts
    model: str = ""  # a model folder of an earlier run
    keep_fusion: bool = False  # with `model`: also start from its fusion and heads
    # Further model folders: each encoder starts as the mean of its weights over all of them, which generalises better
    # than any single one (Wortsman et al. 2022).
    average: tuple[str, ...] = ()


@dataclass(frozen=True)
class CorpusConfig:
    """Texts of every department, see `training.texts.corpus`. Paths count from the data root."""

    shopify: str  # folder of Shopify's taxonomy
    google: str  # file of Google's
    titles: tuple[str, ...] = ()  # manifests and files of titles
    synthetic: int = 30_000  # titles that are put together
    every: int = 1  # of the texts, only each so many-th


@dataclass(frozen=True)
class TrainConfig:
    """One training run: a TOML file of configs/."""

    output: str  # the run's folder: model/, last/, state.pt, log.jsonl, tensorboard/
    sets: tuple[SetConfig, ...]
    start: StartConfig
    taxonomy: str = "assets/model/taxonomy.json"

    # The network beyond the encoders; see `catalog.model.config.ModelConfig`.
    fusion: FusionKind = "late"
    width: int = 384
    depth: int = 1
    heads: int = 6
    dropout: float = 0.1
    residual_embedding: bool = False
    max_added: float = 0.3
    open_head: bool = False
    examples_weighed: bool = False  # needs frozen encoders, and a frozen heads.text_embedding

    # The schedule: linear warm-up, then a cosine to zero.
    seed: int = 0
    epochs: int = 10  # an epoch draws each product as often as its data set repeats
    max_steps: int = 0  # end earlier, with the schedule scaled to it; 0: no limit
    batch_size: int = 64
    accumulate: int = 1  # parts of a batch, whose gradients are summed
    optimizer: Literal["adamw", "lamb"] = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.05  # share of all steps
    learning_rate_scale: dict[str, float] = field(default_factory=dict)  # regex of parameter names -> factor
    frozen: tuple[str, ...] = ()  # regexes of parameter names
    average_decay: float = 0.998  # of the moving average of the weights, which is what is scored and saved

    # Modality dropout: how often each modality survives it.
    keep_image: float = 0.8
    keep_text: float = 0.6
    # Instead of dropout, take the loss of each product by image alone, by text alone and by both: three fusions for one
    # pass of the encoders. Pays where the encoders cost the most.
    all_modality_subsets: bool = False

    # Data.
    synthetic_title_rate: float = 0.0  # how often a product without text gets a synthetic title; see data/titles.py
    low_res_epochs: int = 0  # first epochs at `low_res_size` pixels: cheaper (Touvron et al. 2019)
    low_res_size: int = 0
    cache_views: int = 0  # with frozen encoders: augmented views of each product, encoded once; 0: encode every time
    features: str = ""  # file of the cached views, for runs that share it; "": in the run's folder
    vectors: str = ""  # file of what the text encoder reads in names and corpus, for runs that share it; "": the same
    cache_maps: int = 0  # with shared stages: views of each image whose map is computed once; 0: in every step
    maps: str = ""  # file of these maps, for runs that share it; "": in the run's folder
    max_unmapped: float = 0.1  # largest share of a set's labelled products whose category the tree may lack
    workers: int = 1  # processes that load samples

    # Loss weights; see training/losses.py.
    leaves_drawn: int = 0  # leaves that a step scores besides those of its labels, drawn at random; 0: all
    smoothing: float = 0.1  # label smoothing
    upper_weight: float = 0.3  # of each level of the tree above the label
    category_weight: float = 1.0
    attribute_weight: float = 0.5
    tag_weight: float = 0.1
    contrastive_weight: float = 0.3
    search_weight: float = 0.0  # contrastive, between the vectors that a search compares; needs all_modality_subsets
    relation_weight: float = 0.0  # products that the encoders hold near stay near (Park et al. 2019)
    corpus: CorpusConfig | None = None  # further texts, to be kept apart and found by their translations and queries
    corpus_batch: int = 128  # of them in each step
    corpus_weight: float = 1.0
    # Model folder to distil from (Hinton et al. 2015). With cache_views its encoders read the same views once, too.
    teacher: str = ""
    teacher_features: str = ""  # file of these, for runs that share it; "": in the run's folder
    teacher_weight: float = 1.0
    temperature: float = 2.0  # of distillation

    # The export.
    # Attributes that are a retailer's view and not a property of the product, such as its season. They are learned, but
    # never returned: one retailer's labels cannot prove them for another's products.
    opinions: tuple[str, ...] = ()
    # Files below the data root with names of kinds of product, one path a line, from which the export learns to
    # recognise text about other kinds than the tree's (training/export/familiarity.py).
    kinds: tuple[str, ...] = ()

    checkpoint_seconds: int = 120

    def cache(self, kind: CacheKind) -> Path:
        """The file of what frozen encoders give: the one that is named, or the run's own."""
        return Path(getattr(self, kind) or Path(self.output, CACHES[kind]))


@dataclass(frozen=True)
class TextConfig:
    """A run that teaches a text encoder, see `training.texts.teach`."""

    output: str  # the run's folder: encoder/, state.pt, log.jsonl
    start: str  # folder of the encoder
    teachers: tuple[str, ...]  # folders of the encoders whose vectors are set side by side
    corpus: CorpusConfig
    taxonomy: str = "assets/model/taxonomy.json"
    seed: int = 0
    steps: int = 1200
    batch_size: int = 96  # English texts of a step, each with a translation and a query if it has one
    max_tokens: int = 48
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    warmup: float = 0.05
    frozen_layers: int = 6  # the lowest
    relation_weight: float = 10.0
    translation_weight: float = 0.5
    query_weight: float = 0.5
    start_share: float = 0.0  # of the encoder's weights before training in those written (WiSE-FT)
    checkpoint_seconds: int = 120


@dataclass(frozen=True)
class NarrowTextConfig:
    """A run that teaches a narrow text encoder what a model's own one says, see `training.texts.narrow`."""

    output: str  # the run's folder: encoder/, state.pt, log.jsonl
    teacher: str  # model folder
    corpus: CorpusConfig
    text_options: dict[str, Any]  # BertConfig fields that differ from the teacher's
    taxonomy: str = "assets/model/taxonomy.json"
    vectors: str = ""  # file of what the teacher's encoder reads, for runs that share it; "": in the run's folder
    vocabulary: int = 16_000  # the first tokens kept, besides letters and those of the corpus
    max_tokens: int = 96
    seed: int = 0
    word_steps: int = 400  # first steps, with the words alone
    steps: int = 2000  # further steps
    batch_size: int = 256  # English texts of a step, each with a translation and a query if it has one
    learning_rate: float = 1e-3
    word_scale: float = 5.0  # factor of the word table's learning rate
    weight_decay: float = 0.01
    warmup: float = 0.05  # share of the steps, of either kind
    checkpoint_seconds: int = 120


def read_text_config(path: Path) -> TextConfig | NarrowTextConfig:
    """The second has a `teacher`. Raises FileNotReadable or ConfigInvalid."""
    fields = _read_toml(path)
    if "corpus" in fields:
        fields |= {"corpus": _build(CorpusConfig, fields["corpus"], "corpus")}
    if "teacher" in fields:
        return _build(NarrowTextConfig, fields, "the file")
    return _build(TextConfig, fields, "the file")


def read_config(path: Path) -> TrainConfig:
    """Raises FileNotReadable or ConfigInvalid."""
    return parse_config(_read_toml(path))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise FileNotReadable(f"The configuration {path.name!r} does not exist or is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError:
        raise ConfigInvalid(f"The configuration {path.name!r} is not valid TOML.") from None


def parse_config(fields: dict[str, Any]) -> TrainConfig:
    """TOML fields -> a checked configuration. Warns of renamed keys. Raises ConfigInvalid."""
    for old, new in RENAMED.items():
        if old in fields:
            warnings.warn(f"The key {old!r} is now called {new!r}; the old name will go.", FutureWarning, stacklevel=2)
    fields = with_new_names(fields)
    sets = tuple(_build(SetConfig, item, "sets") for item in fields.get("sets", ()))
    if not sets:
        raise ConfigInvalid("The configuration names no data set. Add at least one [[sets]] with a manifest.")
    start = _build(StartConfig, fields.get("start", {}), "start")
    if "corpus" in fields:
        fields |= {"corpus": _build(CorpusConfig, fields["corpus"], "corpus")}
    folders = [Path(item.manifest).parent.name for item in sets]
    if "" in folders or len(set(folders)) < len(folders):
        raise ConfigInvalid("Each manifest must lie in a folder of its own, whose name is the data set's.")
    config = _build(TrainConfig, fields | {"sets": sets, "start": start}, "the file")
    if config.accumulate < 1 or config.batch_size < 1 or config.batch_size % config.accumulate:
        raise ConfigInvalid("batch_size must be a multiple of accumulate.")
    if config.cache_maps and (
        config.teacher or config.low_res_epochs or not (config.start.shared_stages or config.start.model)
    ):
        raise ConfigInvalid("cache_maps needs shared stages, and neither a teacher nor images of low resolution.")
    if config.teacher and config.leaves_drawn and not config.cache_views:
        raise ConfigInvalid("A teacher tells of all leaves, so leaves_drawn needs its cached features (cache_views).")
    return config


def recorded_config(fields: dict[str, Any]) -> TrainConfig:
    """The configuration that a run of this or an earlier release wrote as JSON. Raises ConfigInvalid."""
    return parse_config(with_new_names({name: value for name, value in fields.items() if value is not None}))


def with_new_names(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a configuration of an earlier release under today's keys. Raises ConfigInvalid."""
    for old, new in RENAMED.items():
        if old in fields and new in fields:
            raise ConfigInvalid(f"The keys {old!r} and {new!r} mean the same. Give only the second.")
    return {RENAMED.get(name, name): value for name, value in fields.items()}


def _build(kind: type[T], fields: dict[str, Any], where: str) -> T:
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    known = {item.name: item for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(fields) - set(known))
    if unknown:
        raise ConfigInvalid(f"Unknown key in {where}: {', '.join(unknown)}.")
    missing = [
        name
        for name, item in known.items()
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING and name not in fields
    ]
    if missing:
        raise ConfigInvalid(f"Missing key in {where}: {', '.join(missing)}.")
    for name, hint in get_type_hints(kind).items():
        if name in fields and not _fits(fields[name], hint):
            raise ConfigInvalid(f"The value of {name} in {where} has the wrong type.")
    return kind(**fields)


def _fits(value: object, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint if isinstance(hint, UnionType) else get_origin(hint) or hint)
