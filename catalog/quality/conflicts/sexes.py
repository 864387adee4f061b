"""For which sex a product is, as far as words say one and not the other."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

Sex = Literal["male", "female"]
WORDS: dict[str, Sex] = {
    **dict.fromkeys(("men", "man", "mens", "boy", "boys", "male", "gents", "gentlemen", "mans"), "male"),
    **dict.fromkeys(("women", "woman", "womens", "girl", "girls", "female", "ladies", "lady", "womans"), "female"),
    **{"男士": "male", "男款": "male", "男童": "male", "男式": "male"},
    **{"女士": "female", "女款": "female", "女童": "female", "女式": "female"},
}
VALUES: dict[str, Sex] = {**WORDS, "m": "male", "f": "female", "男": "male", "女": "female"}
# Whole runs of letters, each looked at once: a title may be one long word.
WORD = re.compile(r"(?<![a-z])[a-z]++(?=['\u2019]?s?\b)|[男女][士款童式]", re.IGNORECASE)
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
