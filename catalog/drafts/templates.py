"""The limits of channels and what stands between words, from `channels.toml` and `templates.toml`."""

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

Language = Literal["en", "zh"]
Unit = Literal["characters", "width"]
WIDE = ("W", "F", "A")  # what is ambiguous counts as wide, so that no channel finds a text too long


class Limit(NamedTuple):
    limit: int
    unit: Unit

    def length(self, text: str) -> int:
        """As the channel counts."""
        if self.unit == "width":
            return sum(2 if unicodedata.east_asian_width(letter) in WIDE else 1 for letter in text)
        return len(text.encode("utf-16-le")) // 2

    def holds(self, text: str) -> bool:
        return self.length(text) <= self.limit


@dataclass(frozen=True, slots=True)
class Channel:
    """bullets: how many."""

    name: str
    title: Limit
    description: Limit
    bullets: int
    bullet: Limit
    ad: Limit


@dataclass(frozen=True, slots=True)
class Template:
    """space, comma, colon, stop: between words; end: of a sentence; in_title: keys of attributes; labels: by key."""

    space: str
    comma: str
    colon: str
    stop: str
    end: str
    in_title: tuple[str, ...]
    labels: Mapping[str, str]


@cache
def channels() -> Mapping[str, Channel]:
    """By their names: "google", "amazon", …"""
    return {
        name: Channel(
            name,
            bullets=row["bullets"],
            **{part: Limit(**row[part]) for part in ("title", "description", "bullet", "ad")},
        )
        for name, row in _table("channels.toml").items()
    }


@cache
def template(language: Language) -> Template:
    row = _table("templates.toml")[language]
    return Template(**row | {"in_title": tuple(row["in_title"])})


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
