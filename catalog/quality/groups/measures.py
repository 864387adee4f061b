"""Numbers with units in a text, in base units: "64 GB", "5.5-inch", "2 x 500ml", "pack of 6".

Coarser than `catalog.language.attributes`, and several times as fast: of two texts it matters more that both are read
alike than what a measure is of. Units and words for packs are the same.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from catalog.language.attributes.grammar.scanning import scanned
from catalog.lexicon.counts import ANY_PIECES, CHINESE_PACK, CHINESE_PIECE, PACK
from catalog.lexicon.units import NO_INCH, Unit, units

# Kind of unit -> the dimension, and the sign of its base unit.
DIMENSIONS = {
    **{"memory": ("memory", "gb"), "length": ("length", "mtr"), "mass": ("weight", "kg"), "volume": ("volume", "ltr")},
    **{"power": ("power", "watt"), "voltage": ("voltage", "volt"), "charge": ("charge", "mah")},
    **{"frequency": ("frequency", "hz"), "resolution": ("resolution", "mp"), "rotation": ("rotation", "rpm")},
}
# Of these a letter of a size or a name may be meant, unless they stand at the number.
LETTERS = frozenset("m'")
NETWORKS = frozenset("2345")  # "4G" is no weight
LINES = "480|576|720|768|900|1080|1200|1440|2160|4320"
NUMBER = r"\d{1,15}(?:[.,]\d{1,15}){0,5}"
STARTS = re.compile(r"(?<!\w)\d|\b(?:pack|set|box|lot|case|pk)")
THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


class Measure(NamedTuple):
    """value: in the dimension's base unit. start, end: where it stands in the text."""

    dimension: str
    value: float
    start: int
    end: int


def measures(text: str) -> Iterator[Measure]:
    """text: in lower case."""
    for match in scanned(_pattern(), STARTS, text):
        if found := _read(match):
            yield Measure(*found, match.start(), match.end())


def _read(match: re.Match[str]) -> tuple[str, float] | None:
    """Dimension and value."""
    if lines := match["lines"]:
        return "lines", float(lines)
    if count := match["count"] or match["times"]:
        return "pack", float(count)
    number, unit = match["number"], match["unit"]
    if not unit:
        return "pack", as_number(number)
    if (unit in LETTERS and match.start("unit") != match.end("number") and unit != "'") or (
        unit == "g" and number in NETWORKS
    ):
        return None
    dimension, factor = _signs()[unit]
    return dimension, float(f"{as_number(number) * factor:.4g}")


@cache
def _signs() -> Mapping[str, tuple[str, float]]:
    """Sign in lower case -> dimension, how many base units it is."""
    exact, folded, loose = units()
    small = {sign: unit for sign, unit in exact.items() if sign == sign.lower()}
    return {
        sign: (DIMENSIONS[unit.kind][0], unit.scale / folded[DIMENSIONS[unit.kind][1]].scale)
        for sign, unit in {**loose, **folded, **small}.items()
        if _is_compared(unit)
    }


def _is_compared(unit: Unit) -> bool:
    return unit.kind in DIMENSIONS and unit.where is None


@cache
def _pattern() -> re.Pattern[str]:
    ordered = sorted(_signs(), key=lambda sign: (-len(sign), sign))
    signs = "|".join(re.escape(sign) + (NO_INCH if sign == "in" else "") for sign in ordered)
    pieces = rf"{PACK}|{ANY_PIECES}|er(?:[\s-]?pack)?|stk|st(?:ü|u|ue)ck|tins?"
    return re.compile(
        rf"(?<![\w.,])(?:(?P<lines>{LINES})p\b|(?P<number>{NUMBER})\s?[-\u2011]?\s?(?:(?P<unit>{signs})|{pieces}|"
        rf"{CHINESE_PACK}|{CHINESE_PIECE})(?![a-z0-9]))"
        r"|(?P<of>\b(?:pack|set|box|lot|case|pk)\s?(?:of|/)\s?)(?P<count>\d{1,4})(?!\w)"
        r"|(?<!\w)(?P<times>\d{1,3})\s?[x\u00d7]\s?(?=\d{1,9}(?:[.,]\d{1,9})?\s?(?:ml|cl|l|g|kg|oz|mg)\b)"
    )


def as_number(text: str) -> float:
    """ "1,5" -> 1.5, "1,000" -> 1000, "6.0" -> 6."""
    if text.isdecimal():
        return float(text)
    if THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    first, *rest = text.replace(",", ".").split(".")
    return float(f"{first}.{''.join(rest) or '0'}")
