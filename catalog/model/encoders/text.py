"""The text encoder: any transformers BERT."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from catalog.errors import ConfigInvalid
from catalog.model.config import TextEncoderConfig, text_config
from catalog.model.encoders.encoded import Widths
from catalog.model.encoders.quantized import QuantizedEmbedding
from catalog.model.folder import WORD_TABLE

READING = "text_encoder.json"


class TextEncoder(nn.Module):
    """A BERT; the pooled vector is the mean over real tokens, as sentence encoders are trained."""

    def __init__(self, config: TextEncoderConfig, bert: BertModel | None = None) -> None:
        super().__init__()
        self.config = config
        self.bert = bert if bert is not None else _build_bert(config)
        self.widths = Widths(self.bert.config.hidden_size, self.bert.config.hidden_size)

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
