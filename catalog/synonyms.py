"""Names and values of attributes that mean the same to merchants, in English and Chinese.

The tables leave out what makes no difference: case, a possessive, a plural, a hyphen, the sign of a colour (色).
"""

import re
from functools import lru_cache

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
# What a value may mean, one of several where a comma parts them: "male" may be men or boys.
MEANINGS = {
    "male": "men, boy",
    "female": "women, girl",
    "man": "men",
    "gent": "men",
    "gentlemen": "men",
    "woman": "women",
    "lady": "women",
    "ladie": "women",  # "ladies"
    "men women": "unisex, men, women",
    "women men": "unisex, men, women",
    "男": "men, boy",
    "男士": "men",
    "男款": "men",
    "男童": "boy",
    "女": "women, girl",
    "女士": "women",
    "女款": "women",
    "女童": "girl",
    "中性": "unisex",
    "男女通用": "unisex",
    "child": "kid",
    "children": "kid",
    "newborn": "kid",
    "infant": "kid",
    "toddler": "kid",
    "儿童": "kid",
    "成人": "adult",
    "gray": "grey",
    "dark gray": "dark grey",
    "light gray": "light grey",
    "grey melange": "grey, grey melange",
    "navy": "navy blue",
    "turquoise": "turquoise blue",
    "multicolor": "multi",
    "multicolour": "multi",
    "multicolored": "multi",
    "multicoloured": "multi",
    "黑": "black",
    "白": "white",
    "灰": "grey",
    "蓝": "blue",
    "藏青": "navy blue",
    "绿": "green",
    "黄": "yellow",
    "橙": "orange",
    "红": "red",
    "粉": "pink",
    "粉红": "pink",
    "紫": "purple",
    "棕": "brown",
    "褐": "brown",
    "米": "beige",
    "金": "gold",
    "银": "silver",
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
    return frozenset(meaning for part in parts for meaning in MEANINGS.get(part, part).split(", "))


def _plainly(text: str) -> str:
    return " ".join(_singular(word) for word in re.sub(r"[\s_-]+", " ", text.casefold()).split())


def _singular(word: str) -> str:
    """Without a possessive, a plural's s, and the sign of a colour."""
    word = re.sub(r"['\u2019]s?$", "", word)
    if len(word) > 1 and word.endswith("色"):
        return word.removesuffix("色")
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
