"""Texts with a checksum, and rows of the types that were written, so that what a disk has changed is not taken for what
was written.
"""

import zlib
from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

MARK = "\n#"
YEAR_10000 = 253_402_300_800.0  # seconds since 1970

T = TypeVar("T")


class Unsealed(ValueError):
    """A text that is not what was sealed."""


def sealed(text: str) -> str:
    """The text with its checksum, for `unsealed`."""
    return f"{text}{MARK}{checksum(text.encode('utf-8', 'surrogatepass'))}"


def unsealed(text: object) -> str:
    """The text that was sealed, or one of an earlier version, which has no checksum. Raises Unsealed for any other."""
    if not isinstance(text, str):
        raise Unsealed
    plain, mark, found = text.rpartition(MARK)
    if not mark:
        return text
    if found != checksum(plain.encode("utf-8", "surrogatepass")):
        raise Unsealed
    return plain


def typed(row: T) -> T:
    """The row: a NamedTuple or a dataclass, made of what SQLite gave, which keeps any value in any column. Raises
    Unsealed where a field's value is of another type than the field.
    """
    fields: Mapping[str, Any] = _fields(type(row))  # type: ignore[arg-type]  # mypy takes no type variable for hashable
    if not all(_fits(getattr(row, name), kind) for name, kind in fields.items()):
        raise Unsealed
    return row


def moment(seconds: object) -> float:
    """Seconds since 1970. Raises Unsealed for what no calendar has."""
    if not isinstance(seconds, float) or not 0 <= seconds < YEAR_10000:
        raise Unsealed
    return seconds


@cache
def _fields(row: type) -> Mapping[str, Any]:
    return get_type_hints(row)


def _fits(value: object, kind: Any) -> bool:
    """Of a collection, what is in it is not looked at."""
    if isinstance(kind, UnionType):
        return any(_fits(value, one) for one in get_args(kind))
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    return isinstance(value, int | float if kind is float else get_origin(kind) or kind)


def checksum(data: bytes) -> str:
    """CRC-32: it finds accidents, not intent."""
    return f"{zlib.crc32(data):08x}"
