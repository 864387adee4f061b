"""Ids, SKUs and GTINs as the shop has them, not as a spreadsheet shows them."""

import re
from typing import Any

from catalog.errors import RowIdInvalid
from catalog.feeds.cells import brief, text
from catalog.feeds.texts.words import without_unseen

# Letters, digits, hyphens and underscores, at least one digit: neither spoiled nor a word for no value.
PLAIN = re.compile(r"[A-Za-z_-]*[0-9][A-Za-z0-9_-]*")
# 8.71123E+12, 1e+16 and 8.71123E12; "12E5" may well be a SKU.
SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+[eE][+-]?|[eE]\+)[0-9]+")
TOO_NARROW = re.compile("#{3,}")  # what a narrow column of a spreadsheet shows
# A long number that was read as one with decimals.
DECIMAL = re.compile(r"([0-9]{8,})\.0+")
GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
DIGITS = bytes.maketrans(b"0123456789", bytes(range(10)))


def identifier_text(value: Any, column: str) -> str:
    """The cell's identifier, "" where it has none: without the ' or ="…" by which spreadsheets keep a number as text.

    Raises RowIdInvalid for a number of which a spreadsheet has dropped digits.
    """
    if isinstance(value, str) and PLAIN.fullmatch(value):
        return value
    found = without_unseen(text(value, column)).strip()
    if found.startswith("'"):
        found = found.strip("'").strip()
    if SCIENTIFIC.fullmatch(found) or TOO_NARROW.fullmatch(found):
        raise RowIdInvalid(
            f'The column "{brief(column)}" has "{brief(found)}": a spreadsheet has dropped digits of the number.'
            " Format the column as text there, enter the number again and export the feed."
        )
    decimal = DECIMAL.fullmatch(found)
    return decimal[1] if decimal else found


def gtin_invalid(gtin: str) -> bool:
    """Whether this is no GTIN (EAN, UPC, ISBN-13): by its length and its check digit. Spaces and hyphens are let be."""
    digits = gtin if gtin.isdigit() else gtin.replace(" ", "").replace("-", "")
    if not GTIN.fullmatch(digits):
        return True
    values = digits.encode().translate(DIGITS)
    return (sum(values[-1::-2]) + 3 * sum(values[-2::-2])) % 10 != 0
