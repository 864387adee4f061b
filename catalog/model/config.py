"""Everything that gives a model its shape. Saved as JSON beside the weights."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from catalog.errors import ConfigInvalid

FusionKind = Literal["early", "late", "cross"]


@dataclass(frozen=True)
class ImageEncoderConfig:
    """`architecture` and `stem` are timm model names; `options` go to the ViT's constructor.

    size: side of the images that are given, pixels. crop: the share of each side, in the middle, that is read.
    shared_stages: so many of the stem's stages feed both the ViT, through stages of its own, and the stem's further
    stages as they were pretrained, whose vector stands beside the ViT's; 0: the ViT alone, on the whole stem.
    name_width: of the vectors that the names of the stem's classes have; 0: without them.
    See `catalog.model.encoders.stem`.
    """

    architecture: str
    stem: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    size: int = 224
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    crop: float = 1.0
    shared_stages: int = 0
    name_width: int = 0

    @property
    def inner(self) -> int:
        """Side of what is read of an image, pixels."""
        return round(self.size * self.crop)


@dataclass(frozen=True)
class TextEncoderConfig:
    """`bert` holds the arguments of transformers' `BertConfig`.

    scripts: those it was taught, see `catalog.model.scripts`. prefix: what the tokenizer puts before every text, as the
    encoder was taught; it counts in max_tokens. word_table_bits: 4 for a word table in 4 bits, which is not trained
    (see `catalog.model.encoders.quantized`); None for an ordinary one.
    """

    bert: Mapping[str, Any]
    max_tokens: int = 96
    scripts: tuple[str, ...] = ("LATIN",)
    prefix: str = ""
    word_table_bits: int | None = None


@dataclass(frozen=True)
class ModelConfig:
    """residual_embedding: the fused embedding is the sum of each modality's own, of unit length, and of what the fusion
    adds, which is no longer than `max_added`. open_head: a category's score is its likeness to the category's names,
    and what examples taught besides. examples_weighed: what examples taught, in both, counts as far as a product is
    like them (see `catalog.model.network.Likeness`).
    """

    image: ImageEncoderConfig
    text: TextEncoderConfig
    fusion: FusionKind = "late"
    width: int = 384
    depth: int = 1
    heads: int = 6
    dropout: float = 0.1
    embedding_width: int = 256
    embedding_cuts: tuple[int, ...] = (64, 128, 256)
    residual_embedding: bool = False
    max_added: float = 0.3
    open_head: bool = False
    examples_weighed: bool = False

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "ModelConfig":
        """Raises ConfigInvalid on unknown or missing fields."""
        try:
            image = dict(fields["image"])
            image |= {name: tuple(image[name]) for name in ("mean", "std") if name in image}
            rest = {name: value for name, value in fields.items() if name not in ("image", "text")}
            rest |= {"embedding_cuts": tuple(rest["embedding_cuts"])} if "embedding_cuts" in rest else {}
            config = cls(ImageEncoderConfig(**image), text_config(fields["text"]), **rest)
        except (KeyError, TypeError) as error:
            raise ConfigInvalid("The model configuration has a missing or unknown field.") from error
        if config.fusion not in get_args(FusionKind):
            raise ConfigInvalid(f"The fusion must be one of {', '.join(get_args(FusionKind))}.")
        return config


def text_config(fields: Mapping[str, Any]) -> TextEncoderConfig:
    """From JSON. Raises ConfigInvalid on a number of bits that there is not, TypeError on unknown or missing fields."""
    config = TextEncoderConfig(**dict(fields) | ({"scripts": tuple(fields["scripts"])} if "scripts" in fields else {}))
    if config.word_table_bits not in (None, 4):
        raise ConfigInvalid("word_table_bits must be 4, or not given.")
    return config
