"""How many there are: packs ("Pack of 6", "6-pack"), pieces ("90 Count", "100/Box"); ages ("3-5 years")."""

import re
from collections.abc import Iterator
from functools import lru_cache

from catalog.language.attributes.found import CERTAIN, LIKELY, OPEN, FoundAttribute, Normal, Reading
from catalog.language.attributes.grammar.numbers import BEFORE
from catalog.language.attributes.grammar.scanning import scanned
from catalog.lexicon.counts import CHINESE_PACK, CHINESE_PIECE, HOLDER, NUMBER_WORDS, PACK, PIECES

_END = r"(?![A-Za-z0-9])"
# What holds so many of something else: "six card slots", "a 12 bottle rack".
_NO_HOLDER = (
    r"(?!\s(?:slots?|holders?|racks?|organi[sz]ers?|coolers?|carriers?|dispensers?|stands?|pockets?|capacity)\b)"
)

# What follows a number, tried in this order: name, how sure, pattern.
AFTER = (
    ("count", CERTAIN, rf"(?:\s[A-Za-z-]{{2,12}})?\s?(?:/|\bper\b)\s?{HOLDER}{_END}"),
    ("pack_count", CERTAIN, rf"[\s-]?{PACK}{_END}"),
    ("pack_count", CERTAIN, rf"[\s-](?:piece|pc|pcs)?[\s-]?sets?{_END}"),
    ("count", CERTAIN, rf"[\s-]?{PIECES}{_END}{_NO_HOLDER}"),
    ("dozen", CERTAIN, rf"\sdozen{_END}"),
    ("ports", CERTAIN, rf"[\s-]?ports?{_END}"),
    ("cores", CERTAIN, rf"[\s-]?cores?{_END}"),
    ("ply", CERTAIN, rf"[\s-]?ply{_END}"),
    ("pack_count", LIKELY, rf"\s?{CHINESE_PACK}(?:装|入)?"),
    ("count", LIKELY, rf"\s?{CHINESE_PIECE}(?:装|入)?"),
)
# What precedes one.
AHEAD = (
    ("pack_count", CERTAIN, r"\b(?:multi-?)?(?:pack|case|box|set|lot|bundle|carton|bag)\s?\(?of\s"),
    ("pack_count", CERTAIN, r"\bqty\.?\s?:?\s?"),
    ("spf", CERTAIN, r"\bspf\s?"),
    ("count", CERTAIN, rf"\b{HOLDER}\s?/\s?"),
)
_WORDS = "one|two|three|four|five|six|seven|eight|ten|twelve|single|dual|quad|octa"
_NUMBER = (
    rf"(?:\d{{1,3}}(?:,\d{{3}}){{1,3}}|\d{{1,6}}|\b(?:{_WORDS})\b"
    r"|[一二两三四五六七八九十](?=[包盒袋瓶罐箱套卷双支件片条]装))"
)
FOLLOWED = re.compile(
    rf"(?P<n>{_NUMBER})(?=\s?[-/]?\s?[^\W\d])(?:"
    + "|".join(f"(?P<after{at}>{pattern})" for at, (_, _, pattern) in enumerate(AFTER))
    + ")",
    re.IGNORECASE,
)
PRECEDED = re.compile(
    "(?:"
    + "|".join(f"(?P<ahead{at}>{pattern})" for at, (_, _, pattern) in enumerate(AHEAD))
    + rf")(?P<n>{_NUMBER})\+?{_END}",
    re.IGNORECASE,
)
# Where a number, or what stands before one, can begin.
NUMBER_STARTS = re.compile(
    rf"(?<!\d)\d|\b(?:{_WORDS})\b|[一二两三四五六七八九十](?=[包盒袋瓶罐箱套卷双支件片条]装)", re.IGNORECASE
)
HOLDER_STARTS = re.compile(
    r"\b(?:multi|pa|pk|ca|ct|bo|bx|set|lot|bu|bag|qty|spf|roll|jar|tub|disp|ream|kit)", re.IGNORECASE
)
CODE_BEFORE = re.compile(r"[A-Za-z0-9_.,/]$|[A-Za-z0-9][-–#]$")
TIMES_BEFORE = re.compile(r"[\w\s][xX×*]$")
NUMBERS = {**NUMBER_WORDS, "dual": 2, "quad": 4, "octa": 8}
CARAT = re.compile(r"diamond|karat|\bring\b|gemstone|钻", re.IGNORECASE)

_UNIT = r"(?P<unit>years?|yrs?\.?|y/o|months?|mos?\.?|周?岁|个?月)"
_AGE, _TO = r"(?:\bages?d?\s?:?\s?)", r"\s?(?:-|–|~|to|至|到)\s?"
AGES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_AGE}?{BEFORE}(?P<low>\d{{1,2}}){_TO}(?P<high>\d{{1,2}})\s?{_UNIT}{_END}",
        rf"{_AGE}?{BEFORE}(?P<low>\d{{1,2}})\s?(?P<open>\+)?\s?{_UNIT}\s?(?P<up>and up|\+|or older|以上)?",
        rf"{_AGE}(?P<low>\d{{1,2}})(?:{_TO}(?P<high>\d{{1,2}}))?(?P<open>\s?\+|\sand up)?",
    )
)
AGE_SIGN = re.compile(r"\d\s?(?:y|m|个?月|周?岁)|\bage", re.IGNORECASE)
AGE_CUE = re.compile(r"\bages?d?\b|kids?|child|toddler|baby|infant|toy|\bold\b|岁", re.IGNORECASE)


def counts_in(text: str) -> Iterator[FoundAttribute]:
    for one in scanned(FOLLOWED, NUMBER_STARTS, text):
        if not _goes_on(text, one.start()):
            yield _count(*AFTER[int((one.lastgroup or "").removeprefix("after"))][:2], one, text)
    for one in scanned(PRECEDED, HOLDER_STARTS, text):
        place = next(at for at in range(len(AHEAD)) if one[f"ahead{at}"] is not None)
        yield _count(*AHEAD[place][:2], one, text)
    yield from _ages(text)


def _goes_on(text: str, start: int) -> bool:
    """Whether the number is the end of a code or of a longer number; the x of "500g*2" and "3x2" is none."""
    before = text[max(0, start - 2) : start]
    return bool(CODE_BEFORE.search(before)) and not TIMES_BEFORE.search(before)


def _count(name: str, confidence: float, one: re.Match[str], text: str) -> FoundAttribute:
    number = _number(one["n"])
    if name == "dozen":
        name, number = "count", number * 12
    others: tuple[Reading, ...] = ()
    if one[0].lower().endswith("ct") and "/" not in one[0] and _is_jewellery(text):
        others = (Reading("carat_weight", round(number * 2e-4, 10), "kilogram"),)
    unit = "" if name == "spf" else "count"
    return FoundAttribute(
        name, one[0], one.start(), one.end(), float(number), unit, OPEN if others else confidence, others=others
    )


@lru_cache(maxsize=1)
def _is_jewellery(text: str) -> bool:
    return bool(CARAT.search(text))


def _number(text: str) -> int:
    return int(text.replace(",", "")) if text[0].isdigit() else NUMBERS[text.lower()]


def _ages(text: str) -> Iterator[FoundAttribute]:
    if not AGE_SIGN.search(text):
        return
    for pattern in AGES:
        for one in pattern.finditer(text):
            groups = one.groupdict()
            is_open = bool(groups.get("open") or groups.get("up"))
            if not is_open and not AGE_CUE.search(text[max(0, one.start() - 20) : one.end() + 12]):
                continue  # "2 years warranty"
            scale = 1 / 12 if (groups.get("unit") or "").lower().startswith(("mo", "月", "个")) else 1.0
            low = round(int(one["low"]) * scale, 4)
            high = groups.get("high")
            age: Normal = (low, round(int(high) * scale, 4)) if high else (low, None) if is_open else low
            value = one[0].rstrip()
            yield FoundAttribute("age", value, one.start(), one.start() + len(value), age, "year", CERTAIN)
