"""A small text encoder from a large one, for distillation: smaller vocabulary, narrower, fewer layers."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from transformers import BertConfig, BertModel

from catalog.errors import ConfigInvalid
from catalog.model.encoders import TextEncoder
from catalog.model.tokenizer import FILES, Tokenizer

TABLES = ("word_embeddings.weight", "position_embeddings.weight", "token_type_embeddings.weight")


def kept_tokens(tokenizer: Tokenizer, first: int, texts: Iterable[str]) -> list[int]:
    """The vocabulary's first tokens (in BERT's: symbols, letters, the most frequent words), and those of `texts`."""
    used = {token for ids in tokenizer(list(texts)) for token in ids}
    return sorted(used.union(range(min(first, tokenizer.size))))


def letter_tokens(tokenizer: Tokenizer) -> list[int]:
    """The tokens of one letter or sign: with all of them, no word becomes unknown."""
    vocabulary = json.loads(tokenizer.files[FILES[0]])["model"]["vocab"]
    if isinstance(vocabulary, dict):
        return [number for token, number in vocabulary.items() if len(token.removeprefix("##")) == 1]
    return [number for number, (token, _) in enumerate(vocabulary) if len(token) == 1]


def shortened(tokenizer: Tokenizer, kept: list[int]) -> Tokenizer:
    """The tokenizer with only the tokens `kept`, renumbered; words whose token is gone are split into pieces.

    Raises ConfigInvalid if a special token would change its number, because it is not among the first of `kept`.
    """
    content = json.loads(tokenizer.files[FILES[0]])
    number = {old: new for new, old in enumerate(kept)}
    vocabulary = content["model"]["vocab"]
    if isinstance(vocabulary, dict):
        content["model"]["vocab"] = {token: number[old] for token, old in vocabulary.items() if old in number}
    else:  # Unigram: pieces with their scores, in order
        content["model"]["vocab"] = [vocabulary[old] for old in kept]
    if any(number.get(special["id"]) != special["id"] for special in content["added_tokens"]):
        raise ConfigInvalid("[start] vocabulary: the tokenizer's special tokens are not among so many first ones.")
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    return Tokenizer(tokenizer.files | {FILES[0]: text}, tokenizer.max_tokens, tokenizer.prefix)


def lowest_layers(text: TextEncoder, layers: int) -> TextEncoder:
    """The encoder without its upper layers; 0: with all. Raises ConfigInvalid if it has fewer."""
    bert = text.bert
    if not layers:
        return text
    if not 0 < layers <= len(bert.encoder.layer):
        raise ConfigInvalid(f"[start] text_layers: the text encoder has {len(bert.encoder.layer)} layers.")
    bert.encoder.layer = bert.encoder.layer[:layers]
    bert.config.num_hidden_layers = layers
    return TextEncoder(replace(text.config, bert={**text.config.bert, "num_hidden_layers": layers}), bert)


def narrowed(large: TextEncoder, kept: list[int], options: Mapping[str, Any]) -> TextEncoder:
    """A new BERT of the shape `options`, whose embeddings are the large one's projected on their principal directions.

    So words that training never shows still lie near words of similar meaning. Raises ConfigInvalid.
    """
    fields = {**large.config.bert, **options, "vocab_size": len(kept)}
    try:
        shape = replace(large.config, bert=fields, word_table_bits=None)
        small = TextEncoder(shape, BertModel(BertConfig(**fields), add_pooling_layer=False))
    except (KeyError, TypeError, ValueError):
        raise ConfigInvalid("[start] text_options do not fit a BERT.") from None
    config = large.bert.config
    if small.widths.tokens > large.widths.tokens or fields["max_position_embeddings"] > config.max_position_embeddings:
        raise ConfigInvalid("[start] text_options: hidden_size or max_position_embeddings is above that of `text`.")
    rows_VD = large.bert.embeddings.word_embeddings(torch.tensor(kept)).detach()
    directions_DE = torch.linalg.eigh(rows_VD.T @ rows_VD).eigenvectors.flip(1)[:, : small.widths.tokens]
    with torch.no_grad():
        for name in TABLES:
            table = small.bert.embeddings.get_parameter(name)
            rows_RD = rows_VD if name == TABLES[0] else large.bert.embeddings.get_parameter(name)
            table.copy_(rows_RD[: len(table)] @ directions_DE)
    return small
