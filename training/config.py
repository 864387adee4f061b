"""A training run as data: one TOML file, read into frozen dataclasses, unknown keys refused."""

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from catalog.errors import ConfigInvalid, FileNotReadable
from catalog.model.config import FusionKind

T = TypeVar("T")


@dataclass(frozen=True)
class SetConfig:
    """One data set: its manifest below the data folder, and how often an epoch draws each of its products."""

    manifest: str
    repeats: int = 1


@dataclass(frozen=True)
class StartConfig:
    """Where weights come from. A name is a hub's, a local folder, or (`stem_weights`, `model`) a local file or run.

    Give `image` (any timm ViT), or `stem` and `stem_weights` for a hybrid ViT of `image_options` on images of `size`
    pixels; or `model`, a folder that an earlier run wrote, for both encoders; with `keep_fusion` for its fusion and
    heads, too. text_options: the shape of a smaller BERT to make of `text`, with the first `vocabulary` of its tokens
    and those that the training texts use.
    average: further such folders; each encoder then starts as the mean of its weights in all of them, which generalises
    better than any one of them (Wortsman et al. 2022).
    """

    image: str = ""
    stem: str = ""
    stem_weights: str = ""
    image_options: dict[str, Any] = field(default_factory=dict)
    size: int = 224
    text: str = ""
    text_options: dict[str, Any] = field(default_factory=dict)
    vocabulary: int = 8000
    model: str = ""
    keep_fusion: bool = False
    average: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrainConfig:
    """One run. Lengths are in epochs; an epoch draws each set's products as often as the set repeats.

    max_steps: end earlier than the epochs would, with the schedule scaled to it; 0: do not.
    frozen, and the keys of learning_rate_scale: regular expressions searched for in parameter names.
    keep_image, keep_text: how often a modality survives modality dropout. read_every_way: instead of dropout, each step
    reads its products by image alone, by words alone and by both: three fusions for one pass of the encoders, which
    pays where those cost the most.
    made_titles: how often a product without words gets a title made from its category (training/data/titles.py).
    small_epochs: how many epochs to begin with on images of `small_size`, which cost less and suit a later, larger
    view (Touvron et al. 2019).
    cache_views: with both encoders frozen, how many augmented views of each product to encode once and train on; 0
    encodes anew each time. features: the file that holds them, for runs that share it.
    teacher: a model folder; what that model says of each product is learned, too, with the weight `teacher_weight` and
    its logits divided by `temperature` (Hinton et al. 2015).
    average_decay: of the moving average of the weights, which is what is scored and kept.
    opinions: attributes that are a retailer's view and no property of the product, such as its season. They are learned
    and never given: one retailer's labels cannot prove them for another's products.
    max_unmapped: the largest share of a data set's labelled products whose category may be missing from the tree. They
    teach no category; the run says how many they are.
    kinds: files below the data folder with names of kinds of product, a path a line, by which an export learns to tell
    words of other kinds than the tree's (training/export/familiarity.py).
    """

    output: str
    sets: tuple[SetConfig, ...]
    start: StartConfig
    taxonomy: str = "assets/model/taxonomy.json"
    fusion: FusionKind = "late"
    width: int = 384
    depth: int = 1
    heads: int = 6
    dropout: float = 0.1
    seed: int = 0
    epochs: int = 10
    max_steps: int = 0
    batch_size: int = 64
    accumulate: int = 1
    optimizer: Literal["adamw", "lamb"] = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.05
    learning_rate_scale: dict[str, float] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()
    keep_image: float = 0.8
    keep_text: float = 0.6
    read_every_way: bool = False
    made_titles: float = 0.0
    smoothing: float = 0.1
    upper_weight: float = 0.3
    category_weight: float = 1.0
    attribute_weight: float = 0.5
    tag_weight: float = 0.1
    contrastive_weight: float = 0.3
    teacher: str = ""
    teacher_weight: float = 1.0
    temperature: float = 2.0
    average_decay: float = 0.998
    small_size: int = 0
    small_epochs: int = 0
    cache_views: int = 0
    features: str = ""
    opinions: tuple[str, ...] = ()
    max_unmapped: float = 0.1
    kinds: tuple[str, ...] = ()
    workers: int = 1
    checkpoint_seconds: int = 120


def read_config(path: Path) -> TrainConfig:
    """Raises FileNotReadable or ConfigInvalid."""
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise FileNotReadable(f"The configuration {path.name!r} does not exist or is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError:
        raise ConfigInvalid(f"The configuration {path.name!r} is not valid TOML.") from None
    return parse_config(fields)


def parse_config(fields: dict[str, Any]) -> TrainConfig:
    sets = tuple(_build(SetConfig, item, "sets") for item in fields.get("sets", ()))
    if not sets:
        raise ConfigInvalid("The configuration names no data set: give at least one [[sets]] with a manifest.")
    start = _build(StartConfig, fields.get("start", {}), "start")
    folders = [Path(item.manifest).parent.name for item in sets]
    if "" in folders or len(set(folders)) < len(folders):
        raise ConfigInvalid("Each manifest must lie in a folder of its own, whose name is the data set's.")
    config = _build(TrainConfig, fields | {"sets": sets, "start": start}, "the file")
    if config.accumulate < 1 or config.batch_size < 1 or config.batch_size % config.accumulate:
        raise ConfigInvalid("batch_size must be a multiple of accumulate.")
    if config.teacher and config.cache_views:
        raise ConfigInvalid("A teacher reads each picture as it is drawn, so there is none with cache_views.")
    return config


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
            raise ConfigInvalid(f"The value of {name} in {where} is not of the right kind.")
    return kind(**fields)


def _fits(value: object, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, get_origin(hint) or hint)
