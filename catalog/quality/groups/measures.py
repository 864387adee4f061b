"""Numbers with units in a text, in base units: "64 GB", "5.5-inch", "2 x 500ml", "pack of 6"."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# Dimension -> unit -> how many base units it is.
UNITS: dict[str, dict[str, float]] = {
    "memory": {"kb": 1e-6, "mb": 1e-3, "gb": 1.0, "gig": 1.0, "go": 1.0, "tb": 1e3, "to": 1e3, "gigabyte": 1.0},
    "length": {
        **{"mm": 1e-3, "cm": 1e-2, "centimetre": 1e-2, "m": 1.0, "meter": 1.0, "metre": 1.0, "ft": 0.3048},
        **{"foot": 0.3048, "feet": 0.3048, "in": 0.0254, "inch": 0.0254, "inche": 0.0254, "zoll": 0.0254},
        **{"pouce": 0.0254, '"': 0.0254, "''": 0.0254, "'": 0.0254, "\u2033": 0.0254, "\u201d": 0.0254},
    },
    "weight": {
        **{"mg": 1e-6, "g": 1e-3, "gr": 1e-3, "gram": 1e-3, "gramm": 1e-3, "kg": 1.0, "kilo": 1.0, "kilogram": 1.0},
        **{"lb": 0.4536, "pound": 0.4536, "oz": 0.02835, "ounce": 0.02835},
    },
    "volume": {
        **{"ml": 1e-3, "cl": 1e-2, "dl": 0.1, "l": 1.0, "liter": 1.0, "litre": 1.0, "ltr": 1.0, "fl oz": 0.02957},
        **{"gal": 3.785, "gallon": 3.785, "cu": 28.32},
    },
    "power": {"w": 1.0, "watt": 1.0, "kw": 1e3},
    "voltage": {"v": 1.0, "volt": 1.0, "vdc": 1.0, "vac": 1.0},
    "charge": {"mah": 1.0, "ah": 1e3},
    "frequency": {"hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9},
    "resolution": {"mp": 1.0, "mpix": 1.0, "mpx": 1.0, "megapixel": 1.0, "mega pixel": 1.0},
    "lines": {"p": 1.0},
    "rotation": {"rpm": 1.0, "tr min": 1.0, "u min": 1.0, "upm": 1.0},
    "pack": {
        **{"pack": 1.0, "pk": 1.0, "pcs": 1.0, "pc": 1.0, "piece": 1.0, "count": 1.0, "ct": 1.0, "er": 1.0},
        **{
            "er pack": 1.0,
            "pair": 1.0,
            "stk": 1.0,
            "st\u00fcck": 1.0,
            "unit": 1.0,
            "bottle": 1.0,
            "can": 1.0,
            "tin": 1.0,
        },
        **{"\u4ef6": 1.0, "\u4e2a": 1.0, "\u5305": 1.0, "\u74f6": 1.0, "\u53cc": 1.0},
    },
}
FACTORS = {unit: (dimension, factor) for dimension, units in UNITS.items() for unit, factor in units.items()}
NUMBER = r"\d+(?:[.,]\d+)*"
SPELT = sorted((re.escape(unit) for unit in FACTORS), key=len, reverse=True)
MEASURE = re.compile(
    rf"(?<![\w.,])(?P<number>{NUMBER})\s?[-\u2011]?\s?(?P<unit>{'|'.join(SPELT)})s?(?![a-z0-9])"
    r"|(?P<of>\b(?:pack|set|box|lot|case|pk)\s?(?:of|/)\s?)(?P<count>\d{1,4})(?!\w)"
    r"|(?<!\w)(?P<times>\d{1,3})\s?[x\u00d7]\s?(?=\d+(?:[.,]\d+)?\s?(?:ml|cl|l|g|kg|oz|mg)\b)"
)
# Of these a letter of a size or a name may be meant, unless they stand at the number.
LETTERS = frozenset("mp'")
NETWORKS = frozenset("2345")  # "4G" is no weight
LINES = frozenset((480, 576, 720, 768, 900, 1080, 1200, 1440, 2160, 4320))


class Measure(NamedTuple):
    """value: in the dimension's base unit. start, end: where it stands in the text."""

    dimension: str
    value: float
    start: int
    end: int


def measures(text: str) -> Iterator[Measure]:
    """text: in lower case."""
    for match in MEASURE.finditer(text):
        if count := match["count"] or match["times"]:
            yield Measure("pack", float(count), match.start(), match.end())
            continue
        number, unit = match["number"], match["unit"]
        if unit in LETTERS and match.start("unit") != match.end("number") and unit != "'":
            continue
        dimension, factor = FACTORS[unit]
        value = as_number(number)
        if (dimension == "lines" and value not in LINES) or (unit == "g" and number in NETWORKS):
            continue
        yield Measure(dimension, float(f"{value * factor:.4g}"), match.start(), match.end())


def as_number(text: str) -> float:
    """ "1,5" -> 1.5, "1,000" -> 1000, "6.0" -> 6."""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        text = text.replace(",", "")
    first, *rest = re.split("[.,]", text)
    return float(f"{first}.{''.join(rest) or '0'}")
