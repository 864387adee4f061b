"""A cell of a feed as text, as JSON, and in an error message."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any, TypeGuard

from catalog.errors import RowCellTooLong, RowEncodingInvalid, RowInvalid

MAX_DEPTH = 32
# Of an integer, about 4,000 digits: Python refuses to print one of more than 4,300.
MAX_BITS = 13_288
# In a dead letter, the key of the object that replaces a value that is too long or that JSON cannot hold.
LEFT_OUT = "left_out"
# Column that we add to a product of several rows: its variants, each with its own cells.
VARIANTS = "(rows of variants)"
# What programs and forms write where there is no value, compared without case and brackets. What a person says of the
# product ("unknown", "unbranded") is a value.
NO_VALUES = """
    null, nil, none, undefined, nat, n/a, n / a, n.a., n/d, n.d., s/o, n.v.t., k.a., k. a., k.a, o.a., \\n
    #n/a, #n/a n/a, #na, #null!, #ref!, #value!, #name?, #div/0!, #num!, -nan, 1.#qnan, 1.#ind, -1.#ind
    not available, not applicable, not specified, not set, no value, no data, does not apply
    keine angabe, keine angaben, nicht angegeben, nicht verfügbar, nicht zutreffend
    non disponible, non spécifié, sans objet, no disponible, no aplica, sin especificar, non disponibile
    无, 無, 暂无, なし
"""
NO_VALUE = frozenset(word for line in NO_VALUES.splitlines() for word in line.strip().split(", "))
# Only as programs write them: "Nan" is a bread, "NAN" a brand, "Na" is sodium.
NO_VALUE_AS_WRITTEN = frozenset(("nan", "NaN", "NA"))
# The first two characters of these words, and those that are one character.
NO_VALUE_BEGINS = frozenset(
    first + second
    for word in NO_VALUE
    for first in (word[:1], word[:1].upper())
    for second in (word[1:2], word[1:2].upper())
)
NO_VALUE_ALONE = frozenset(word for word in NO_VALUE if len(word) == 1)
LONGEST_NO_VALUE = 24
SMALL = 1_000  # characters
# By ="0012" a spreadsheet is made to keep a text as it is.
FORMULA = re.compile(r'=\s*("{1,2})(.*)\1', re.DOTALL)
# Printable ASCII without markup, entities and escapes, between characters that are no spaces.
PLAIN = re.compile(r"[A-Za-z0-9](?:[ !-%'-;=-\[\]-~]*[!-%'-;=-\[\]-~])?")
# The same with letters of Western Europe and Chinese characters. A letter that stands before another that is not ASCII
# may be one of a text that was decoded wrongly.
LETTERS = r"[\xc0\xc1\xc4-\xd6\xd8-\xf6\xf8-\xff](?![\x80-\U0010ffff])|[\u4e00-\u9fff]"
PLAIN_WORDS = re.compile(rf"(?:[A-Za-z0-9]|{LETTERS})(?: ?(?:[!-%'-;=-\[\]-~]++|{LETTERS})++)*+")
NOT_WORDS = " -\u2010\u2011\u2012\u2013\u2014\u2015\u2212_./\\|,;:'\"\u2026()[]<>{}"


@dataclass(frozen=True)
class FeedLimits:
    """What a row of a feed may hold. Inclusive.

    max_cell: characters; max_row: characters of all its cells together; max_line: bytes of a line of text. Images in
    data URIs count towards the last only. max_id: characters; max_images: further ones of a product are not kept;
    max_quoted_lines, max_reread: how many lines a quoted cell may go on for, and how many bytes are read again in all
    because such a cell never ended. max_values: of a line, by its delimiters or commas. max_rows: of the feed;
    max_empty: empty lines one after another, a little more than Excel writes; max_bad: rows that cannot be read, where
    they are more than those that can.
    """

    max_cell: int = 1_000_000
    max_row: int = 4 * 1024 * 1024
    max_line: int = 32 * 1024 * 1024
    max_id: int = 256
    max_images: int = 100
    max_quoted_lines: int = 1_000
    max_reread: int = 64 * 1024 * 1024
    max_values: int = 200_000
    max_rows: int = 10_000_000
    max_empty: int = 1_100_000
    max_bad: int = 100_000


def brief(text: str, limit: int = 40) -> str:
    """A user's text for an error message: at most `limit` characters, with � for those that cannot be printed."""
    clean = "".join(letter if letter.isprintable() else "�" for letter in text[: limit + 1])
    return f"{clean[:limit]}…" if len(clean) > limit else clean


def is_plain(value: str) -> bool:
    """Whether nothing in the text can need any care, which is so of most cells."""
    return (
        (PLAIN if value.isascii() else PLAIN_WORDS).fullmatch(value) is not None
        and "  " not in value
        and "_x00" not in value
        and (len(value) > LONGEST_NO_VALUE or not is_missing(value))
    )


def text(value: Any, column: str) -> str:
    """Strings and numbers as text, "" where there is no value. Raises RowInvalid."""
    return value if isinstance(value, str) and is_plain(value) else unplain_text(value, column)


def unplain_text(value: Any, column: str) -> str:
    """As `text`, which most cells do not need: see `is_plain`."""
    if is_missing(value):
        return ""
    if isinstance(value, str):
        found = value
    elif isinstance(value, bytes):
        found = value.decode("utf-8", "surrogateescape")
    elif is_number(value) and is_finite(value):
        return number_text(value, column)
    elif isinstance(value, date | time):
        return value.isoformat()
    else:
        kind = "an object" if isinstance(value, Mapping) else "a list" if isinstance(value, list | tuple) else "no text"
        raise RowInvalid(f'The column "{brief(column)}" holds {kind} where text is expected.')
    check_text(found, column)
    found = found.strip()
    formula = FORMULA.fullmatch(found) if found.startswith("=") else None
    if formula:
        found = formula[2].replace('""', '"').strip()
        return "" if is_missing(found) else found
    return found


def is_missing(text: Any) -> bool:
    """Whether a cell has no value: empty, not a number, a word for it such as "NULL" or "n/a", or only dashes.

    0 and false are values.
    """
    if not isinstance(text, str):
        return text is None or is_nan(text)
    if text[:1].isalnum() and text[:2] not in NO_VALUE_BEGINS and text[0] not in NO_VALUE_ALONE:
        return False
    if len(text) > LONGEST_NO_VALUE and len(text.strip()) > LONGEST_NO_VALUE:
        return False
    word = text.strip().strip("()[]<>{}")
    return word in NO_VALUE_AS_WRITTEN or word.casefold() in NO_VALUE or not word.strip(NOT_WORDS)


def is_nan(value: Any) -> bool:
    """As math.isnan, which fails on a signalling NaN and on an integer above 1.8e308."""
    return value.is_nan() if isinstance(value, Decimal) else isinstance(value, float) and math.isnan(value)


def is_number(value: Any) -> TypeGuard[int | float | Decimal]:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def is_finite(value: int | float | Decimal) -> bool:
    """As math.isfinite, which fails on an integer above 1.8e308 and on a signalling NaN."""
    return isinstance(value, int) or (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value))


def number_text(value: int | float | Decimal, column: str) -> str:
    """123 and 123.0 -> "123"; 1.5 -> "1.5". Raises RowInvalid for an integer of thousands of digits."""
    if isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise RowInvalid(f'The column "{brief(column)}" contains a number with more than 4,000 digits.')
        return str(value)
    exact = -(2**53) < value < 2**53 and value == int(value)
    return str(int(value)) if exact else str(value)


def check_text(value: str, column: str) -> None:
    """Raises RowInvalid for text that cannot be stored: a NUL character, or surrogates, which UTF-8 cannot encode."""
    if "\0" in value:
        raise RowInvalid(f'The column "{brief(column)}" contains a NUL character.')
    if not writable(value):
        raise RowEncodingInvalid(f'The column "{brief(column)}" contains characters that are not valid Unicode.')


def writable(value: str) -> bool:
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def shown_text(value: str) -> str:
    """The text with � in place of surrogates, which UTF-8 cannot encode."""
    return value if writable(value) else "".join("�" if "\ud800" <= x <= "\udfff" else x for x in value)


def ordinary_size(cells: Mapping[str, Any], limits: FeedLimits) -> int | None:
    """The characters of a row, if JSON can hold all cells as they are, and all together are shorter than one may be."""
    try:
        whole = "".join((*cells, *cells.values()))
    except TypeError:
        return None  # a cell is no text
    return len(whole) if len(whole) < min(limits.max_cell, limits.max_row) and writable(whole) else None


def check_sizes(cells: Mapping[str, Any], limits: FeedLimits) -> None:
    """Raises RowInvalid. Images in data URIs do not count."""
    total = 0
    for column, value in cells.items():
        for part in value if isinstance(value, list) else (value,):
            if not isinstance(part, str) or part[:5].lower() == "data:":
                continue
            total += len(part)
            if len(part) > limits.max_cell:
                message = (
                    f'The column "{brief(column)}" has {len(part):,} characters; the limit is {limits.max_cell:,}.'
                )
                raise RowCellTooLong(message)
    if total > limits.max_row:
        raise RowInvalid(f"The row has {total:,} characters; the limit is {limits.max_row:,}.")


def is_small(value: str) -> bool:
    """Whether a dead letter can have the text as it is, which is so of most cells."""
    return len(value) < SMALL and value.isascii()


def as_json(value: Any, limits: FeedLimits, depth: int = 0) -> Any:
    """The value for a dead letter. Bytes and values that are too long are replaced by a note of their size."""
    if isinstance(value, str):
        if len(value) > limits.max_cell:
            return {LEFT_OUT: f"{len(value):,} characters", "start": shown_text(value[:200])}
        return shown_text(value)
    if value is None or isinstance(value, bool | int):
        small = value is None or value.bit_length() <= MAX_BITS
        return value if small else {LEFT_OUT: "a number of more than 4,000 digits"}
    if isinstance(value, float):
        return value if math.isfinite(value) else {LEFT_OUT: str(value)}
    if isinstance(value, bytes):
        return {LEFT_OUT: f"{len(value):,} bytes"}
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping | list | tuple):
        if depth >= MAX_DEPTH:
            return {LEFT_OUT: "nested too deeply"}
        if isinstance(value, Mapping):
            return {
                shown_text(str(key)): item if type(item) is str and is_small(item) else as_json(item, limits, depth + 1)
                for key, item in value.items()
            }
        return [as_json(item, limits, depth + 1) for item in value]
    return str(value)
