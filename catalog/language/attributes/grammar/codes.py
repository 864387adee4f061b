"""Model numbers, part numbers and GTINs."""

import re
from collections.abc import Iterator

from catalog.language.attributes.found import CERTAIN, LIKELY, FoundAttribute

CODE = r"[A-Za-z0-9](?:[A-Za-z0-9]|[-./#_](?=[A-Za-z0-9]))*+"
LONGEST = 25  # of a code that nothing names
GTIN_CUE = re.compile(
    r"(?:UPC|EAN|GTIN|ISBN|Barcode|条码|条形码)\s*+(?:-?1[234](?!\d)\s*+)?(?:[:#]\s*+)?(\d{8,14})(?!\d)", re.IGNORECASE
)
CUES = re.compile(
    r"(?:\b(?P<model>model(?:\s(?:no|number|name))?)|(?P<zh>型号)|\b(?P<part>(?:part|mpn|item|sku|stock|ref|mfr)"
    r"(?:\s?(?:no|number))?))\s?(?:\.\s?)?(?:[#:：]\s?){1,4}(?P<code>" + CODE + ")",
    re.IGNORECASE,
)
LONG_NUMBER, CUE_SIGN = re.compile(r"\d{8}"), re.compile("[#:：]")  # without one there is no cue
LONE = re.compile(rf"(?<![A-Za-z0-9$€£¥.#-])(?=[A-Za-z0-9])(?=[^\s\d]{{0,{LONGEST}}}\d){CODE}")
LETTERED = re.compile(r"(?=.*[A-Za-z])(?=(?:.*\d){2})[A-Z0-9][A-Za-z0-9./#_-]{3,24}")
PARTED = re.compile(r"\d{5,7}-\d{3}|\d{3,4}-\d{5}|\d{3,6}-[A-Z]\d{2}")  # "375863-016", "157305-B21"
# Looks like a code and is none: a measure, a count, an ordinal, a ratio, words such as "covid-19" and "k-cup".
NO_CODE = re.compile(
    r"\d+(?:[.,/-]\d+)*-?[a-z]{1,6}\.?|[A-Z]?[a-z]+-?\d{1,2}|\d+[x/]\d+.*|\d{1,3}-?(?:[A-Z]{1,3}|[A-Za-z]+)(?:/\w+)*|\d+/[A-Za-z]+|"
    r"[A-Z]?[a-z]+(?:-[A-Za-z]+)*-\d+|.*\d-(?:in|inch|ft|port|way|pack|piece|pc|ply|oz|lb|year|day|count)\b.*|"
    r"\d{1,2}-\d{1,2}[A-Za-z]+|www.*|.*\.(?:com|net|org)",
)


def codes_in(text: str) -> Iterator[FoundAttribute]:
    for one in GTIN_CUE.finditer(text) if LONG_NUMBER.search(text) else ():
        if has_check_digit(one[1]):
            yield FoundAttribute("gtin", one[1], one.start(1), one.end(1), one[1], "", CERTAIN)
    for one in CUES.finditer(text) if CUE_SIGN.search(text) else ():
        if any(letter.isdigit() for letter in one["code"]):
            name = "part_number" if one["part"] else "model_number"
            yield _code(name, one["code"], one.start("code"), CERTAIN)
    for one in LONE.finditer(text):
        if len(one[0]) > LONGEST:
            continue
        if PARTED.fullmatch(one[0]):
            yield _code("part_number", one[0], one.start(), LIKELY)
        elif LETTERED.fullmatch(one[0]) and not NO_CODE.fullmatch(one[0]):
            yield _code("model_number", one[0], one.start(), LIKELY)


def has_check_digit(digits: str) -> bool:
    """Whether the last digit is that of a GTIN (8, 12, 13 or 14 digits)."""
    if len(digits) not in (8, 12, 13, 14):
        return False
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(reversed(digits)))
    return total % 10 == 0


def _code(name: str, code: str, start: int, confidence: float) -> FoundAttribute:
    plain = "".join(letter for letter in code if letter.isalnum()).upper()
    return FoundAttribute(name, code, start, start + len(code), plain, "", confidence)
