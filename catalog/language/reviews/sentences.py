"""Sentences of English and Chinese texts, and their clauses."""

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

# A full stop ends a sentence where a space follows: "1.5 kg" goes on.
END = re.compile(r"[!?\u3002\uff01\uff1f\u2026\uff1b;\n\r]+|\.+(?=\s|$)")
COMMA = re.compile(r"[,\uff0c\u3001:\uff1a~\uff5e()\uff08\uff09]|--+| - ")
HAN = re.compile(r"[\u3400-\u9fff]")


class Span(NamedTuple):
    """The first character and the one after the last."""

    start: int
    end: int

    def of(self, text: str) -> str:
        return text[self.start : self.end]


def sentences(text: str) -> list[Span]:
    """Without the spaces around them; the sign at the end belongs to each."""
    return list(_parts(text, Span(0, len(text)), END, with_sign=True))


def clauses(text: str, sentence: Span, contrasts: re.Pattern[str]) -> list[Span]:
    """The parts of a sentence between commas, and before a word of contrast ("but", "但是")."""
    found = []
    for part in _parts(text, sentence, COMMA, with_sign=False):
        starts = [match.start() for match in contrasts.finditer(text, part.start, part.end)]
        bounds = [part.start, *(start for start in starts if start > part.start), part.end]
        found += [_trimmed(text, Span(*pair)) for pair in itertools.pairwise(bounds)]
    return [span for span in found if span.start < span.end]


def is_chinese(text: str) -> bool:
    return HAN.search(text) is not None


def _parts(text: str, within: Span, separator: re.Pattern[str], with_sign: bool) -> Iterator[Span]:
    start = within.start
    for match in separator.finditer(text, within.start, within.end):
        span = _trimmed(text, Span(start, match.end() if with_sign else match.start()))
        if any(letter.isalnum() for letter in span.of(text)):
            yield span
            start = match.end()
        elif not with_sign:
            start = match.end()
    span = _trimmed(text, Span(start, within.end))
    if span.start < span.end:
        yield span


def _trimmed(text: str, span: Span) -> Span:
    part = span.of(text)
    start = span.start + len(part) - len(part.lstrip())
    return Span(start, max(start, span.end - len(part) + len(part.rstrip())))
