"""The shop systems whose exports are known, and what their columns mean: `systems.toml`, read once."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

# Of a system's own columns, so many make it certain that a feed comes from there.
ENOUGH_SIGNS = 2
OTHER = "other"


@dataclass(frozen=True)
class RowKinds:
    """Which rows are no products of their own, by the names of columns as `systems.toml` explains them."""

    neighbours: tuple[str, ...] = ()
    part: Mapping[str, frozenset[str]] | None = None
    parent: str = ""
    keys: tuple[str, ...] = ()
    children: str = ""
    aside: Mapping[str, frozenset[str]] | None = None


@dataclass(frozen=True)
class System:
    """name, and what else is not said here: as in `systems.toml`; title: for people; fields: field -> names of its
    columns, plain, the best first.
    """

    name: str
    title: str
    signs: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]
    kinds: RowKinds
    unread: tuple[str, ...] = ()
    split: Mapping[str, str] = field(default_factory=dict)

    def columns(self, field: str, header: Mapping[str, str]) -> list[str]:
        """The header's columns of the field, the best first. header: plain name -> column."""
        return [header[plain] for name in self.fields.get(field, ()) for plain in matching(name, header)]

    def names(self, plain: str) -> bool:
        """Whether a column of this name means something here."""
        return any(plain in fitting(name, (plain,)) for names in self.fields.values() for name in names)


@lru_cache(maxsize=4096)
def plainly(name: str) -> str:
    """ "g:Image Link" -> "imagelink"."""
    return "".join(letter for letter in name.strip().casefold().removeprefix("g:") if letter.isalnum())


def matching(name: str, header: Mapping[str, str]) -> Iterable[str]:
    """The plain names of the header that this one stands for."""
    if "#" in name or "*" in name:
        return fitting(name, header)
    return (name,) if name in header else ()


def fitting(name: str, plains: Iterable[str]) -> list[str]:
    """By their numbers, where the name has one."""
    pattern = compiled(name)
    found = [(plain, match) for plain in plains if (match := pattern.fullmatch(plain))]
    return [plain for plain, match in sorted(found, key=lambda each: int(each[1]["number"]) if "#" in name else 0)]


@cache
def compiled(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name).replace(r"\#", "(?P<number>[0-9]{1,3})").replace(r"\*", "[a-z]{2,8}"))


def recognised(header: Mapping[str, str], likely: str) -> System:
    """The system with the most signs in the header, if enough; else `likely`. header: plain name -> column."""
    every = systems()
    counts = {name: sum(bool(matching(sign, header)) for sign in system.signs) for name, system in every.items()}
    best = max(counts, key=lambda name: (counts[name], name != OTHER))
    return every[best if counts[best] >= ENOUGH_SIGNS else likely]


@cache
def systems() -> dict[str, System]:
    return {name: parsed(name, table) for name, table in tables().items()}


def written(name: str) -> dict[str, list[str]]:
    """Field -> the names of its columns as the system writes them."""
    return dict(tables()[name]["fields"])


@cache
def tables() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("systems.toml").read_text(encoding="utf-8"))


def parsed(name: str, table: Mapping[str, Any]) -> System:
    kinds = RowKinds(
        neighbours=plain_names(table.get("neighbours", ())),
        part=by_column(table.get("part")),
        parent=plain(str(table.get("parent", ""))),
        keys=tuple(table.get("keys", ())),
        children=plain(str(table.get("children", ""))),
        aside=by_column(table.get("aside")),
    )
    return System(
        name=name,
        title=table["title"],
        signs=plain_names(table["signs"]),
        fields={target: plain_names(names) for target, names in table["fields"].items()},
        kinds=kinds,
        unread=plain_names(table.get("unread", ())),
        split=table.get("split", {}),
    )


def by_column(given: object) -> dict[str, frozenset[str]] | None:
    if not isinstance(given, Mapping):
        return None
    return {plain(column): frozenset(value.casefold() for value in values) for column, values in given.items()}


def plain_names(names: object) -> tuple[str, ...]:
    assert isinstance(names, Sequence)
    return tuple(dict.fromkeys(plain(name) for name in names))


def plain(name: str) -> str:
    """As `plainly`, with the signs of a pattern kept."""
    return "".join(letter for letter in name.strip().casefold() if letter.isalnum() or letter in "#*")


@cache
def known(plain_name: str) -> bool:
    """Whether a column of this name means something, in any feed."""
    return any(system.names(plain_name) for system in systems().values())
