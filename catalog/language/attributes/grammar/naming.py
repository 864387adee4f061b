"""Which attribute a measure is of, by the words beside it; a length that nothing names is a "dimension"."""

import re

LABEL = (
    r"(?:(?i:wide|width|high|height|tall|deep|depth|long|length|front[- ]to[- ]back|diameter|dia\b\.?|diam\b\.?|thick"
    r"|thickness)|(?i:[wdhl])(?![A-Za-z0-9'’/&])|[宽高长深厚])"
)
SIDES = {
    "w": "width",
    "wide": "width",
    "width": "width",
    "宽": "width",
    "h": "height",
    "high": "height",
    "height": "height",
    "tall": "height",
    "高": "height",
    "d": "depth",
    "deep": "depth",
    "depth": "depth",
    "front to back": "depth",
    "深": "depth",
    "l": "length",
    "long": "length",
    "length": "length",
    "长": "length",
    "diameter": "diameter",
    "dia": "diameter",
    "diam": "diameter",
    "thick": "thickness",
    "thickness": "thickness",
    "厚": "thickness",
}
# "Width: 30 cm", "高度30cm": a name, then the measure.
NAMED = re.compile(
    r"\b(width|height|depth|length|diameter|thickness)(?:\s?\([^)]{1,12}\))?\s{0,3}[:=]?\s{0,3}(?:of|is)?\s{0,3}$|(宽|高|长|深|厚)度?\s{0,3}[:：]?\s{0,3}$",
    re.IGNORECASE,
)
SCREEN = re.compile(
    r"screen|display|monitor|\btv\b|\blcd\b|\boled\b|laptop|notebook|television|tablet|屏|显示器|电视|笔记本",
    re.IGNORECASE,
)
HEEL = re.compile(r"\bheel|跟高", re.IGNORECASE)
CACHE = re.compile(r"\bcache\b|\bL[23]\b|缓存", re.IGNORECASE)
MEMORY = re.compile(r"\bram\b|ddr|dimm|\bmemory\b|运存|内存", re.IGNORECASE)
STORAGE = re.compile(
    r"\bssd\b|\bhdd\b|\bsas\b|\bsata\b|scsi|nvme|hot-?plug|\bdrive\b|\brom\b|storage|\bdisk\b|\bcard\b|flash|\btape\b|硬盘|存储|闪存|优盘|u盘",
    re.IGNORECASE,
)
AFTER = 14  # characters within which a word belongs to the measure before it
BEFORE = 40  # characters in which a name stands before its measure

NAMES = {
    "mass": "weight",
    "mass_per_area": "weight_per_area",
    "rotation": "rotation_speed",
    "temperature": "temperature",
    "charge": "battery_capacity",
    "carat": "carat_weight",
    "sound": "sound_level",
    "luminous_flux": "luminous_flux",
    "generation": "generation",
}


def side_of(label: str) -> str:
    """ "W" -> "width"; "" for no label."""
    return SIDES.get(label.lower().replace("-", " ").rstrip("."), "")


def name_of(kind: str, side: str, text: str, start: int, end: int, near: str) -> tuple[str, bool]:
    """The attribute's name, and whether the words say it (else it is what is usual)."""
    if kind == "length":
        return _length(side, text[max(0, start - BEFORE) : start], text[end : end + AFTER], near)
    if kind == "memory":
        return _memory(text[max(0, start - AFTER) : start], text[end : end + AFTER], near)
    return NAMES.get(kind, kind), True


def _length(side: str, before: str, after: str, near: str) -> tuple[str, bool]:
    if side:
        return side, True
    if named := NAMED.search(before):
        return side_of(named[1] or named[2]), True
    if HEEL.search(after):
        return "heel_height", True
    if SCREEN.search(after):
        return "screen_size", True
    if SCREEN.search(near):
        return "screen_size", False
    return "dimension", True


def _memory(before: str, after: str, near: str) -> tuple[str, bool]:
    for name, words in (("cache", CACHE), ("memory", MEMORY), ("storage", STORAGE)):
        if words.search(after):
            return name, True
    for name, words in (("cache", CACHE), ("memory", MEMORY), ("storage", STORAGE)):
        if words.search(before):
            return name, True
    for name, words in (("storage", STORAGE), ("memory", MEMORY)):
        if words.search(near):
            return name, False
    return "capacity", False
