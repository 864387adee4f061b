"""Colours, read once from `colours.toml`: English and Chinese words, and those of European shops."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

Says = Literal["certain", "likely", "open", "doubtful", "field"]
PLAIN = ("black", "white", "grey", "blue", "green", "yellow", "orange", "red", "pink", "purple", "brown", "beige")


class Colour(NamedTuple):
    """name: English; value: Shopify's; like: by which offers of one product are compared; plain: of PLAIN those that a
    person may call it, none of several colours together.
    """

    name: str
    value: str
    like: str
    plain: frozenset[str]


class Spelling(NamedTuple):
    """A word or words in lower case. says: of a title, as in `colours.toml`. exact: the colour itself, where "sky blue"
    is a kind of blue. foreign: neither English nor Chinese.
    """

    text: str
    colour: Colour
    says: Says
    exact: bool
    foreign: bool


@cache
def spellings() -> Mapping[str, Spelling]:
    """By the text; names first."""
    rows = tomllib.loads(files(__package__).joinpath("colours.toml").read_text(encoding="utf-8"))
    found: dict[str, Spelling] = {}
    for name, row in rows.items():
        plain = frozenset(row.get("plain", (name,)))
        colour = Colour(name, row["value"], row.get("like", name), plain)
        found[name] = Spelling(name, colour, row["says"], exact=True, foreign=False)
        sure: Says = "certain" if row["says"] == "certain" else "likely"
        for text, exact, foreign in _others(row):
            says: Says = "open" if len(text) == 1 else sure
            found.setdefault(text, Spelling(text, colour, says, exact, foreign))
    return found


def _others(row: Mapping[str, list[str]]) -> Iterator[tuple[str, bool, bool]]:
    """text, exact, foreign"""
    for text in (*row.get("words", ()), *row.get("zh", ())):
        yield text, True, False
    yield from ((text, False, False) for text in row.get("kinds", ()))
    yield from ((text, True, True) for text in row.get("foreign", ()))
