"""Colours by the plain colours that a person may call them: "navy" is blue, and in a dim picture black."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from catalog.quality.groups.colours import NAMES

PLAIN = ("black", "white", "grey", "blue", "green", "yellow", "orange", "red", "pink", "purple", "brown", "beige")
# A colour that is none of the plain ones -> those that it may be called.
MAY_BE = {
    **{name: name for name in PLAIN},
    **{"silver": "grey white", "gold": "yellow brown beige", "copper": "brown orange red", "bronze": "brown yellow"},
    **{
        "steel": "grey",
        "metallic": "grey white",
        "titanium": "grey",
        "gunmetal": "grey black",
        "graphite": "grey black",
    },
    **{"charcoal": "grey black", "anthracite": "grey black", "slate": "grey blue", "taupe": "grey brown beige"},
    **{"navy": "blue black", "denim": "blue black grey", "indigo": "blue purple", "turquoise": "blue green"},
    **{"teal": "blue green", "aqua": "blue green", "cyan": "blue green", "olive": "green brown beige grey"},
    **{"khaki": "green brown beige", "mustard": "yellow brown orange", "sand": "beige brown yellow"},
    **{"cream": "white beige yellow", "ivory": "white beige yellow", "offwhite": "white beige grey"},
    **{"nude": "beige pink brown", "skin": "beige pink brown", "tan": "brown beige orange", "camel": "brown beige"},
    **{"cognac": "brown orange", "coffee": "brown black", "chocolate": "brown black", "rust": "red brown orange"},
    **{"maroon": "red brown purple pink", "burgundy": "red brown purple", "wine": "red brown purple", "crimson": "red"},
    **{"scarlet": "red", "coral": "orange pink red", "salmon": "pink orange", "peach": "orange pink red beige"},
    **{"rose": "pink red", "magenta": "pink purple red", "fuchsia": "pink purple", "mauve": "purple pink brown"},
    **{"violet": "purple blue", "lilac": "purple pink", "lavender": "purple pink blue"},
    "rose gold": "pink yellow brown beige",
}
# Those whose word says nothing else in a title; the others may be a taste, a metal, a name.
CERTAIN = {*PLAIN, "navy", "turquoise", "teal", "maroon", "burgundy", "magenta", "khaki", "offwhite"} - {"orange"}
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
# Parts of a product, whose colour is not that of the whole.
PART = re.compile(
    r"\b(?:dial|strap|band|lens|lenses|frame|sole|soles|buckle|trim|logo|stitch\w*|border|piping|lace|laces|handle|lid"
    r"|collar|rim|bezel|ink|cartridge|toner|lining|print|text|leds?|lights?)\b",
    re.IGNORECASE,
)
NEAR, SIGHT = 2, 100  # words before the part, and the characters in which they stand
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


def names_a_part(text: str, end: int) -> bool:
    """Whether a part of the product follows a colour that ends here."""
    following = text[end : end + SIGHT].split()[:NEAR]
    return bool(PART.search(" ".join(following)))


def _colours(text: str) -> Iterator[Named]:
    for one in WORD.finditer(text):
        word = one[0].lower().replace("-", " ")
        colour = "offwhite" if word in ("off white", "offwhite") else word if word in MAY_BE else NAMES.get(word, "")
        if colour in MAY_BE:
            may_be = frozenset({*MAY_BE[colour].split()} & {*PLAIN})
            certain = colour in CERTAIN and (word in MAY_BE or word in ("gray", "off white") or not word.isascii())
            certain = certain and not names_a_part(text, one.end())
            yield Named(one[0], one.start(), one.end(), may_be, certain)


@lru_cache(maxsize=4096)
def plain(value: str) -> frozenset[str]:
    """The plain colours that a value may be called; none where it says several, or nothing that is known."""
    if ANY.search(value):
        return frozenset()
    return frozenset().union(*(one.may_be for one in colours_in(value)))
