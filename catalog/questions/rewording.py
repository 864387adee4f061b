"""Whether a rewording of evidence says anything beyond it: a check of words, not of meaning, and a strict one."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from catalog.questions.words import content, tokens

MAX_REWORDED = 600  # letters
NEGATION = re.compile(r"\b(?:not?|never|without|none|cannot|neither|nor|un\w+)\b|n't\b|[不无没非未勿别]")


# off: there is no endpoint; refused: it said more than the evidence.
State = Literal["done", "refused", "failed", "off"]


class Reworded(NamedTuple):
    """text: "" unless done."""

    text: str
    state: State


def unsupported(text: str, evidence: Sequence[str], question: str) -> tuple[str, ...]:
    """The content words and numbers of a text that neither the evidence nor the question has. A negation that only one
    of text and evidence has counts too, as "not".
    """
    known = {word for source in (*evidence, question) for word in (*content(source), *tokens(source))}
    found = [word for word in content(text) if word not in known]
    told = any(NEGATION.search(source.casefold()) for source in evidence)
    if told != bool(NEGATION.search(text.casefold())):
        found.append("not")
    return tuple(found)


def is_supported(text: str, evidence: Sequence[str], question: str) -> bool:
    return bool(text.strip()) and len(text) <= MAX_REWORDED and not unsupported(text, evidence, question)
