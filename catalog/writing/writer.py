"""A T5 or a GPT-2, or another of their kinds, with its tokenizer: it writes a text of some facts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from catalog.errors import CheckpointInvalid
from catalog.writing.encoding import MAX_TOKENS, encode_facts


@dataclass(frozen=True, slots=True)
class Writer:
    """causal: whether the text goes on from the facts, as of a GPT-2; else it is another sequence, as of a T5."""

    model: Any
    tokenizer: Any
    causal: bool

    @torch.inference_mode()
    def write(self, facts: str) -> str:
        """The likeliest text, word by word. facts: as `catalog.drafts.prompt` makes them."""
        asked = torch.tensor([encode_facts(self.tokenizer, facts, self.causal)], device=self.model.device)
        end = self.tokenizer.eos_token_id
        written = self.model.generate(
            input_ids=asked,
            attention_mask=torch.ones_like(asked),
            max_new_tokens=MAX_TOKENS,
            do_sample=False,
            pad_token_id=end,
            eos_token_id=end,
        )[0]
        said = written[asked.shape[1] :] if self.causal else written
        text: str = self.tokenizer.decode(said, skip_special_tokens=True)
        return text.strip()


def open_writer(place: str | Path, device: str = "cpu") -> Writer:
    """place: a folder, or for training the name of a model on the Hugging Face hub. Code that comes with a model is not
    run, and weights are read from safetensors alone.

    Raises CheckpointInvalid.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    try:
        config = AutoConfig.from_pretrained(place)
        causal = not config.is_encoder_decoder
        kind = AutoModelForCausalLM if causal else AutoModelForSeq2SeqLM
        model: Any = kind.from_pretrained(place, use_safetensors=True, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(place)
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointInvalid(f"{str(place)!r} holds no model that writes, or cannot be reached.") from error
    if tokenizer.eos_token_id is None:
        raise CheckpointInvalid(f"The tokenizer of {str(place)!r} has no token that ends a text.")
    least = 2 * MAX_TOKENS + 16 if causal else 0
    if 0 < getattr(config, "max_position_embeddings", 0) < least:
        raise CheckpointInvalid(f"{str(place)!r} reads fewer than {least} tokens.")
    return Writer(model.to(device).eval(), tokenizer, causal)
