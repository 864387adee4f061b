"""Words that are a value by themselves: colours, materials, closures, patterns, for whom."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from catalog.language.attributes.found import CERTAIN, LIKELY, OPEN, FoundAttribute
from catalog.lexicon.colours import spellings
from catalog.lexicon.parts import names_a_part
from catalog.lexicon.people import GENDERS, PEOPLE, People

# A word alone that often says something else: a taste, a name, a part of a brand.
UNSURE = frozenset(("down", "crystal", "man", "lady", "麻", "铁", "钢", "瓷", "竹", "铝", "钛", "水晶", "印花"))
AFTER_LABELS = frozenset(("tie", "laces"))  # sooner the product itself than its closure
UNREAD = frozenset(("doubtful", "field"))  # what a colour's word says, where it is not read in running words
OF_PARTS = frozenset(("color", "material"))
ENDING = re.compile(r"\s{0,8}(?:$|[|)\]])")
BEFORE_ENDING = re.compile(r"(?:[,|(\[]|\s[-–])\s?\Z")
HAN = re.compile(r"[\u3400-\u9fff]")
FIRST = re.compile(r"(?<![A-Za-z0-9'’])(?:[A-Za-z]+|[0-9]+)|[^\x00-\x7f]")
NOT_BEFORE = re.compile(
    r"\s?-?(?:tea|chocolate|wine|pepper|beans?|rice|noise|label|friday|board|oil|gate|plated|tone|juice|delicious"
    r"|syrup|retriever)\b",
    re.I,
)


class Value(NamedTuple):
    """confidence: 0 where the word is a value only after a label, or at the end of a title."""

    attribute: str
    value: str
    confidence: float


@cache
def vocabulary() -> Mapping[str, Value]:
    """By the words in lower case: of two meanings the one that is no colour."""
    return dict(_all())


@cache
def _values() -> Mapping[tuple[str, str], str]:
    """Attribute and words -> value."""
    return {(value.attribute, word): value.value for word, value in _all()}


def _all() -> Iterator[tuple[str, Value]]:
    yield from _colours()
    yield from _people()
    yield from _listed(tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8")))


def _listed(table: Mapping[str, Mapping[str, list[str]]]) -> Iterator[tuple[str, Value]]:
    for attribute, values in table.items():
        for value, words in values.items():
            for word in (value.lower(), *words):
                sure = CERTAIN if attribute == "closure" or " " in word or len(value) > 6 else LIKELY
                yield word, Value(attribute, value, 0.0 if word in AFTER_LABELS else OPEN if word in UNSURE else sure)


def _colours() -> Iterator[tuple[str, Value]]:
    for one in spellings().values():
        sure = OPEN if one.says == "open" else CERTAIN if " " in one.text else LIKELY
        yield one.text, Value("color", one.colour.value, 0.0 if one.foreign or one.says in UNREAD else sure)


def _people() -> Iterator[tuple[str, Value]]:
    for word, one in PEOPLE.items():
        sure = OPEN if word in UNSURE else LIKELY
        value = Value("age group", one.age, sure) if one.age else Value("gender", _gender(one), sure)
        endings = ("",) if not word.isascii() else ("", "'", "’") if word.endswith("s") else ("", "'s", "’s")
        yield from ((word + ending, value) for ending in endings)


def _gender(people: People) -> str:
    return GENDERS[people.gender] if people.gender else ""


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    """The words by what they begin with: a Latin word, a number or another sign."""
    starts: dict[str, list[str]] = defaultdict(list)
    for word in vocabulary():
        if first := FIRST.match(word):
            starts[first[0]].append(word)
    return {first: re.compile(_alternatives(words), re.IGNORECASE | re.ASCII) for first, words in starts.items()}


def _alternatives(words: list[str]) -> str:
    """The longest first."""
    ordered = sorted(words, key=lambda word: (-len(word), word))
    return "|".join(re.escape(word) + ("(?![A-Za-z0-9'’])" if word[-1].isascii() else "") for word in ordered)


def words_in(text: str) -> Iterator[FoundAttribute]:
    patterns, end = _patterns(), 0
    for start in FIRST.finditer(text):
        pattern = patterns.get(start[0].lower())
        if pattern is None or start.start() < end:
            continue
        if one := pattern.match(text, start.start()):
            end = one.end()
            known = vocabulary()[one[0].lower()]
            if sure := _confidence(known, text, one):
                yield FoundAttribute(known.attribute, one[0], one.start(), end, known.value, "", sure)


def _confidence(known: Value, text: str, one: re.Match[str]) -> float:
    """0 where the words say something else here."""
    start, end = one.span()
    if known.attribute == "color" and (NOT_BEFORE.match(text, end) or (end - start == 1 and _is_in_a_word(text, one))):
        return 0.0
    if not known.confidence:
        return OPEN if known.attribute == "color" and _ends_a_title(text, start, end) else 0.0
    return OPEN if known.attribute in OF_PARTS and names_a_part(text, end) else known.confidence


def _is_in_a_word(text: str, one: re.Match[str]) -> bool:
    """Of one sign of Chinese, which is a part of most words."""
    return bool(HAN.match(text, one.end()) or HAN.match(text[max(0, one.start() - 1) : one.start()]))


def _ends_a_title(text: str, start: int, end: int) -> bool:
    """ "Trousers, Sand": alone behind a mark, where merchants put the colour."""
    return bool(ENDING.match(text, end) and BEFORE_ENDING.search(text[max(0, start - 3) : start]))


def value_of(attribute: str, text: str) -> str | None:
    """The value that the words stand for, of that attribute."""
    return _values().get((attribute, text.strip().lower()))
