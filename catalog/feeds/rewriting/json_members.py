"""Where the members of an object stand in a text of JSON, and the text with some of them changed."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

SPACE = re.compile(r"[ \t\r\n]*")
DECODER = json.JSONDecoder()


class Member(NamedTuple):
    """start, end: of its value."""

    key: str
    start: int
    end: int


Path = tuple[str, ...]


def with_values(text: str, changes: Mapping[Path, Any], ascii: bool) -> str:
    """text: an object, which may have white space around it. changes: path of keys -> the value there, anew or in place
    of what is there. ascii: whether other letters are written as escapes.
    """
    start = _space(text, 0)
    for path, value in changes.items():
        text = _with_value(text, start, path, json.dumps(value, ensure_ascii=ascii), ascii)
    return text


def _with_value(text: str, start: int, path: Path, written: str, ascii: bool) -> str:
    """start: of the object."""
    members = list(_members(text, start))
    key, *rest = path
    for member in members:
        if member.key == key:
            if rest:
                return _with_value(text, member.start, tuple(rest), written, ascii)
            return text[: member.start] + written + text[member.end :]
    assert not rest, "a path leads through objects that are there"
    name = json.dumps(key, ensure_ascii=ascii)
    if not members:
        return f"{text[: start + 1]}{name}: {written}{text[start + 1 :]}"
    end = members[-1].end
    spaced = " " if text[members[-1].start - 1] == " " else ""
    between = " " if len(members) < 2 or _after_comma(text, members[0].end) else ""
    return f"{text[:end]},{between and spaced}{name}:{spaced}{written}{text[end:]}"


def _after_comma(text: str, end: int) -> bool:
    """Whether a space follows the comma behind a value."""
    place = _space(text, end) + 1
    return text[place : place + 1] == " "


def _members(text: str, start: int) -> Iterator[Member]:
    place = _space(text, start + 1)
    while text[place] == '"':
        key, place = DECODER.raw_decode(text, place)
        value = _space(text, _space(text, place) + 1)  # behind the colon
        _, place = DECODER.raw_decode(text, value)
        yield Member(key, value, place)
        place = _space(text, place)
        if text[place] != ",":
            return
        place = _space(text, place + 1)


def _space(text: str, place: int) -> int:
    found = SPACE.match(text, place)
    assert found
    return found.end()
