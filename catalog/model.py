"""The model, whole: encode the picture, encode the words, fuse them, read the answers off the fused vector."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catalog.calibration import Modalities
from catalog.encoders import Encoded, ImageEncoder, ImageEncoderConfig, TextEncoder, TextEncoderConfig
from catalog.errors import InvalidConfig
from catalog.fusion import FUSIONS, FusionKind
from catalog.preprocess import Batch
from catalog.taxonomy import Taxonomy


@dataclass(frozen=True)
class ModelConfig:
    """Everything that gives the model its shape. Saved as JSON beside the weights."""

    image: ImageEncoderConfig
    text: TextEncoderConfig
    fusion: FusionKind = "late"
    width: int = 384
    depth: int = 1
    heads: int = 6
    dropout: float = 0.1
    embedding_width: int = 256
    embedding_cuts: tuple[int, ...] = (64, 128, 256)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "ModelConfig":
        """Raises InvalidConfig on unknown or missing fields."""
        try:
            image = dict(fields["image"])
            image |= {name: tuple(image[name]) for name in ("mean", "std") if name in image}
            rest = {name: value for name, value in fields.items() if name not in ("image", "text")}
            rest |= {"embedding_cuts": tuple(rest["embedding_cuts"])} if "embedding_cuts" in rest else {}
            config = cls(ImageEncoderConfig(**image), TextEncoderConfig(**fields["text"]), **rest)
        except (KeyError, TypeError) as error:
            raise InvalidConfig("The model configuration has a missing or unknown field.") from error
        if config.fusion not in FUSIONS:
            raise InvalidConfig(f"The fusion must be one of {', '.join(FUSIONS)}.")
        return config


class Outputs(NamedTuple):
    """What one forward pass gives, as logits and unit vectors.

    leaf_BC: one logit per leaf of the tree; tags_BG: one per tag; attributes: name -> (B, values);
    fused_BE, image_BE, text_BE: embeddings of unit length in one space.
    """

    leaf_BC: Tensor
    tags_BG: Tensor
    attributes: dict[str, Tensor]
    fused_BE: Tensor
    image_BE: Tensor
    text_BE: Tensor


class CatalogModel(nn.Module):
    def __init__(
        self,
        config: ModelConfig,
        taxonomy: Taxonomy,
        image_encoder: ImageEncoder | None = None,
        text_encoder: TextEncoder | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.image_encoder = image_encoder or ImageEncoder(config.image)
        self.text_encoder = text_encoder or TextEncoder(config.text)
        widths = self.image_encoder.width, self.text_encoder.width
        self.fusion = FUSIONS[config.fusion](*widths, config.width, config.depth, config.heads, config.dropout)
        self.heads = Heads(config, taxonomy, *widths)

    def forward(self, batch: Batch) -> Outputs:
        return self.answer(*self.encode(batch))

    def answer(self, image: Encoded, text: Encoded, modalities: Modalities = "both") -> Outputs:
        """What is read off both encoders' results, or as if a product had only the one modality."""
        kept_image = image.keep(torch.full_like(image.present_B, modalities != "text"))
        kept_text = text.keep(torch.full_like(text.present_B, modalities != "image"))
        return self.heads(self.fusion(kept_image, kept_text), image, text)

    def encode(self, batch: Batch) -> tuple[Encoded, Encoded]:
        return self.encode_image(batch), self.encode_text(batch)

    def encode_text(self, batch: Batch) -> Encoded:
        tokens_BTD, pooled_BD = self.text_encoder(batch.ids_BT, batch.mask_BT)
        return Encoded(tokens_BTD, batch.mask_BT, pooled_BD, batch.has_text_B)

    def encode_image(self, batch: Batch) -> Encoded:
        """Several pictures of one product: their tokens in a row, their pooled vectors averaged."""
        products, device = len(batch.has_image_B), batch.has_image_B.device
        if len(batch.owner_N) == 0:
            empty_BTD = torch.zeros(products, 1, self.image_encoder.width, device=device)
            no_token_BT = torch.zeros(products, 1, dtype=torch.bool, device=device)
            return Encoded(empty_BTD, no_token_BT, empty_BTD[:, 0], batch.has_image_B)
        tokens_NTD, pooled_ND = self.image_encoder(batch.pixels_NCHW)
        count_B = torch.bincount(batch.owner_N, minlength=products)
        first_B = count_B.cumsum(0) - count_B
        slot_N = torch.arange(len(batch.owner_N), device=device) - first_B[batch.owner_N]
        shape = products, int(count_B.max()), *tokens_NTD.shape[1:]
        tokens_BPTD = tokens_NTD.new_zeros(shape).index_put((batch.owner_N, slot_N), tokens_NTD)
        filled_BP = torch.arange(shape[1], device=device) < count_B.unsqueeze(1)
        mask_BT = filled_BP.repeat_interleave(shape[2], 1)
        sum_BD = pooled_ND.new_zeros(products, shape[3]).index_add(0, batch.owner_N, pooled_ND)
        pooled_BD = sum_BD / count_B.clamp(min=1).unsqueeze(1)
        return Encoded(tokens_BPTD.flatten(1, 2), mask_BT, pooled_BD, batch.has_image_B)


class Heads(nn.Module):
    """Category, tags, attributes and the embeddings, each a linear layer."""

    def __init__(self, config: ModelConfig, taxonomy: Taxonomy, image_width: int, text_width: int) -> None:
        super().__init__()
        self.norm = nn.Sequential(nn.LayerNorm(config.width), nn.Dropout(config.dropout))
        self.category = nn.Linear(config.width, len(taxonomy.leaves))
        self.tags = nn.Linear(config.width, len(taxonomy.tags))
        self.attributes = nn.ModuleDict({a.name: nn.Linear(config.width, len(a.values)) for a in taxonomy.attributes})
        self.embedding = nn.Linear(config.width, config.embedding_width)
        self.image_embedding = Projection(image_width, config.embedding_width)
        self.text_embedding = Projection(text_width, config.embedding_width)
        self.log_scale = nn.Parameter(torch.tensor(2.66))  # 1/0.07, as in CLIP (Radford et al. 2021)

    def forward(self, fused_BD: Tensor, image: Encoded, text: Encoded) -> Outputs:
        fused_BD = self.norm(fused_BD)
        return Outputs(
            leaf_BC=self.category(fused_BD),
            tags_BG=self.tags(fused_BD),
            attributes={name: head(fused_BD) for name, head in self.attributes.items()},
            fused_BE=F.normalize(self.embedding(fused_BD).float(), dim=-1),
            image_BE=F.normalize(self.image_embedding(image.pooled_BD).float(), dim=-1),
            text_BE=F.normalize(self.text_embedding(text.pooled_BD).float(), dim=-1),
        )


class Projection(nn.Module):
    """A linear map with a residual two-layer correction, from an encoder's pooled vector to the shared space."""

    def __init__(self, source_width: int, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(source_width)
        self.linear = nn.Linear(source_width, width)
        self.correction = nn.Sequential(nn.Linear(source_width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, pooled_BD: Tensor) -> Tensor:
        pooled_BD = self.norm(pooled_BD)
        return self.linear(pooled_BD) + self.correction(pooled_BD)
