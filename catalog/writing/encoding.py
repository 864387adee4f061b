"""Facts and a text as the tokens of a model: apart for a sequence-to-sequence model, one behind the other for a causal
one.
"""

from typing import Any, NamedTuple

MAX_TOKENS = 256  # of the facts, and of the text
IGNORED = -100  # a label that no loss counts
ASKED = " text:"  # between the facts and the text of a causal model


class Example(NamedTuple):
    """input: what the model reads; labels: what it is to say, of a causal model one for each token it reads."""

    input: list[int]
    labels: list[int]


def encode(tokenizer: Any, facts: str, text: str, causal: bool) -> Example:
    """With the token that ends a text, but for a text that was cut."""
    said = tokenizer(f" {text}" if causal else text, add_special_tokens=False).input_ids[:MAX_TOKENS]
    said = [*said, tokenizer.eos_token_id] if len(said) < MAX_TOKENS else said
    asked = encode_facts(tokenizer, facts, causal)
    return Example([*asked, *said], [IGNORED] * len(asked) + said) if causal else Example(asked, said)


def encode_facts(tokenizer: Any, facts: str, causal: bool) -> list[int]:
    """What stands before a text that is yet to be written."""
    asked = tokenizer(facts, add_special_tokens=False).input_ids[:MAX_TOKENS]
    after = tokenizer(ASKED, add_special_tokens=False).input_ids if causal else [tokenizer.eos_token_id]
    return [*asked, *after]
