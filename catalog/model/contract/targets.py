"""The precision that is asked of what is accepted or given unseen, also from a file."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from catalog.arrays import MODALITIES, Modalities
from catalog.errors import ConfigInvalid, FileNotReadable
from catalog.synonyms import attribute_name

TABLES = ("modalities", "branches", "attributes")
LEAST = 0.5


@dataclass(frozen=True)
class Targets:
    """The precision to promise: that of the deepest node named, or of the attribute, else of the modalities, else the
    default. branches: by id or, as they are read from a file, by name; attributes: however their names are spelt.
    """

    default: float
    modalities: Mapping[Modalities, float] = field(default_factory=dict)
    branches: Mapping[str, float] = field(default_factory=dict)
    attributes: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Raises TypeError."""
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def of(self, modalities: Modalities, path_ids: Sequence[str]) -> float:
        otherwise = self.modalities.get(modalities, self.default)
        return next((self.branches[node] for node in reversed(path_ids) if node in self.branches), otherwise)

    def of_attribute(self, name: str, modalities: Modalities) -> float:
        named = {attribute_name(one): share for one, share in self.attributes.items()}
        return named.get(attribute_name(name), self.modalities.get(modalities, self.default))


def read_targets(path: Path | None, default: float) -> Targets:
    """Targets from a TOML file: [modalities] with image, text and both, [branches] with ids or paths of categories,
    [attributes] with their names. Each is a share from LEAST to below 1.

    Raises FileNotReadable or ConfigInvalid. `catalog.teaching.tree` tells whether the names mean anything.
    """
    if path is None:
        return Targets(default)
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError:
        raise FileNotReadable(f"The file of targets {str(path)!r} does not exist or cannot be read.") from None
    except ValueError:
        raise ConfigInvalid(f"{path.name!r} is not valid TOML.") from None
    if unknown := set(given) - set(TABLES):
        known = ", ".join(f"[{name}]" for name in TABLES)
        raise ConfigInvalid(f"{path.name!r} has unknown keys: {', '.join(sorted(unknown))}. Known are {known}.")
    modalities, branches, attributes = (_shares(path, name, given.get(name, {})) for name in TABLES)
    if set(modalities) - set(MODALITIES):
        raise ConfigInvalid(f"{path.name!r} names other modalities than image, text and both.")
    by_choice = {choice: modalities[choice] for choice in MODALITIES if choice in modalities}
    return Targets(default, by_choice, branches, attributes)


def _shares(path: Path, table: str, given: object) -> dict[str, float]:
    if not isinstance(given, dict):
        raise ConfigInvalid(f"{path.name!r} has a target that is not in a table: write [{table}] above it.")
    for name, share in given.items():
        if not isinstance(share, float) or not LEAST <= share < 1:
            where = f"{path.name!r}, [{table}], {str(name)[:64]!r}"
            raise ConfigInvalid(f"{where} has a target that is not a number from {LEAST} to below 1.")
    return dict(given)
