"""Words that are a value by themselves, from `words.toml`: colours, materials, closures, patterns, for whom."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from catalog.language.attributes.found import CERTAIN, LIKELY, OPEN, FoundAttribute

# A word alone that often says something else: a taste, a name, a part of a brand. One of colours that stands in a
# title's words is likely, one after "Color:" certain.
UNSURE = {"rose", "orange", "lavender", "gold", "silver", "walnut", "cream", "olive", "down", "crystal", "tie", "laces"}
UNSURE_ZH = {"黑", "蓝", "灰", "绿", "紫", "红", "白", "黄", "麻", "铁", "钢", "瓷", "竹", "铝", "钛", "水晶", "印花"}
FIRST = re.compile(r"[a-z]+|[0-9]+")
LATIN_SIGNS = frozenset("p")  # with which a value in Chinese begins: "pu皮"
NOT_BEFORE = re.compile(
    r"\s?-?(?:tea|chocolate|wine|pepper|beans?|rice|noise|label|friday|board|oil|gate|plated|tone)\b", re.I
)


@cache
def vocabulary() -> Mapping[str, tuple[str, str]]:
    """A word -> attribute, value."""
    table = tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
    return {
        word: (attribute, value)
        for attribute, values in table.items()
        for value, words in values.items()
        for word in (value.lower(), *words)
    }


@cache
def _pattern() -> re.Pattern[str]:
    words = sorted(vocabulary(), key=lambda word: (-len(word), word))
    latin = "|".join(re.escape(word) for word in words if word.isascii())
    other = "|".join(re.escape(word) for word in words if not word.isascii())
    return re.compile(rf"(?<![A-Za-z0-9'’])(?:{latin})(?![A-Za-z0-9'’])|{other}", re.IGNORECASE)


@cache
def _starts() -> tuple[re.Pattern[str], frozenset[str]]:
    """Where a value can begin: at a Latin word or a number, which is group 1 and must be one of these; at a sign."""
    firsts = frozenset(one[0] for word in vocabulary() if word.isascii() and (one := FIRST.match(word)))
    others = {word[:1] for word in vocabulary() if not word.isascii()}
    signs = "".join(sorted(re.escape(sign) for sign in others))
    return re.compile(rf"(?<![A-Za-z0-9'’])(?=({FIRST.pattern}))|(?=[{signs}])", re.IGNORECASE), firsts


def _values_in(text: str) -> Iterator[re.Match[str]]:
    """What the pattern finds, looked for only where a value can begin."""
    starts, firsts = _starts()
    end = 0
    for start in starts.finditer(text):
        word = start[1]
        may_begin = start.start() >= end and (not word or word.lower() in firsts or word[:1].lower() in LATIN_SIGNS)
        if may_begin and (one := _pattern().match(text, start.start())):
            end = one.end()
            yield one


def words_in(text: str) -> Iterator[FoundAttribute]:
    for one in _values_in(text):
        attribute, value = vocabulary()[one[0].lower()]
        if attribute == "color" and NOT_BEFORE.match(text, one.end()):
            continue
        unsure = one[0].lower() in UNSURE or one[0] in UNSURE_ZH
        sure = CERTAIN if attribute == "closure" or " " in one[0] or len(value) > 6 else LIKELY
        yield FoundAttribute(attribute, one[0], one.start(), one.end(), value, "", OPEN if unsure else sure)


def value_of(attribute: str, text: str) -> str | None:
    """The value that the words stand for, of that attribute."""
    found = vocabulary().get(text.strip().lower())
    return found[1] if found and found[0] == attribute else None
