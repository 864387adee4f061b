"""Units as they are written, read once from `units.toml`, and their size in the SI by Pint."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import pint

# Kind -> the unit that values are given in. Bytes are outside the SI; a rotation is in turns a second.
SI = {
    "length": "metre",
    "area": "metre ** 2",
    "mass": "kilogram",
    "volume": "metre ** 3",
    "power": "watt",
    "energy": "joule",
    "voltage": "volt",
    "current": "ampere",
    "charge": "coulomb",
    "frequency": "hertz",
    "rotation": "hertz",
    "memory": "byte",
    "data_rate": "bit / second",
    "temperature": "kelvin",
    "luminous_flux": "lumen",
    "mass_per_area": "kilogram / metre ** 2",
    "carat": "kilogram",
    "sound": "decibel",
    "resolution": "pixel",
}


NO_INCH = r"(?!\s?\d|-\d|\s(?:a|an|the|one|each|your|our|all)\b)"  # after "in": "3 in 1", "2 in a box"


@dataclass(frozen=True)
class Unit:
    """kind: a key of SI, or "generation" for what is no measure. In the SI a value is value times scale plus offset.

    other: what the same sign can mean as well; near: only where one of these words stands near it. where: what must
    stand near the sign, that it is this unit at all.
    """

    kind: str
    name: str
    scale: float
    offset: float = 0.0
    other: "Unit | None" = None
    near: re.Pattern[str] | None = None
    where: re.Pattern[str] | None = None

    @property
    def si(self) -> str:
        return SI.get(self.kind, "")

    def normalised(self, value: float) -> float:
        return float(f"{value * self.scale + self.offset:.10g}")


class Units(NamedTuple):
    """exact: by the exact spelling; folded: by the lower-case one; loose: what means a unit only in comparisons."""

    exact: Mapping[str, Unit]
    folded: Mapping[str, Unit]
    loose: Mapping[str, Unit]


@cache
def units() -> Units:
    registry: pint.UnitRegistry[float] = pint.UnitRegistry(cache_folder=None)
    registry.define("thousandth_inch = 0.001 inch")
    exact: dict[str, Unit] = {}
    folded: dict[str, Unit] = {}
    loose: dict[str, Unit] = {}
    for entry in tomllib.loads(files(__package__).joinpath("units.toml").read_text(encoding="utf-8"))["unit"]:
        unit = _unit(entry, registry)
        folded.update(dict.fromkeys(entry.get("words", ()), unit))
        exact.update(dict.fromkeys(entry.get("exact", ()), unit))
        loose.update(dict.fromkeys(entry.get("loose", ()), unit))
    return Units(exact, folded, loose)


def unit_of(sign: str) -> Unit:
    exact, folded, _ = units()
    plain = " ".join(sign.split())
    return exact.get(plain) or folded[plain.lower()]


@cache
def pattern() -> str:
    """Matches a unit's sign; in a pattern without re.IGNORECASE."""
    exact, folded, _ = units()
    signs = sorted({*exact, *folded}, key=lambda sign: (-len(sign), sign))
    return "(?:" + "|".join(_written(sign, sign not in exact) for sign in signs) + ")"


def _written(sign: str, any_case: bool) -> str:
    text = re.escape(sign).replace(r"\ ", r"\s?")
    text = f"(?i:{text})" if any_case else text
    last = sign.rstrip(".")[-1]
    end = r"(?![A-WYZa-wyz0-9²]|[xX](?!\s?\d))" if last.isascii() and last.isalnum() else ""
    return text + end + (NO_INCH if sign == "in" else "")


def _unit(entry: Mapping[str, Any], registry: "pint.UnitRegistry[float]") -> Unit:
    other = entry.get("or")
    near = other.get("near") if other else None
    scale, offset = _size(entry, registry)
    return Unit(
        entry["kind"],
        entry["pint"],
        scale,
        offset,
        _unit(other, registry) if other else None,
        re.compile(near, re.IGNORECASE) if near else None,
        re.compile(entry["where"], re.IGNORECASE) if "where" in entry else None,
    )


def _size(entry: Mapping[str, Any], registry: "pint.UnitRegistry[float]") -> tuple[float, float]:
    """scale, offset"""
    target = SI.get(entry["kind"])
    if target is None or target == entry["pint"]:
        return entry.get("factor", 1.0), 0.0
    zero, one = (registry.Quantity(number, entry["pint"]).to(target).magnitude for number in (0.0, 1.0))
    return (one - zero) * entry.get("factor", 1.0), zero
