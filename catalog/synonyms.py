"""Names and values of attributes that mean the same to merchants, in English and Chinese.

The tables leave out what makes no difference: case, a possessive, a plural, a hyphen, the sign of a colour (色).
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from catalog.lexicon.colours import spellings
from catalog.lexicon.people import IN_FIELDS

NAMES = {
    "color": "colour",
    "product color": "colour",
    "product colour": "colour",
    "颜": "colour",
    "尺码": "size",
    "sex": "gender",
    "性别": "gender",
    "age group": "audience",
    "季节": "season",
}
# What a value may mean, one of several where a comma parts them: "male" may be men or boys. The lexicon has more, of
# colours and people.
MEANINGS = {
    "men women": "unisex, men, women",
    "women men": "unisex, men, women",
    "dark gray": "dark grey",
    "light gray": "light grey",
    "grey melange": "grey, grey melange",
    "autumn": "fall",
    "春": "spring",
    "春季": "spring",
    "夏": "summer",
    "夏季": "summer",
    "秋": "fall",
    "秋季": "fall",
    "冬": "winter",
    "冬季": "winter",
}
SEVERAL = re.compile(r"[/,;|&+、\uff0c]|\band\b", re.IGNORECASE)


@lru_cache(maxsize=4096)
def attribute_name(name: str) -> str:
    """By which attributes of the same meaning are known: "Colors" -> "colour", "Heel_Height" -> "heel height".

    Google's and WooCommerce's signs before a name, "g:" and "pa_", are left out.
    """
    plain = _plainly(name.strip().removeprefix("g:").removeprefix("pa_"))
    return NAMES.get(plain, plain)


def agree(one: str, other: str) -> bool:
    """Whether two values of an attribute may both be true: if they mean the same, if one is a kind of the other ("Navy
    Blue" and "blue"), or if one of several is.
    """
    return any(
        mine == theirs or mine.endswith(f" {theirs}") or theirs.endswith(f" {mine}")
        for mine in _meanings(one)
        for theirs in _meanings(other)
    )


def same(one: str, other: str) -> bool:
    """Whether two values of an attribute mean the same, or one of several does; a kind of blue is not blue."""
    return not _meanings(one).isdisjoint(_meanings(other))


@lru_cache(maxsize=16384)
def plain_words(text: str) -> tuple[str, ...]:
    """Its words without case, possessives and plurals: "Men's Navy-Blue shoes" -> men, navy, blue, shoe."""
    return tuple(_plainly(text).split())


def letters_of(text: str) -> str:
    """Its letters and digits without case: "T-Shirt No. 5" -> "tshirtno5"."""
    return "".join(filter(str.isalnum, text.casefold()))


@lru_cache(maxsize=4096)
def _meanings(value: str) -> frozenset[str]:
    """Of the whole and of each part; none of an empty value."""
    parts = {_plainly(part) for part in (SEVERAL.sub(" ", value), *SEVERAL.split(value))} - {""}
    known = _known()
    return frozenset(meaning for part in parts for meaning in known.get(part, part).split(", "))


@cache
def _known() -> Mapping[str, str]:
    """MEANINGS, and those of the lexicon. A single letter is a size sooner than a gender."""
    people = {_plainly(word): ", ".join(one.same) for word, one in IN_FIELDS.items() if len(word) > 1 or word > "z"}
    colours = {_plainly(one.text): one.colour.name for one in spellings().values() if one.exact}
    return {**colours, **people, **MEANINGS}


def _plainly(text: str) -> str:
    return " ".join(_singular(word) for word in re.sub(r"[\s_-]+", " ", text.casefold()).split())


def _singular(word: str) -> str:
    """Without a possessive, a plural's s, and the sign of a colour."""
    word = re.sub(r"['\u2019]s?$", "", word)
    if len(word) > 1 and word.endswith("色"):
        return word.removesuffix("色")
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
