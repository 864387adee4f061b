"""Digits with marks -> a number, or the two numbers that they can mean; and what a column says of its marks.

A mark groups thousands or parts the decimals. "1.299" alone says nothing of it; "12,50" elsewhere in its column does.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

# Beside point and comma: the Arabic U+066B always parts decimals; U+066C, a space and an apostrophe always group.
GROUPS, DECIMALS = ".,' \u066c", ".,\u066b"
THOUSANDS = re.compile(
    rf"[1-9][0-9]{{0,2}}([{GROUPS}])[0-9]{{3}}(?:\1[0-9]{{3}})*|"
    rf"[1-9][0-9]?(?:([{GROUPS}])[0-9]{{2}})(?:\2[0-9]{{2}})*\2[0-9]{{3}}"  # as in India
)
PARTED = re.compile(rf"(.*)([{DECIMALS}])([0-9]+)")
OTHER = {".": ",", ",": "."}
# Whole numbers below 1,000 in a column, from which its lone marks before three digits group thousands.
ENOUGH = 3


class Number(NamedTuple):
    """grouped: the value if the marks group thousands; parted: if the last one parts decimals. None if they cannot.

    group, mark: the marks that group and part in the reading, or in either one; also a mark before no decimals: "12,-".
    """

    grouped: str | None
    parted: str | None
    group: str = ""
    mark: str = ""

    @property
    def only(self) -> str | None:
        return self.parted or self.grouped

    @property
    def is_open(self) -> bool:
        return self.grouped is not None and self.parted is not None


@dataclass(frozen=True, slots=True)
class Marks:
    """What the prices of a column say of its marks.

    decimal: marks that certainly part decimals, and how many, 3 for three or more; group: marks that certainly group.
    small: how many prices are whole numbers below 1,000; large: whether one is a whole number above, without a mark.
    """

    decimal: frozenset[tuple[str, int]] = frozenset()
    group: frozenset[str] = frozenset()
    small: int = 0
    large: bool = False

    def role(self, mark: str, three_decimals: bool) -> str:
        """ "decimal", "group", "both" if the column contradicts itself, "" if it says nothing."""
        parts, groups = bool(self.lengths(mark)), mark in self.group or bool(self.lengths(OTHER[mark]))
        if parts or groups:
            return "both" if parts and groups else "decimal" if parts else "group"
        return "group" if self.small >= ENOUGH and not self.large and not three_decimals else ""

    def lengths(self, mark: str) -> frozenset[int]:
        """How many decimals the mark parts."""
        return frozenset(length for parting, length in self.decimal if parting == mark)


NO_MARKS = Marks()


def read_digits(text: str) -> Number | None:
    """ "1.299,00" -> 1299.00; "1.299" -> 1299 or 1.299. None for what is no number, as "1,2,3"."""
    if text.isdigit():
        return Number(text, None)
    thousands, parts = THOUSANDS.fullmatch(text), PARTED.fullmatch(text)
    grouped = parted = None
    group = mark = ""
    if thousands:
        group = thousands[1] or thousands[2]
        grouped = text.replace(group, "")
    if parts:
        whole, mark, decimals = parts.groups()
        inside = THOUSANDS.fullmatch(whole)
        if not whole or whole.isdigit():
            parted = f"{whole or '0'}.{decimals}"
        elif inside and (inside[1] or inside[2]) != mark:
            group = inside[1] or inside[2]
            parted = f"{whole.replace(group, '')}.{decimals}"
    return Number(grouped, parted, group, mark if parted else "") if grouped or parted else None


def column_marks(numbers: Iterable[Number]) -> Marks:
    decimal, group, small, large = set[tuple[str, int]](), set[str](), 0, False
    for number in numbers:
        if number.is_open:
            continue
        if number.group:
            group.add(number.group)
        if number.mark:
            length = len(number.parted) - number.parted.index(".") - 1 if number.parted else 0
            decimal.add((number.mark, min(length, 3)))
        if number.grouped and not number.group:
            small += len(number.grouped) <= 3
            large = large or len(number.grouped) > 3
    return Marks(frozenset(decimal), frozenset(group), small, large)


def choose(number: Number, marks: Marks, decimals: tuple[int, int]) -> str | None:
    """What an open number means, None if both readings fit. decimals: those of the currency, and those of its coins.

    It has a lone mark before three digits. They are thousands where the currency has no decimals, unless the mark
    parts three decimals elsewhere in the column. Otherwise the column decides, but "12.50" there does not make "1.299"
    less than 2, because three decimals are not money; "12.5" does, because a program wrote it. If the column says
    nothing, a comma groups, as no feed format has decimal commas. A point is left open: people group by it, but every
    feed format has decimal points. With a currency of three decimals, the point parts them and the comma is left open.
    """
    (written, coin), mark = decimals, number.mark
    lengths = marks.lengths(mark)
    if written == 0:
        return None if 3 in lengths else number.grouped
    role = marks.role(mark, written > 2)
    if role == "decimal" and written < 3 and not lengths & {1, 3}:
        return None
    if not role:
        by_comma, by_point = ("", "decimal") if written > 2 else ("group", "" if coin else "group")
        role = by_comma if mark == "," else by_point
    return number.grouped if role == "group" else number.parted if role == "decimal" else None
