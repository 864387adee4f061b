"""Image and text encoders: any timm ViT, any transformers BERT, one result type.

The default image encoder is a hybrid ViT (Dosovitskiy et al. 2021, section 3.1): the patches of the transformer
are the cells of a CNN's feature map. It is the same timm `VisionTransformer`, with `HybridEmbed` in front.
"""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.layers import HybridEmbed
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from catalog.errors import ConfigInvalid
from catalog.model.config import ImageEncoderConfig, TextEncoderConfig, text_config
from catalog.model.folder import WORD_TABLE
from catalog.model.quantized import QuantizedEmbedding

READING = "text_encoder.json"


class Encoded(NamedTuple):
    """One modality of B products: tokens and a pooled vector, of width D.

    mask_BT is True at real tokens. present_B is False where the product lacks the modality.
    """

    tokens_BTD: Tensor
    mask_BT: Tensor
    pooled_BD: Tensor
    present_B: Tensor

    @classmethod
    def scatter(cls, tokens_NTD: Tensor, mask_NT: Tensor, pooled_ND: Tensor, index_BP: Tensor) -> "Encoded":
        """Distribute N encoded images (or texts) over the slots of B products.

        P: slots of a product, the largest number of images (or texts) that one in the batch has. index_BP: which of the
        N is in each slot; -1: empty. Tokens of a product's slots are concatenated, pooled vectors averaged. N may be 0.
        """
        filled_BP = index_BP >= 0
        tokens_BPTD, mask_BPT, pooled_BPD = (_select(each, index_BP) for each in (tokens_NTD, mask_NT, pooled_ND))
        count_B = filled_BP.sum(1)
        pooled_BD = pooled_BPD.sum(1) / count_B.clamp(min=1).unsqueeze(1)
        return cls(tokens_BPTD.flatten(1, 2), mask_BPT.flatten(1), pooled_BD, count_B > 0)

    def keep(self, keep_B: Tensor) -> "Encoded":
        """The same tokens, with the modality missing where `keep_B` is False."""
        return self._replace(present_B=self.present_B & keep_B)

    def to(self, device: torch.device) -> "Encoded":
        return Encoded(*(tensor.to(device) for tensor in self))


def _select(rows: Tensor, index_BP: Tensor) -> Tensor:
    """rows[index_BP], with zeros (or False) where the index is -1."""
    return torch.cat([rows.new_zeros(1, *rows.shape[1:]), rows])[index_BP + 1]


class ImageEncoder(nn.Module):
    """A timm ViT without its classifier. Takes bytes, so that normalisation has one home."""

    vit: Any
    mean: Tensor
    std: Tensor

    def __init__(self, config: ImageEncoderConfig, vit: nn.Module | None = None) -> None:
        super().__init__()
        self.config = config
        self.vit = vit if vit is not None else _build_vit(config)
        self.width = int(self.vit.num_features)
        self.register_buffer("mean", torch.tensor(config.mean).view(1, 3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(config.std).view(1, 3, 1, 1) * 255, persistent=False)

    @classmethod
    def from_pretrained(cls, name: str, size: int = 224, **options: Any) -> "ImageEncoder":
        """Load weights by timm name (from a hub) or from a local folder in timm's hub layout.

        Raises ConfigInvalid when the name is unknown or the model is not a ViT.
        """
        folder = Path(name)
        local = folder.is_dir()
        architecture, arguments = _read_timm_folder(folder) if local else (name.split(".")[0], {})
        if not timm.is_model(architecture):
            raise ConfigInvalid(f"timm has no model named {architecture!r}.")
        arguments |= options
        try:
            source = f"local-dir:{folder}" if local else name
            vit = timm.create_model(source, pretrained=True, num_classes=0, img_size=size, **arguments)
        except TypeError:  # a convolutional network takes no img_size
            vit = None
        if not hasattr(vit, "num_prefix_tokens"):
            raise ConfigInvalid(f"{architecture!r} is not a vision transformer.")
        data = timm.data.resolve_data_config({}, model=vit)
        config = ImageEncoderConfig(architecture, None, arguments, size, tuple(data["mean"]), tuple(data["std"]))
        return cls(config, vit)

    def forward(self, pixels_NCHW: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 (N, 3, size, size) -> tokens (N, T, D), pooled (N, D)."""
        normal_NCHW = (pixels_NCHW.to(self.mean.dtype) - self.mean) / self.std
        tokens_NTD = self.vit.forward_features(normal_NCHW.contiguous(memory_format=torch.channels_last))
        return tokens_NTD, self.vit.forward_head(tokens_NTD, pre_logits=True)


def _read_timm_folder(folder: Path) -> tuple[str, dict[str, Any]]:
    """-> the architecture's name and its arguments, from the config.json of timm's hub layout."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return str(config["architecture"]), dict(config.get("model_args") or {})
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigInvalid(f"{folder.name!r} has no config.json that names a timm architecture.") from None


def _build_vit(config: ImageEncoderConfig) -> nn.Module:
    options = dict(config.options)
    if config.stem is not None:
        stem = timm.create_model(config.stem, num_classes=0, global_pool="")
        options["embed_layer"] = partial(HybridEmbed, backbone=stem)
    return timm.create_model(config.architecture, num_classes=0, img_size=config.size, **options)


class TextEncoder(nn.Module):
    """A BERT; the pooled vector is the mean over real tokens, as sentence encoders are trained."""

    def __init__(self, config: TextEncoderConfig, bert: BertModel | None = None) -> None:
        super().__init__()
        self.config = config
        self.bert = bert if bert is not None else _build_bert(config)
        self.width: int = self.bert.config.hidden_size

    @classmethod
    def from_pretrained(cls, name: str, max_tokens: int = 96) -> "TextEncoder":
        """Load weights by hub name or from a local folder; remote code is never run.

        A local folder may have a text_encoder.json with the prefix, scripts and word_table_bits of its encoder, and
        then a word_table.safetensors. Raises OSError where there is none, ConfigInvalid where these files do not fit.
        """
        bert = BertModel.from_pretrained(name, add_pooling_layer=False, trust_remote_code=False, dtype=torch.float32)
        fields = bert.config.to_diff_dict()
        kept = {
            k: v
            for k, v in fields.items()
            if k not in ("_name_or_path", "architectures", "dtype", "transformers_version")
        }
        try:
            config = text_config({"bert": kept, "max_tokens": max_tokens, **_read_text_folder(Path(name))})
            if config.word_table_bits:
                table = QuantizedEmbedding.of(**load_file(Path(name) / WORD_TABLE))
                bert.embeddings.register_module("word_embeddings", table)
        except (OSError, ValueError, TypeError, RuntimeError, SafetensorError):
            raise ConfigInvalid(f"{READING} or {WORD_TABLE} of {Path(name).name!r} is not valid.") from None
        return cls(replace(config, max_tokens=min(max_tokens, bert.config.max_position_embeddings)), bert)

    def forward(self, ids_BT: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        """int64 (B, T), bool (B, T) -> tokens (B, T, D), pooled (B, D)."""
        tokens_BTD = self.bert(input_ids=ids_BT, attention_mask=mask_BT).last_hidden_state
        return tokens_BTD, masked_mean(tokens_BTD, mask_BT)


def _read_text_folder(folder: Path) -> dict[str, Any]:
    """What a folder of pretrained weights says of its encoder beyond transformers' files."""
    return dict(json.loads((folder / READING).read_text(encoding="utf-8"))) if (folder / READING).is_file() else {}


def _build_bert(config: TextEncoderConfig) -> BertModel:
    fields = BertConfig(**config.bert)
    if not config.word_table_bits:
        return BertModel(fields, add_pooling_layer=False)
    # The table in full precision is never made: it has seven times the size.
    words, fields.vocab_size = fields.vocab_size, 1 + (fields.pad_token_id or 0)
    bert = BertModel(fields, add_pooling_layer=False)
    bert.config.vocab_size = words
    bert.embeddings.register_module("word_embeddings", QuantizedEmbedding(words, fields.hidden_size))
    return bert


def masked_mean(tokens_BTD: Tensor, mask_BT: Tensor) -> Tensor:
    """Mean over the tokens where the mask is True; zeros where there is none."""
    weight_BT1 = mask_BT.unsqueeze(-1).to(tokens_BTD.dtype)
    return (tokens_BTD * weight_BT1).sum(1) / weight_BT1.sum(1).clamp(min=1)
