"""What a question asks for, such as a weight, and what tells of it: `concepts.toml`, read once."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from catalog.lexicon.colours import spellings
from catalog.questions.words import tokens

LONGEST_PHRASE = 6  # words
COLOUR = "colour"
NUMBER = r"(?<![\w.])\d[\d.,/]*\s?-?\s?"


class Concepts(NamedTuple):
    """asking, naming: from a phrase, as its stems, to concepts. units: by concept, a number with one of its units."""

    asking: Mapping[tuple[str, ...], frozenset[str]]
    naming: Mapping[tuple[str, ...], frozenset[str]]
    units: Mapping[str, re.Pattern[str]]


@cache
def shipped() -> Concepts:
    table = tomllib.loads(files(__package__).joinpath("concepts.toml").read_text(encoding="utf-8"))
    asking = [(phrase, name) for name, one in table.items() for phrase in _phrases(one["ask"], one["names"])]
    asking += [(one.text, COLOUR) for one in spellings().values() if one.exact and not one.foreign]
    naming = [(phrase, name) for name, one in table.items() for phrase in _phrases(one["names"])]
    units = {name: _pattern(one["units"]) for name, one in table.items() if "units" in one}
    return Concepts(_by_stems(asking), _by_stems(naming), units)


@lru_cache(maxsize=4096)
def asked(question: str) -> frozenset[str]:
    """The concepts that a question's words ask for."""
    return _found(question, shipped().asking)


@lru_cache(maxsize=16384)
def named(text: str) -> frozenset[str]:
    """The concepts that an attribute's name, or a sentence, names."""
    return _found(text, shipped().naming)


@lru_cache(maxsize=16384)
def measured(text: str, concept: str) -> bool:
    """Whether the text has a number with one of the concept's units."""
    pattern = shipped().units.get(concept)
    return pattern is not None and pattern.search(text.casefold()) is not None


def _found(text: str, table: Mapping[tuple[str, ...], frozenset[str]]) -> frozenset[str]:
    """Of phrases of which one lies in another the longer counts: "shipping weight" asks for no weight."""
    stems = tokens(text)
    found, covered = set[str](), set[int]()
    for length in range(LONGEST_PHRASE, 0, -1):
        for start in range(len(stems) - length + 1):
            places = range(start, start + length)
            known = table.get(tuple(stems[start : start + length]))
            if known and not covered.issuperset(places):
                found |= known
                covered.update(places)
    return frozenset(found)


def _phrases(*lists: str) -> list[str]:
    return [phrase.strip() for one in lists for phrase in one.split(",")]


def _by_stems(pairs: list[tuple[str, str]]) -> dict[tuple[str, ...], frozenset[str]]:
    found: dict[tuple[str, ...], frozenset[str]] = {}
    for phrase, concept in pairs:
        stems = tuple(tokens(phrase))
        found[stems] = found.get(stems, frozenset()) | {concept}
    return found


def _pattern(units: str) -> re.Pattern[str]:
    signs = "|".join(re.escape(unit.strip()) for unit in sorted(units.split(","), key=len, reverse=True))
    return re.compile(rf"{NUMBER}(?:{signs})(?![a-z])")
