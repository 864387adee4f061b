"""The packages that carry weights (the extra `weights`). None is imported: only their files are read."""

from importlib.util import find_spec
from pathlib import Path

from catalog.errors import ConfigInvalid, installing


def package_folder(name: str) -> Path:
    """The folder of an installed package. Raises ConfigInvalid when it is not installed."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise ConfigInvalid(f"The package {name.replace('_', '-')} is missing. {installing('weights')}")
    return Path(found.origin).parent
