"""The words of questions and evidence, so plain that they can be compared: English stems, and pairs of Han letters.

A rough stemmer is enough here, since both sides go through it: "washable" and "washing" meet in "wash".
"""

import re
from functools import lru_cache

HAN = "\u3400-\u4dbf\u4e00-\u9fff"
TOKEN = re.compile(rf"[a-z0-9]+(?:[.'][a-z0-9]+)*|[{HAN}]+")
NUMBER = re.compile(r"\d+(?:\.\d+)?|\b(?:one|two|three|four|five|six|seven|eight|nine|ten)\b|[一二两三四五六七八九十]+")
# The longest first. What is left has three letters at least.
SUFFIXES = ("ability", "ables", "able", "ings", "ing", "ness", "ers", "er", "ed", "es", "ly", "s")
SHORTEST = 3

# What asks and joins, and says nothing of what is asked.
STOP_WORDS = (
    "a an the this that these those it its is are was were be been being am do does did done has have had having can"
    " could will would shall should may might must i me my we us our you your he him his she her they them their who"
    " whom whose what which when where why how if then than and or but not no nor so as at by for from in into of off"
    " on onto to up with without about there here any some all each both just only also too very really actually please"
    " thank hi hello anyone someone anybody somebody something anything know tell say said one ones get got s t don"
    " doesn isn aren ll ve re d m product item thing stuff made make kind type sort"
)
STOP = frozenset(STOP_WORDS.split())
# The same of Chinese, as substrings to leave out before pairs are made.
STOP_HAN = re.compile(
    "请问|你好|您好|这个|这款|这件|这种|那个|它的|它|是不是|有没有|能不能|可不可以|可以|是否|什么|怎么样|怎么|如何|多少|哪个|哪里"
    "|哪些|一下|东西|产品|商品|吗|呢|吧|啊|的|了|是|有|能|会|在|和|与|及|就|都|也|还|很|我|你|您|请|把|被|给|用|要"
)


def tokens(text: str) -> list[str]:
    """In order: "Machine-washable shoes" -> machin, wash, shoe. Of Han letters every pair, or one alone."""
    found: list[str] = []
    for match in TOKEN.finditer(text.casefold()):
        token = match[0]
        if token[0].isascii():
            found.append(stem(token))
        elif len(token) == 1:
            found.append(token)
        else:
            found += [token[start : start + 2] for start in range(len(token) - 1)]
    return found


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """The word without the ends that a rough stemmer knows."""
    word = word.split("'")[0]
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif not word.endswith("ss"):
        ending = next((end for end in SUFFIXES if word.endswith(end) and len(word) - len(end) >= SHORTEST), "")
        word = word.removesuffix(ending)
    return word[:-1] if word.endswith("e") and len(word) > SHORTEST else word


STOP_STEMS = frozenset(map(stem, STOP))


def content(text: str) -> list[str]:
    """The words that say something, each once, in order."""
    plain = STOP_HAN.sub(" ", text.casefold())
    return list(dict.fromkeys(token for token in tokens(plain) if token not in STOP_STEMS))


def has_number(text: str) -> bool:
    return NUMBER.search(text.casefold()) is not None
