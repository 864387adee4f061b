"""For which sex a product is, as far as words say one and not the other."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from catalog.lexicon.people import IN_FIELDS, PEOPLE, People

Sex = Literal["male", "female"]


def _sexes(people: Mapping[str, People]) -> dict[str, Sex]:
    return {word: one.gender for word, one in people.items() if one.gender == "male" or one.gender == "female"}


WORDS, VALUES = _sexes(PEOPLE), _sexes(IN_FIELDS)
# Whole runs of letters, each looked at once: a title may be one long word.
WORD = re.compile(
    r"(?<![a-z])[a-z]++(?=['\u2019]?s?\b)|" + "|".join(word for word in WORDS if not word.isascii()), re.IGNORECASE
)
BOTH = re.compile(r"unisex|\bher\b|\bhis\b|couples?|男女|中性|情侣", re.IGNORECASE)


class Said(NamedTuple):
    word: str
    start: int
    end: int
    sex: Sex


def sex_in(text: str) -> Said | None:
    """None where the words name both, or none."""
    found = list(_said(text))
    return found[0] if len({one.sex for one in found}) == 1 and not BOTH.search(text) else None


def _said(text: str) -> Iterator[Said]:
    for one in WORD.finditer(text):
        if sex := WORDS.get(one[0].lower()):
            yield Said(one[0], one.start(), one.end(), sex)


@lru_cache(maxsize=4096)
def sex_of(value: str) -> Sex | None:
    """Of a field's value."""
    short = value.strip().lower()
    if short in VALUES:
        return VALUES[short]
    said = sex_in(value)
    return said.sex if said else None
