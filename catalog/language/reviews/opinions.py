"""The words of opinion of `opinions.toml`, and how a clause is scored by them."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from catalog.language.reviews.sentences import is_chinese

STRENGTHENED = 1.5
DENIED = -0.7  # "not great" is less bad than "terrible", and "not bad" less good than "great"
REACH = 3  # words between a negation and what it denies
WORD = re.compile(r"[a-z0-9]+")
CHINESE_REACH = 6  # characters before an opinion in which a negation and what strengthens it may stand
MAX_CHINESE = 8  # characters of an entry


class Opinions(Protocol):
    """The words of a language. contrasts: before which an opinion may end."""

    @property
    def contrasts(self) -> re.Pattern[str]: ...

    def weights(self, clause: str) -> Iterator[float]:
        """What each word of opinion in a clause adds, in its order. clause: in lower case."""
        ...


def opinions_in(text: str) -> Opinions:
    """Those of the language that the text is in: Chinese where a letter of it is."""
    return chinese() if is_chinese(text) else english()


@cache
def english() -> "English":
    return English.of(_table()["en"])


@cache
def chinese() -> "Chinese":
    return Chinese.of(_table()["zh"])


@dataclass(frozen=True)
class English:
    """entries: word sequences with their weight, by the first word, the longest first."""

    entries: dict[str, list[tuple[tuple[str, ...], float]]]
    negators: frozenset[str]
    strengtheners: frozenset[str]
    too: frozenset[str]
    contrasts: re.Pattern[str]

    @classmethod
    def of(cls, table: dict[str, Any]) -> "English":
        weights: dict[tuple[str, ...], float] = {}
        for kind, weight in (("negative", -1.0), ("positive", 1.0)):
            for entry in _listed(table[kind]):
                weights |= dict.fromkeys(_forms(tuple(WORD.findall(entry))), weight)
        # What is written in the table goes before inflected forms of other words.
        for kind, weight in (("negative", -1.0), ("positive", 1.0), ("neutral", 0.0)):
            weights |= {tuple(WORD.findall(entry)): weight for entry in _listed(table[kind])}
        entries: dict[str, list[tuple[tuple[str, ...], float]]] = {}
        for words, weight in sorted(weights.items(), key=lambda row: -len(row[0])):
            entries.setdefault(words[0], []).append((words, weight))
        negators, strengtheners, too = (
            frozenset(_listed([table[kind]])) for kind in ("negators", "strengtheners", "too")
        )
        joined = "|".join(re.escape(entry) for entry in _listed([table["contrasts"]]))
        contrasts = re.compile(rf"\b(?:{joined})\b", re.IGNORECASE)
        return cls(entries, negators, strengtheners, too, contrasts)

    def weights(self, clause: str) -> Iterator[float]:
        words = WORD.findall(clause)
        place = 0
        while place < len(words):
            found = self._entry(words, place)
            if found is None:
                place += 1
                continue
            length, weight = found
            if weight:
                yield self._in_context(words, place, weight)
            place += length

    def _entry(self, words: Sequence[str], place: int) -> tuple[int, float] | None:
        """-> how many words it has, and its weight"""
        for entry, weight in self.entries.get(words[place], ()):
            if tuple(words[place : place + len(entry)]) == entry:
                return len(entry), weight
        return None

    def _in_context(self, words: Sequence[str], place: int, weight: float) -> float:
        before = words[max(0, place - REACH) : place]
        if before and before[-1] in self.too:
            return -abs(weight)
        if before and before[-1] in self.strengtheners:
            weight *= STRENGTHENED
        return weight * DENIED if any(word in self.negators for word in before) else weight


@dataclass(frozen=True)
class Chinese:
    """There are no spaces: the longest entry is taken from the left. Entries hold their own negations ("不好")."""

    entries: dict[str, float]
    negators: tuple[str, ...]
    strengtheners: tuple[str, ...]
    contrasts: re.Pattern[str]

    @classmethod
    def of(cls, table: dict[str, Any]) -> "Chinese":
        kinds = (("negative", -1.0), ("positive", 1.0), ("neutral", 0.0))
        entries = {entry: weight for kind, weight in kinds for entry in _listed(table[kind])}
        negators, strengtheners, contrasts = (
            tuple(sorted(_listed([table[kind]]), key=len, reverse=True))
            for kind in ("negators", "strengtheners", "contrasts")
        )
        return cls(entries, negators, strengtheners, re.compile("|".join(map(re.escape, contrasts))))

    def weights(self, clause: str) -> Iterator[float]:
        place = 0
        while place < len(clause):
            for length in range(min(MAX_CHINESE, len(clause) - place), 0, -1):
                weight = self.entries.get(clause[place : place + length])
                if weight is not None:
                    if weight:
                        yield self._in_context(clause[max(0, place - CHINESE_REACH) : place], weight)
                    break
            place += length  # of what was found, or 1

    def _in_context(self, before: str, weight: float) -> float:
        bare = _without_end(before, self.strengtheners)
        if len(bare) < len(before):
            weight *= STRENGTHENED
        return weight * DENIED if before.endswith(self.negators) or bare.endswith(self.negators) else weight


def score(opinions: Opinions, clause: str) -> float:
    """From -1 to 1; 0 where no opinion is found or those that are found balance."""
    weights = list(opinions.weights(clause))
    total = sum(weights)
    return total / (abs(total) + 0.5) if total else 0.0


def _table() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("opinions.toml").read_text(encoding="utf-8"))


def _listed(lines: Iterable[str]) -> list[str]:
    return [entry.strip() for line in lines for entry in line.split(",") if entry.strip()]


def _forms(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """A single word in its inflected forms; spellings that no word has do no harm."""
    if len(words) > 1 or len(words[0]) < 4:
        return [words]
    word = words[0]
    stem = word.removesuffix("e")
    ends = [word + end for end in ("s", "es", "ed", "d", "ing", "ly")] + [stem + "ing", stem + "ed"]
    if word.endswith("y"):
        ends += [word[:-1] + end for end in ("ies", "ied", "ier", "iest", "ily")]
    return [(word,), *((form,) for form in ends)]


def _without_end(text: str, ends: Sequence[str]) -> str:
    for end in ends:
        if text.endswith(end):
            return text[: -len(end)]
    return text
