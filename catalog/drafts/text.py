"""A text made of spans, each with its source, that stays within a limit."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from catalog.drafts.templates import Limit

JOINERS = ("\u200d", "\ufe0f")  # letters on either side of the first, and before the second, are one sign
WORD = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]|[^\s\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]+|\s+")


class Span(NamedTuple):
    """source: see `catalog.drafts.facts.Fact`; "" for what the template puts between words."""

    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    spans: tuple[Span, ...]
    limit: Limit

    def __str__(self) -> str:
        return "".join(span.text for span in self.spans)

    @property
    def length(self) -> int:
        """As the channel counts."""
        return self.limit.length(str(self))


def fitted(parts: Iterable[Iterable[Span]], limit: Limit, between: str, end: str = "") -> Text:
    """The parts with `between` them, of which the first is cut where it has to be and others are left out where they do
    not fit. end: behind the last, where there is room.
    """
    kept: list[Span] = []
    for part in parts:
        spans = [Span(between), *part] if kept else list(part)
        whole = "".join(span.text for span in (*kept, *spans))
        if limit.holds(whole):
            kept += spans
        elif not kept:
            kept = list(cut(spans, limit))
    if end and kept and kept[-1].text[-1:] not in ".!?。！？…" and limit.holds("".join(s.text for s in kept) + end):
        kept.append(Span(end))
    return Text(tuple(kept), limit)


def cut(spans: Iterable[Span], limit: Limit) -> Iterator[Span]:
    """As many whole words as fit; of a single word that does not, as many whole signs."""
    room, empty = limit.limit, True
    for span in spans:
        words = WORD.findall(span.text)
        fit = _that_fit(words, limit, room)
        if not fit and empty and words:
            fit = _that_fit(signs(words[0]), limit, room)
        text = "".join(fit)
        whole = text == span.text
        text = text if whole else text.rstrip()
        if text:
            yield Span(text, span.source)
            empty = False
        if not whole:
            return
        room -= limit.length(text)


def _that_fit(pieces: list[str], limit: Limit, room: int) -> list[str]:
    kept: list[str] = []
    for piece in pieces:
        room -= limit.length(piece)
        if room < 0:
            break
        kept.append(piece)
    return kept


def signs(word: str) -> list[str]:
    """What a reader takes for one letter, with its accents and joiners."""
    found: list[str] = []
    for letter in word:
        joined = found and (unicodedata.combining(letter) or letter in JOINERS or found[-1].endswith(JOINERS[0]))
        if joined:
            found[-1] += letter
        else:
            found.append(letter)
    return found
