"""A long text takes as long as its parts: what is read at a place looks at a bounded number of characters around it."""

import importlib
import pkgutil
import re
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from catalog.language.attributes import find_attributes, grammar

# Units of hostile texts: what begins much and ends nothing.
UNITS = ['"', "红", "½", "a_", "1 ct ", "5' ", "10 cm ", "1,000,000,", "brand:", "UPC   ", "width  ", "1片", "size "]


class Counted(str):
    """Counts the characters that are copied out of it."""

    copied = 0

    def __getitem__(self, key: Any) -> str:
        part = str.__getitem__(self, key)
        Counted.copied += len(part)
        return part


@pytest.mark.parametrize("unit", UNITS)
def test_what_is_copied_of_a_text_grows_with_its_length_alone(unit: str) -> None:
    copied = []
    for length in (500, 2_000):
        Counted.copied = 0
        find_attributes(Counted((unit * length)[:length]), category=("Furniture",))
        copied.append(Counted.copied)
    assert copied[1] <= 5 * copied[0] + 500


def unbounded(parsed: Any) -> bool:
    """Whether a pattern can read any number of characters and give them back one by one."""
    for operation, argument in parsed:
        name = str(operation)
        parts: list[Any] = []
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            if argument[1] is _parser.MAXREPEAT:
                return True
            parts = [argument[2]]
        elif name == "BRANCH":
            parts = argument[1]
        elif name in ("ASSERT", "ASSERT_NOT", "SUBPATTERN"):
            parts = [argument[-1]]
        if any(unbounded(part) for part in parts):
            return True
    return False


def test_no_pattern_that_searches_a_text_goes_back_without_bound() -> None:
    named = {
        f"{module.name}.{name}": pattern
        for module in pkgutil.iter_modules(grammar.__path__)
        for name, pattern in vars(importlib.import_module(f"{grammar.__name__}.{module.name}")).items()
        if isinstance(pattern, re.Pattern)
    }
    assert len(named) > 20
    found = {name for name, one in named.items() if unbounded(_parser.parse(one.pattern, one.flags))}
    # Tried on a number, a code of at most 25 signs or the space between two numbers alone, or one word.
    assert found <= {
        *("numbers.WHOLE_AND_PART", "codes.LETTERED", "codes.NO_CODE", "words.FIRST"),
        *("measures.CROSS", "measures.BESIDE", "measures.TO"),
    }
