"""The values that a merchant writes for each property, and which of them stand in a text."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from catalog.synonyms import plain_words, same

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
HAN = re.compile("[\u4e00-\u9fff]")
LEAST = 2  # products that say a value before it counts as one
MAX_VALUES = 3_000  # a property with more is free text
MAX_WORDS = 4
USUAL = 100  # values that are compared by their meanings, the most usual ones


class Place(NamedTuple):
    """A value as the merchant spells it, and where its words stand."""

    value: str
    start: int
    end: int


class Token(NamedTuple):
    start: int
    end: int
    words: tuple[str, ...]


def tokens_of(text: str) -> list[Token]:
    return [Token(one.start(), one.end(), plain_words(one[0])) for one in WORD.finditer(text)]


class Vocabulary:
    """Of one property. counts: value -> how many products say it."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.is_free_text = False
        self._by_words: dict[tuple[str, ...], str] = {}
        self._firsts: set[str] = set()
        self._in_han: list[str] = []
        self._usual: list[str] = []

    def add(self, values: Iterable[str]) -> None:
        if self.is_free_text:
            return
        self.counts.update(values)
        if len(self.counts) > MAX_VALUES:
            self.is_free_text = True
            self.counts.clear()

    def settle(self) -> None:
        """After the last value: each meaning by its most usual spelling."""
        by_use = [value for value, _ in self.counts.most_common()]
        for value in reversed(by_use):
            self._by_words[plain_words(value)] = value
        self._usual = by_use[:USUAL]
        self._firsts = {words[0] for words in self._by_words if words}
        self._in_han = [value for value in self.counts if HAN.search(value)]

    def knows(self, value: str, without: Iterable[str] = ()) -> bool:
        """without: the values of a product that does not count."""
        return self.counts[value] - (value in without) >= LEAST

    def spelt(self, value: str) -> str:
        """The merchant's spelling of a value, or "" where no product has it."""
        return self._by_words.get(plain_words(value)) or next((own for own in self._usual if same(own, value)), "")

    def found_in(self, text: str, tokens: Sequence[Token], without: Iterable[str] = ()) -> Place | None:
        """The longest value in the text with these tokens, the first of several."""
        places = (one for one in self._all_in(text, tokens) if self.knows(one.value, without))
        return max(places, key=lambda one: one.end - one.start, default=None)

    def _all_in(self, text: str, tokens: Sequence[Token]) -> Iterator[Place]:
        for at, (start, _, first) in enumerate(tokens):
            if not first or first[0] not in self._firsts:
                continue
            words: tuple[str, ...] = ()
            for _, end, own in tokens[at : at + MAX_WORDS]:
                words += own
                if value := self._by_words.get(words):
                    yield Place(value, start, end)
        for value in self._in_han:
            if (start := text.find(value)) >= 0:
                yield Place(value, start, start + len(value))
