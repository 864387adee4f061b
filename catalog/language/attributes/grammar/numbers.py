"""Numbers as titles write them: "1,299.5", "8-1/2", "47 1/4", "2½", "1,5"."""

import re
from fractions import Fraction

from catalog.feeds.prices.numbers import read_digits

VULGAR = {"¼": "1/4", "½": "1/2", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8"}
_FRACTION = r"\d{1,2}/(?:2|3|4|5|8|16|32|64)(?![\d/])"
_PART = r"\d{1,2}/\d{1,2}(?![\d/])"  # after a whole number
# Not inside a word or a code: "EBMS6-2024" has no number; but "5x3" has two, and "pad.3 x 3", where a space is missing.
BEFORE = r"(?:(?<![A-Za-z0-9_,])(?<![0-9\s]\.)(?<![wW]/)(?<![A-Za-z][-–#])|(?<=[0-9\"'”″wdhlWDHLm)][xX]))"
_WHOLE, _DECIMALS = r"\d{1,15}", r"\d{1,20}"  # what is longer measures nothing
NUMBER = (
    rf"(?:{_WHOLE}(?:[ -]|\s-\s){_PART}|{_FRACTION}|\d{{0,15}}[{''.join(VULGAR)}]|{_WHOLE}(?:[.,]{_DECIMALS}){{0,5}}"
    rf"|\.{_DECIMALS})"
)
WHOLE_AND_PART = re.compile(rf"(\d+)(?:[ -]|\s-\s)({_PART})")


def values_of(text: str) -> tuple[float, ...]:
    """What the number can mean, the likelier first; () for what is none, such as "1.2.3".

    A comma before three digits groups thousands, a point there parts decimals; the other reading is told where it
    fits as well and the number is not a plain one such as "1.299".
    """
    if text[-1] in VULGAR:
        return (float(int(text[:-1] or 0) + Fraction(VULGAR[text[-1]])),)
    if mixed := WHOLE_AND_PART.fullmatch(text):
        above, below = map(int, mixed[2].split("/"))
        return (float(int(mixed[1]) + Fraction(above, below)),) if 0 < above < below else ()
    if "/" in text:
        part = Fraction(text)
        return (float(part),) if part < 1 else ()
    if text.startswith("."):
        return (float(text),)
    number = read_digits(text)
    if number is None:
        return ()
    readings = (number.grouped, number.parted) if "," in text else (number.parted, number.grouped)
    found = tuple(float(one) for one in readings if one is not None)
    return found if "," in text else found[:1]


def is_fraction(text: str) -> bool:
    return "/" in text or text[-1] in VULGAR
