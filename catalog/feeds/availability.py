"""Words by which shops say whether a product can be had, and whether it is published: `availability.toml`."""

import tomllib
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from catalog.product import Availability, Status

# Of several, the first counts.
WORST: tuple[Status, ...] = ("archived", "draft", "active", "")


@cache
def meanings(kind: str, yes: str, no: str) -> dict[str, Any]:
    """Word -> what it says, of a kind of `availability.toml`."""
    table = tomllib.loads(files(__package__).joinpath("availability.toml").read_text(encoding="utf-8"))
    found = {word: meaning for meaning, several in table[kind].items() for word in several}
    return found | dict.fromkeys(table["yes"], yes) | dict.fromkeys(table["no"], no)


@lru_cache(1024)
def availability_of(word: str) -> Availability | None:
    return meanings("availability", "in_stock", "out_of_stock").get(worded(word))


@lru_cache(1024)
def status_of(word: str) -> Status | None:
    return meanings("status", "active", "draft").get(worded(word))


def best_availability(found: Iterator[Availability]) -> Availability:
    """Of a product's variants: one that can be had makes it one that can."""
    known = set(found)
    order: tuple[Availability, ...] = ("in_stock", "preorder", "backorder", "", "out_of_stock", "discontinued")
    return next(name for name in order if name in known)


def worded(text: str) -> str:
    """ "InStock", "in_stock", "In stock" -> "in stock" or the like."""
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split()) if text != "-1" else text
