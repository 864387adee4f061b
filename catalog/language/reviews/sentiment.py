"""Which parts of a review hold an opinion, and whether it is a good one."""

from collections.abc import Sequence
from typing import Protocol

from catalog.language.reviews.opinions import opinions_in, score
from catalog.language.reviews.review import Passage
from catalog.language.reviews.sentences import clauses, sentences


class SentimentReader(Protocol):
    """name: tells what was read by another reader, and is to be read again."""

    name: str

    def read(self, texts: Sequence[str]) -> list[tuple[Passage, ...]]:
        """The passages of each text, in its order, which do not overlap. What is in none holds no opinion."""
        ...


class LexiconReader:
    """Reads by the words of `opinions.toml`, clause by clause. It needs no model and was trained on nothing."""

    name = "lexicon-1"

    def read(self, texts: Sequence[str]) -> list[tuple[Passage, ...]]:
        return [tuple(self._passages(text)) for text in texts]

    def _passages(self, text: str) -> list[Passage]:
        opinions = opinions_in(text)
        lowered = text.lower() if len(text.lower()) == len(text) else text  # some letters get longer
        spans = [span for one in sentences(text) for span in clauses(text, one, opinions.contrasts)]
        scored = [(span, score(opinions, span.of(lowered))) for span in spans]
        return [Passage(span.start, span.end, round(value, 3)) for span, value in scored if value]
