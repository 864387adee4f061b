"""The whole model: encode the images, encode the texts, fuse them, and predict from the fused vector.

Letters at the end of a tensor's name are its axes:

    B  products of a batch                 T  tokens of an image or a text
    N  different images in the batch       D  width of an encoder, or of the fusion
    U  different texts, in groups of G     E  width of the embedding
    P  slots of a product: images_BP[b, p] is the number of product b's image p among the N, -1 if it has none
    C  leaf categories;  G  tags;  V  values of an attribute
    CHW  channels, height and width of an image
"""

import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catalog.arrays import Modalities
from catalog.model.config import ModelConfig
from catalog.model.encoders import Encoded, ImageEncoder, TextEncoder, Widths
from catalog.model.fusion import FUSIONS
from catalog.model.preprocess import Batch
from catalog.taxonomy.tree import Taxonomy


@dataclass(frozen=True)
class Inputs:
    """A `catalog.model.preprocess.Batch` as tensors. texts: ids and mask, (G, T), of each group."""

    pixels_NCHW: Tensor
    texts: tuple[tuple[Tensor, Tensor], ...]
    images_BP: Tensor
    texts_BP: Tensor

    @classmethod
    def of(cls, batch: Batch) -> "Inputs":
        texts = tuple((torch.from_numpy(group.ids_GT), torch.from_numpy(group.mask_GT)) for group in batch.texts)
        arrays = (batch.pixels_NCHW, batch.images_BP, batch.texts_BP)
        pixels_NCHW, images_BP, texts_BP = map(torch.from_numpy, arrays)
        return cls(pixels_NCHW, texts, images_BP, texts_BP)

    def to(self, device: torch.device) -> "Inputs":
        def moved(tensor: Tensor) -> Tensor:
            # The GPU copies from pinned memory by itself, without blocking the CPU.
            return (tensor.pin_memory() if device.type == "cuda" else tensor).to(device, non_blocking=True)

        texts = tuple((moved(ids_GT), moved(mask_GT)) for ids_GT, mask_GT in self.texts)
        return Inputs(moved(self.pixels_NCHW), texts, moved(self.images_BP), moved(self.texts_BP))


class Outputs(NamedTuple):
    """The result of a forward pass.

    leaf_BC, tags_BG, attributes (name -> (B, V)): logits. names_BC: those of the leaves by their names alone, to which
    the image is what its classes are called; None without an open head. fused_BE, image_BE, text_BE: unit embeddings
    in one space.
    """

    leaf_BC: Tensor
    names_BC: Tensor | None
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
        widths = self.image_encoder.widths, self.text_encoder.widths
        self.fusion = FUSIONS[config.fusion](*widths, config.width, config.depth, config.heads, config.dropout)
        self.heads = Heads(config, taxonomy, *widths, self.image_encoder.named)

    def forward(self, inputs: Inputs) -> Outputs:
        return self.fuse_and_classify(*self.encode(inputs))

    def fuse_and_classify(
        self, image: Encoded, text: Encoded, modalities: Modalities = "both", leaves: Tensor | None = None
    ) -> Outputs:
        """Fuse both encodings and apply the heads; `modalities` masks the other modality out. leaves: see `Heads`."""
        kept_image = image.keep(torch.full_like(image.present_B, modalities != "text"))
        kept_text = text.keep(torch.full_like(text.present_B, modalities != "image"))
        return self.heads(self.fusion(kept_image, kept_text), kept_image, kept_text, leaves)

    def encode(self, inputs: Inputs) -> tuple[Encoded, Encoded]:
        return self.encode_image(inputs), self.encode_text(inputs)

    def encode_image(self, inputs: Inputs) -> Encoded:
        if not len(inputs.pixels_NCHW):
            return Encoded.scatter(
                *empty_encoding(self.image_encoder.widths, inputs.images_BP.device), inputs.images_BP
            )
        tokens_NTD, pooled_ND = self.image_encoder(inputs.pixels_NCHW)
        everywhere_NT = torch.ones_like(tokens_NTD[:, :, 0], dtype=torch.bool)
        return Encoded.scatter(tokens_NTD, everywhere_NT, pooled_ND, inputs.images_BP)

    def encode_text(self, inputs: Inputs) -> Encoded:
        """Texts are encoded in groups of similar length, so that a long one does not pad them all."""
        if not inputs.texts:
            return Encoded.scatter(*empty_encoding(self.text_encoder.widths, inputs.texts_BP.device), inputs.texts_BP)
        longest = max(mask_GT.shape[1] for _, mask_GT in inputs.texts)
        tokens, masks, pooled = [], [], []
        for ids_GT, mask_GT in inputs.texts:
            tokens_GTD, pooled_GD = self.text_encoder(ids_GT, mask_GT)
            missing = longest - mask_GT.shape[1]
            tokens.append(F.pad(tokens_GTD, (0, 0, 0, missing)))
            masks.append(F.pad(mask_GT, (0, missing)))
            pooled.append(pooled_GD)
        return Encoded.scatter(torch.cat(tokens), torch.cat(masks), torch.cat(pooled), inputs.texts_BP)


def empty_encoding(widths: Widths, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The encoding of no image or no text: tokens (0, 1, D), mask (0, 1), pooled vectors (0, F)."""
    tokens_NTD, mask_NT = torch.zeros(0, 1, widths.tokens, device=device), torch.zeros(0, 1, device=device)
    return tokens_NTD, mask_NT.bool(), torch.zeros(0, widths.pooled, device=device)


class Heads(nn.Module):
    """Linear heads for category, tags, attributes and the fused embedding; projections for those of one modality.

    residual: see `ModelConfig`. named: the part of an image's pooled vector that is in the space of texts, and is
    embedded as one.
    """

    def __init__(self, config: ModelConfig, taxonomy: Taxonomy, image: Widths, text: Widths, named: slice) -> None:
        super().__init__()
        self.residual, self.max_added, self.named = config.residual_embedding, config.max_added, named
        self.norm = nn.Sequential(nn.LayerNorm(config.width), nn.Dropout(config.dropout))
        self.category = nn.Linear(config.width, len(taxonomy.leaves))
        self.names = CategoryNames(len(taxonomy.leaves), text.pooled) if config.open_head else None
        self.tags = linear(config.width, len(taxonomy.tags))
        self.attributes = nn.ModuleDict({a.name: nn.Linear(config.width, len(a.values)) for a in taxonomy.attributes})
        self.embedding = nn.Linear(config.width, config.embedding_width)
        self.likeness = Likeness(image.pooled, config.embedding_width) if config.examples_weighed else None
        self.image_embedding = Projection(image.pooled, config.embedding_width)
        self.text_embedding = Projection(text.pooled, config.embedding_width)
        self.log_scale = nn.Parameter(torch.tensor(2.66))  # 1/0.07, as in CLIP (Radford et al. 2021)

    def forward(self, fused_BD: Tensor, image: Encoded, text: Encoded, leaves: Tensor | None = None) -> Outputs:
        """leaves: those whose logits are computed; by default all."""
        fused_BD = self.norm(fused_BD)
        fused_BE = self.embedding(fused_BD).float()
        image_BE, named_BE = self.of_image(image.pooled_BD)
        text_BE = self.text_embedding(text.pooled_BD).float()
        share_B1: Tensor | float = 1.0
        worded_BE = fused_BE
        if self.residual:
            has_image_B1, has_text_B1 = image.present_B.unsqueeze(-1), text.present_B.unsqueeze(-1)
            said_BE = F.normalize(text_BE, dim=-1) * has_text_B1
            if self.likeness is not None:
                share_B1 = self.likeness(image, named_BE * has_image_B1 + said_BE)
            added_BE = share_B1 * self.max_added * fused_BE / (1 + fused_BE.square().sum(-1, keepdim=True)).sqrt()
            fused_BE = added_BE + image_BE * has_image_B1 + said_BE
            worded_BE = added_BE + named_BE * has_image_B1 + said_BE
        weights = (self.category.weight, self.category.bias)
        leaf_BC = F.linear(fused_BD, *(weights if leaves is None else (part[leaves] for part in weights)))
        names_BC = None
        if self.names is not None:
            leaf_BC = self.names(fused_BE, self.text_embedding, leaves) + self.names.left_out(leaf_BC)
            names_BC = self.names(worded_BE, self.text_embedding, leaves)
            if self.likeness is not None:
                leaf_BC = names_BC + share_B1 * (leaf_BC - names_BC)
        return Outputs(
            leaf_BC=leaf_BC,
            names_BC=names_BC,
            tags_BG=self.tags(fused_BD),
            attributes={name: head(fused_BD) for name, head in self.attributes.items()},
            fused_BE=F.normalize(fused_BE, dim=-1),
            image_BE=F.normalize(image_BE, dim=-1),
            text_BE=F.normalize(text_BE, dim=-1),
        )

    def of_image(self, pooled_BD: Tensor) -> tuple[Tensor, Tensor]:
        """(B, E) each: half of it what an image is like, half what its classes are called; and the latter alone, of
        unit length. Where classes have no names, both are what it is like.
        """
        like_BE = F.normalize(self.image_embedding(pooled_BD).float(), dim=-1)
        if self.named.start == self.named.stop:
            return like_BE, like_BE
        named_BE = F.normalize(self.text_embedding(pooled_BD[:, self.named]).float(), dim=-1)
        return (like_BE + named_BE) / 2, named_BE


class Likeness(nn.Module):
    """How like the examples a product is, from 0 to 1. To goods of other kinds, what examples taught gives the nearest
    kind that had some; they go by what the encoders knew before training, and by names.

    Log odds add up: a linear layer tells what names kinds with examples, be it a text or what an image's classes are
    called; and an image is near to one of a sample of the training images, or not (see `catalog.model.familiarity`).
    Fitted before training (see `training.likeness`), and never trained.
    """

    SAMPLE, NUMBERS = 2000, 64  # images, and numbers of each

    def __init__(self, image_width: int, width: int) -> None:
        super().__init__()
        self.direction_E: Tensor
        self.offset: Tensor
        self.projection_DP: Tensor
        self.sample_NP: Tensor
        self.near_2: Tensor
        self.register_buffer("direction_E", torch.zeros(width))
        self.register_buffer("offset", torch.zeros(1))
        self.register_buffer("projection_DP", torch.zeros(image_width, self.NUMBERS))
        self.register_buffer("sample_NP", torch.zeros(self.SAMPLE, self.NUMBERS))  # zeros: fewer images
        self.register_buffer("near_2", torch.zeros(2))  # slope and offset by distance

    def forward(self, image: Encoded, named_BE: Tensor) -> Tensor:
        """-> (B, 1). named_BE: the sum of the text's and the classes' embeddings."""
        with full_precision(named_BE.device.type):
            log_odds_B = F.normalize(named_BE.float(), dim=-1) @ self.direction_E + self.offset
            image_BP = F.normalize(F.normalize(image.pooled_BD.float(), dim=-1) @ self.projection_DP, dim=-1)
            second_B = (image_BP @ self.sample_NP.T).topk(2, dim=-1).values[:, 1]  # one may be near by chance
            near_B = self.near_2[0] * (1 - second_B) + self.near_2[1]
            return torch.sigmoid(log_odds_B + near_B * image.present_B).unsqueeze(-1)


class CategoryNames(nn.Module):
    """An open head: each category's own vector is what the text encoder reads in its names, embedded as any text.

    read_CF: the reading, (C, F). A category without examples has its names alone; so that they mean something, training
    leaves out what the examples taught of a quarter of the categories, others in each step.
    """

    LEFT_OUT = 0.25

    def __init__(self, categories: int, source_width: int) -> None:
        super().__init__()
        self.read_CF: Tensor
        self.register_buffer("read_CF", torch.zeros(categories, source_width))
        self.log_scale = nn.Parameter(torch.tensor(2.66))

    def forward(self, fused_BE: Tensor, text_embedding: nn.Module, leaves: Tensor | None = None) -> Tensor:
        """-> logits (B, C), cosines times a scale; leaves: of these alone."""
        read_CF = self.read_CF if leaves is None else self.read_CF[leaves]
        category_CE = F.normalize(text_embedding(read_CF).float(), dim=-1)
        with full_precision(fused_BE.device.type):
            return self.log_scale.clamp(max=4.6).exp() * F.normalize(fused_BE, dim=-1) @ category_CE.T

    def left_out(self, leaf_BC: Tensor) -> Tensor:
        if not self.training:
            return leaf_BC
        return leaf_BC * (torch.rand_like(leaf_BC[:1]) >= self.LEFT_OUT)


def full_precision(device: str) -> AbstractContextManager[object]:
    """Without autocast: bfloat16 is too coarse for cosines times 100."""
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext()


def linear(width: int, outputs: int) -> nn.Linear:
    """A linear layer that may have no outputs: a merchant's own tree may have no tags."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Initializing zero-element tensors is a no-op")
        return nn.Linear(width, outputs)


class Projection(nn.Module):
    """A linear map plus a two-layer residual, from an encoder's pooled vector to the shared embedding space."""

    def __init__(self, source_width: int, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(source_width)
        self.linear = nn.Linear(source_width, width)
        self.correction = nn.Sequential(nn.Linear(source_width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, pooled_BD: Tensor) -> Tensor:
        pooled_BD = self.norm(pooled_BD)
        return self.linear(pooled_BD) + self.correction(pooled_BD)
