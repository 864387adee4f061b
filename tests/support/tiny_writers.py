"""A tiny T5 and a tiny GPT-2 with a tokenizer of words, as folders of transformers."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import Metaspace as Spaced
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.trainers import WordLevelTrainer
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

Kind = Literal["t5", "gpt2"]
SPECIAL = ["<pad>", "</s>", "<unk>"]


def tiny_writer(folder: Path, kind: Kind, texts: Iterable[str]) -> Path:
    """Untrained. It knows the words of these texts."""
    words = Tokenizer(WordLevel(unk_token="<unk>"))
    words.pre_tokenizer, words.decoder = Metaspace(), Spaced()
    words.train_from_iterator([*texts, "text:"], WordLevelTrainer(special_tokens=SPECIAL))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=4096
    )
    torch.manual_seed(0)
    model = tiny_t5(len(tokenizer)) if kind == "t5" else tiny_gpt2(len(tokenizer))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_t5(words: int) -> T5ForConditionalGeneration:
    sizes = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 1, "num_heads": 4}
    ids = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
    return T5ForConditionalGeneration(T5Config(vocab_size=words, dropout_rate=0.0, **sizes, **ids))


def tiny_gpt2(words: int) -> GPT2LMHeadModel:
    sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 640}
    dropouts = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    return GPT2LMHeadModel(GPT2Config(vocab_size=words, bos_token_id=1, eos_token_id=1, **sizes, **dropouts))
