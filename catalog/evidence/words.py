"""The words of a text, as a reader sees them, and the text without one of them."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from catalog.index.keywords import HAN
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import Taxonomy

MAX_WORDS = 32

# A run of ideographs, or a word with the signs inside it: "T-shirt", "7.5", "H&M".
RUN = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+(?:['\u2019&.-][^\W_{HAN}]+)*")
IDEOGRAPHS = re.compile(f"[{HAN}]")

Span = tuple[int, int]


class Spoken(NamedTuple):
    """A word with all its places in the text, whatever its case."""

    text: str
    spans: tuple[Span, ...]


def words_of(text: str, tokenizer: Tokenizer, taxonomy: Taxonomy) -> list[Spoken]:
    """Each word once, in the order of its first place."""
    found: dict[str, list[Span]] = {}
    for run in RUN.finditer(text):
        ideographs = IDEOGRAPHS.match(run[0]) is not None
        for start, end in _in_ideographs(run[0], tokenizer, taxonomy) if ideographs else [(0, len(run[0]))]:
            span = run.start() + start, run.start() + end
            found.setdefault(text[slice(*span)].casefold(), []).append(span)
    return [Spoken(text[slice(*spans[0])], tuple(spans)) for spans in found.values()]


def without(text: str, words: Sequence[Spoken]) -> str:
    """The text with these words left out."""
    for start, end in sorted((span for word in words for span in word.spans), reverse=True):
        text = f"{text[:start].rstrip()} {text[end:].lstrip()}"
    return text.strip()


def _in_ideographs(run: str, tokenizer: Tokenizer, taxonomy: Taxonomy) -> list[Span]:
    """Chinese parts no words: categories' names are words, what is between them is parted as the model reads it."""
    spans: list[Span] = []
    end = 0
    for named in taxonomy.names_in(run):
        spans += _pieces(run, end, named.start, tokenizer)
        end = named.start + len(named.name)
        spans.append((named.start, end))
    return spans + _pieces(run, end, len(run), tokenizer)


def _pieces(run: str, start: int, end: int, tokenizer: Tokenizer) -> list[Span]:
    return [(start + a, start + b) for a, b in tokenizer.pieces(run[start:end])] if start < end else []
