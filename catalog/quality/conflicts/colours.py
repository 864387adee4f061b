"""Colours by the plain colours that a person may call them: "navy" is blue, and in a dim picture black."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from catalog.lexicon.colours import spellings
from catalog.lexicon.parts import names_a_part

# Words that say that there are several colours, or none.
ANY = re.compile(
    r"multi|assorted|mixed|various|colou?rful|print|pattern|floral|strip|check|plaid|rainbow|camo|tie.?dye|transparent"
    r"|clear|colou?rs\b|ombre|gradient|animal|leopard|contrast|reversible|dual|多色|彩|花|拼|混|条纹|格",
    re.IGNORECASE,
)
# Names that contain a colour and say none.
NAMED = re.compile(
    r"\b(?:red|blue|black|white|green|pink|brown|orange|yellow|gold|silver|purple|grey|gray)[\s-]"
    r"(?:tape|bull|chief|diamond|floyd|giant|label|tea|wine|hat|sox|cross|friday|board|box|list|magic|tooth|berry"
    r"|pepper|beans?|rice|noise|gate|plated|tone[sd]?|stones?|lights?|leds?|sea|mountain|star|wing|line|dot|code)\b"
    r"|\bblack\s?(?:&|and|\+)\s?decker\b|\bcode\s(?:red|blue)\b",
    re.IGNORECASE,
)
WORD = re.compile(r"off[\s-]?white|rose[\s-]?gold|[^\W\d_]+|[黑白灰蓝绿黄橙红粉紫棕褐]色", re.IGNORECASE)


class Named(NamedTuple):
    """A colour that a text names: may_be are the plain colours that it may be called."""

    word: str
    start: int
    end: int
    may_be: frozenset[str]
    certain: bool


def colours_in(text: str, brand: str = "") -> list[Named]:
    """brand: whose words name no colour."""
    hidden = NAMED.sub(lambda one: " " * len(one[0]), text)
    if brand:
        hidden = re.sub(re.escape(brand), lambda one: " " * len(one[0]), hidden, flags=re.IGNORECASE)
    return list(_colours(hidden))


def _colours(text: str) -> Iterator[Named]:
    for one in WORD.finditer(text):
        known = spellings().get(one[0].lower())
        if known and known.colour.plain:
            certain = known.says == "certain" and not known.foreign and not names_a_part(text, one.end())
            yield Named(one[0], one.start(), one.end(), known.colour.plain, certain)


@lru_cache(maxsize=4096)
def plain(value: str) -> frozenset[str]:
    """The plain colours that a value may be called; none where it says several, or nothing that is known."""
    if ANY.search(value):
        return frozenset()
    return frozenset().union(*(one.may_be for one in colours_in(value)))
