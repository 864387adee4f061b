"""The rooms of the project, their layers and their imports, from the code and from the contracts in pyproject.toml.

A room is what stands directly in one of the packages `catalog`, `serving`, `training`: a package or a single module.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PACKAGES = ("catalog", "serving", "training", "shelflens")


@dataclass(frozen=True)
class Package:
    """layers: the rooms of each layer, the top one first; imports: (room, room it imports), within the package."""

    name: str
    layers: tuple[tuple[str, ...], ...]
    imports: frozenset[tuple[str, str]]


def contract_layers(package: str) -> tuple[tuple[str, ...], ...]:
    """The layers that import-linter holds inside a package."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for contract in config["tool"]["importlinter"]["contracts"]:
        if contract["type"] == "layers" and contract.get("containers") == [package]:
            return tuple(tuple(room.strip(" ()") for room in layer.split("|")) for layer in contract["layers"])
    raise LookupError(f"no contract says what the layers of {package} are")


def read_packages() -> list[Package]:
    """`catalog`, `serving` and `training` as their contracts and imports are now."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    found = []
    for package in PACKAGES[:3]:
        pairs = {
            (room_of(importer), room_of(imported))
            for importer in graph.modules
            for imported in graph.find_modules_directly_imported_by(importer)
            if importer.startswith(f"{package}.") and imported.startswith(f"{package}.")
        }
        found.append(Package(package, contract_layers(package), frozenset(p for p in pairs if p[0] != p[1])))
    return found


def room_of(module: str) -> str:
    return module.split(".")[1]


def reduced(imports: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The imports without those that follow from others: where a imports b and b imports c, not a imports c."""
    edges = set(imports)
    below: dict[str, set[str]] = {}

    def reachable(room: str) -> set[str]:
        if room not in below:
            direct = {target for source, target in edges if source == room}
            below[room] = direct.union(*map(reachable, direct))
        return below[room]

    return sorted(
        (source, target)
        for source, target in edges
        if not any(target in reachable(other) for start, other in edges if start == source and other != target)
    )
