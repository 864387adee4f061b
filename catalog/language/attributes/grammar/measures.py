"""Numbers with units -> measures: single ones, sums ("5' 10\""), ranges ("100-240V") and sides ("10 x 20 x 30 cm").

What a number without a unit is, is not guessed: sides without one are read in inches and in centimetres, and told so;
a fraction, or sides of a product whose other measures are in inches, makes inches likely.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

from catalog.language.attributes.found import CERTAIN, LIKELY, OPEN, FoundAttribute, Normal, Reading
from catalog.language.attributes.grammar.naming import LABEL, name_of, side_of
from catalog.language.attributes.grammar.numbers import BEFORE, NUMBER, VULGAR, is_fraction, values_of
from catalog.language.attributes.grammar.scanning import scanned
from catalog.lexicon.units import Unit, pattern, unit_of

SIDES = 4  # of a body, at most
NEAR = 40  # characters around a measure that can say what it is of
CROSS = re.compile(r"\s*(?:[xX×*✕]|(?i:by))\s*")
STARTS = re.compile(rf"[\d.xX{''.join(VULGAR)}]")  # of a number, and of a cross before one
JOINT = re.compile(r"(?:[xX]|[0-9][-–#])\Z")  # right before a number, unless another ends there, it is part of a code
BESIDE = re.compile(r"[\s,]+")
TO = re.compile(r"\s*(?:-|–|—|~|～|/|to|至|到)\s*")
SUMS = {("foot", "inch"), ("pound", "ounce"), ("pound", "fluid_ounce")}
SIDE_SIGNS = ("w", "W", "l", "L")  # of watt and litre, and of a side
LARGEST_GENERATION = 12  # "6G" may be a generation or a rate, "500G" is a weight


@dataclass(frozen=True)
class Item:
    """A number, maybe with a unit and a side ("W", "deep"). readings: the numbers it can mean."""

    start: int
    end: int
    number: str
    readings: tuple[float, ...]
    unit: Unit | None
    side: str
    written: str = ""  # the unit's sign


class Said(NamedTuple):
    """What the words say of one unit: name, value, the unit in the SI and how sure."""

    name: str
    normalised: Normal
    unit: str
    confidence: float


def measures_in(text: str) -> Iterator[FoundAttribute]:
    items = list(_items(text))
    at = 0
    while at < len(items):
        taken, found = _group(text, items[at : at + SIDES])
        yield from found
        at += taken


@cache
def _item() -> re.Pattern[str]:
    unit = rf"(?:(?P<sep>\s?-?\s?)(?P<unit>{pattern()}))?"
    return re.compile(rf"{BEFORE}(?P<number>{NUMBER}){unit}(?:\s?-?(?P<side>{LABEL}))?(?![\d])")


def _items(text: str) -> Iterator[Item]:
    last = 0  # where the item before ends
    for one in scanned(_item(), STARTS, text):
        readings = values_of(one["number"])
        if not readings or (JOINT.search(text[max(0, one.start() - 2) : one.start()]) and last != one.start() - 1):
            continue
        unit, side = one["unit"], one["side"] or ""
        end = one.end("unit") if unit else one.end("number")
        if side and not unit and not re.match(r"[\s-]*\w", text[end : one.end()]):
            side = ""
        if unit and not _is_meant(unit_of(unit), text, one.start(), end):
            unit, end = None, one.end("number")
            side = ""
        last = one.end("side") if side else end
        yield Item(
            one.start(),
            last,
            one["number"],
            readings,
            unit_of(unit) if unit else None,
            side_of(side),
            unit or "",
        )


def _is_meant(unit: Unit, text: str, start: int, end: int) -> bool:
    return unit.where is None or bool(unit.where.search(text[max(0, start - NEAR) : end + NEAR]))


def _group(text: str, items: Sequence[Item]) -> tuple[int, list[FoundAttribute]]:
    """How many of the items the first measure takes, and what is found in them."""
    sides = _joined(text, items, CROSS, SIDES)
    if len(sides) > 1 and (found := _sides(text, sides)):
        return len(sides), found
    first = items[0]
    ends = _joined(text, items, TO, 2)
    if len(ends) == 2 and ends[1].unit and ends[0].unit in (None, ends[1].unit):
        low, high = ends[0].readings[0], ends[1].readings[0]
        if low < high:
            return 2, [_single(text, replace(ends[1], start=first.start), (low, high))]
    if first.unit is None:
        return 1, []
    if len(items) > 1 and (whole := _sum(text, first, items[1])):
        return 2, [_single(text, whole)]
    return 1, [_single(text, first)]


def _sum(text: str, first: Item, second: Item) -> Item | None:
    """Feet and inches, pounds and ounces."""
    if first.unit is None or second.unit is None or (first.unit.name, second.unit.name) not in SUMS:
        return None
    if text[first.end : second.start].strip(" ,"):
        return None
    total = first.unit.normalised(first.readings[0]) + second.unit.normalised(second.readings[0])
    return replace(first, end=second.end, readings=(total / first.unit.scale,), side=second.side)


def _joined(text: str, items: Sequence[Item], by: re.Pattern[str], limit: int) -> list[Item]:
    found = [items[0]]
    for one in items[1:limit]:
        between = text[found[-1].end : one.start]
        if not by.fullmatch(between) and not (by is CROSS and _are_sides(found[-1], one) and BESIDE.fullmatch(between)):
            break
        found.append(one)
    return found


def _are_sides(first: Item, second: Item) -> bool:
    """Whether both have a name and no unit, as in "18w 30d 40-1/4h"."""
    return all((bool(one.side) and one.unit is None) or one.written in SIDE_SIGNS for one in (first, second)) and (
        first.unit is None or second.unit is None
    )


def _single(text: str, item: Item, ends: tuple[float, float] | None = None) -> FoundAttribute:
    """The measure of one item, or of a range's ends in the item's unit."""
    assert item.unit is not None
    near = text[max(0, item.start - NEAR) : item.end + NEAR]
    said = _said(text, item, item.unit, near, ends)
    others = [_said(text, item, unit, near, ends) for unit in _others(item, near)]
    if not ends:
        others += [_said(text, replace(item, readings=(one,)), item.unit, near) for one in item.readings[1:]]
    return FoundAttribute(
        said.name,
        text[item.start : item.end],
        item.start,
        item.end,
        said.normalised,
        said.unit,
        OPEN if others else said.confidence,
        others=tuple(Reading(one.name, one.normalised, one.unit) for one in others),
    )


def _others(item: Item, near: str) -> Iterator[Unit]:
    """What else the unit's sign can mean here."""
    assert item.unit is not None
    other = item.unit.other
    if other is None or (item.unit.near is not None and not item.unit.near.search(near)):
        return
    if other.kind != "generation" or item.readings[0] <= LARGEST_GENERATION:
        yield other


def _said(text: str, item: Item, unit: Unit, near: str, ends: tuple[float, float] | None = None) -> Said:
    name, sure = name_of(unit.kind, item.side, text, item.start, item.end, near)
    normalised: Normal = unit.normalised(item.readings[0])
    if ends:
        normalised = tuple(unit.normalised(one) for one in ends)
    return Said(name, normalised, unit.si, CERTAIN if sure else LIKELY)


def _sides(text: str, items: Sequence[Item]) -> list[FoundAttribute]:
    """Sides of a body, each by its name where all are named, else as one value. Nothing if these are no lengths."""
    items = [_as_side(one) for one in items] if any(_is_side(one) for one in items) else items
    units = [one.unit for one in items if one.unit]
    if any(unit.kind != "length" for unit in units):
        if len(items) == 2 and items[0].unit is None and items[1].unit is not None:
            return [_single(text, items[1])]
        return [_single(text, one) for one in items if one.unit]
    if not units:
        return _unitless(text, items)
    filled: list[Item] = []
    for at, one in enumerate(items):
        own = one.unit or next((other.unit for other in (*items[at + 1 :], *reversed(items[:at])) if other.unit), None)
        filled.append(replace(one, unit=own))
    return _bodies(text, filled, CERTAIN)


def _is_side(item: Item) -> bool:
    return bool(item.side) and (item.unit is None or item.unit.kind == "length")


def _as_side(item: Item) -> Item:
    """Beside a side with its name, "13w" and "36L" are no watts and no litres."""
    return replace(item, unit=None, side=side_of(item.written)) if item.written in SIDE_SIGNS else item


def _unitless(text: str, items: Sequence[Item]) -> list[FoundAttribute]:
    named = all(one.side for one in items)
    if not named and not any(is_fraction(one.number) for one in items) and not _is_format(items):
        return []
    inch, centimetre = unit_of("inch"), unit_of("cm")
    found = _bodies(text, [replace(one, unit=inch) for one in items], OPEN)
    if any(is_fraction(one.number) for one in items):
        return [replace(one, confidence=LIKELY) for one in found]
    second = _bodies(text, [replace(one, unit=centimetre) for one in items], OPEN)
    return [
        replace(one, others=(Reading(two.name, two.normalised, two.unit),))
        for one, two in zip(found, second, strict=True)
    ]


def _is_format(items: Sequence[Item]) -> bool:
    """Two or three plain numbers of a sheet's or a box's size; not a resolution such as 1920 x 1080."""
    return all(1 < one.readings[0] < 400 for one in items)


def _bodies(text: str, items: Sequence[Item], confidence: float) -> list[FoundAttribute]:
    if all(one.side for one in items):
        return [replace(_single(text, one), name=one.side, confidence=confidence, others=()) for one in items]
    start, end = items[0].start, items[-1].end
    sides = tuple(one.unit.normalised(one.readings[0]) for one in items if one.unit)
    return [FoundAttribute("dimensions", text[start:end], start, end, sides, "metre", confidence)]
