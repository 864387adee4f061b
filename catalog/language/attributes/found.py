"""An attribute found in words, and which of several that share letters are kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

# How sure a rule is. Fixed with the rule, not fitted: the unit or the label says it; the words near it suggest it; two
# readings fit.
CERTAIN, LIKELY, OPEN = 0.95, 0.8, 0.5

Source = Literal["title", "description"]
# A number, the ends of a range (None: open), the sides of a body, or a word.
Normal = float | str | tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Something else that the same words can mean: name, normalised value and unit as of FoundAttribute."""

    name: str
    normalised: Normal
    unit: str = ""


@dataclass(frozen=True, slots=True)
class FoundAttribute:
    """name: such as "width"; value: the words themselves, text[start:end] of the title or the description.

    normalised: the value in `unit`, which is of the SI ("metre", "kilogram", "watt", …), "byte", "year", "count", or ""
    for a word; a range is (low, high), where an end may be None; sides are as many numbers as the text gives.
    confidence: that name and value are right. others: the readings that fit as well; the words do not decide.
    """

    name: str
    value: str
    start: int
    end: int
    normalised: Normal
    unit: str
    confidence: float
    source: Source = "title"
    others: tuple[Reading, ...] = ()


def without_overlaps(found: Iterable[FoundAttribute]) -> list[FoundAttribute]:
    """Of those that share letters the surest, then the longest; in the text's order."""
    kept: list[FoundAttribute] = []
    taken: set[int] = set()
    for one in sorted(found, key=lambda one: (-one.confidence, one.start - one.end, one.start)):
        letters = range(one.start, one.end)
        if taken.isdisjoint(letters):
            taken.update(letters)
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)
