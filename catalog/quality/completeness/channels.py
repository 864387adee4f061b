"""What sales channels ask of a product, from `channels.toml`."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

Level = Literal["required", "recommended"]
Path = tuple[str, ...]
STEP = " > "


@dataclass(frozen=True, slots=True)
class Rule:
    """name: of what is asked for, for people; any: keys (see `given`), of which one list must be filled.

    under, but_under: paths that the rule holds below, and does not hold below; () for everywhere, and nowhere.
    """

    name: str
    any: tuple[Path, ...]
    level: Level
    under: tuple[Path, ...] = ()
    but_under: tuple[Path, ...] = ()

    def holds(self, paths: Sequence[Path]) -> bool:
        """paths: of the product's categories."""
        inside = not self.under or _below(paths, self.under)
        return inside and not _below(paths, self.but_under)


@dataclass(frozen=True, slots=True)
class Channel:
    """longest_title: characters; smallest_image: pixels of either side, and other ones below some paths."""

    name: str
    title: str
    source: str
    longest_title: int
    smallest_image: int
    rules: tuple[Rule, ...]
    smallest_image_under: Mapping[Path, int] = field(default_factory=dict)

    def smallest(self, paths: Sequence[Path]) -> int:
        """The least side of an image of a product with these categories."""
        sides = [side for top, side in self.smallest_image_under.items() if _below(paths, (top,))]
        return max(sides, default=self.smallest_image)


@cache
def channels() -> Mapping[str, Channel]:
    """By their names: "google", "shopify"."""
    table = tomllib.loads(files(__package__).joinpath("channels.toml").read_text(encoding="utf-8"))
    return {
        name: Channel(
            name,
            entry["title"],
            entry["source"],
            entry["longest_title"],
            entry["smallest_image"],
            tuple(
                Rule(
                    rule["name"],
                    tuple(map(tuple, rule["any"])),
                    rule["level"],
                    _paths(rule.get("under", ())),
                    _paths(rule.get("but_under", ())),
                )
                for rule in entry["rules"]
            ),
            {path: one["side"] for one in entry.get("smallest_image_under", ()) for path in _paths(one["under"])},
        )
        for name, entry in table.items()
    }


def _paths(texts: Sequence[str]) -> tuple[Path, ...]:
    return tuple(tuple(text.split(STEP)) for text in texts)


def _below(paths: Sequence[Path], tops: Sequence[Path]) -> bool:
    return any(path[: len(top)] == top for path in paths for top in tops)
