"""Settings from flags, the environment, a TOML file and the defaults, in this order of precedence."""

import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import ValidationError

from catalog.errors import ConfigInvalid
from serving.settings.schema import PREFIX, Settings

CONFIG = PREFIX + "CONFIG"


def read_settings(config: Path | str | None = None, **flags: object) -> Settings:
    """Flags that are None were not given. config: a TOML file; by default the one that SHELFLENS_CONFIG names.

    Raises ConfigInvalid, which names the invalid setting and its source.
    """
    chosen = config or os.environ.get(CONFIG)
    named = Path(chosen) if chosen else None
    given = {name: value for name, value in flags.items() if value is not None}
    set_outside = {name.lower() for name in os.environ}
    file = read_file(named) if named else {}
    file = {name: value for name, value in file.items() if (PREFIX + name).lower() not in set_outside}
    try:
        return Settings(**{**file, **given})
    except ValidationError as error:
        names = dict.fromkeys(str(problem["loc"][0]).removeprefix(PREFIX.lower()) for problem in error.errors())
        wrong = [f"{name} ({origin(name, given, file, named)}{limits(name)})" for name in names]
        raise ConfigInvalid(f"Not a valid value for: {', '.join(wrong)}.") from None


def read_file(path: Path) -> dict[str, Any]:
    """The settings of a TOML file. Raises ConfigInvalid."""
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ConfigInvalid(f"{path.name} does not exist or cannot be read.") from None
    except ValueError:
        raise ConfigInvalid(f"{path.name} is not valid TOML.") from None
    for name in read.keys() - Settings.model_fields.keys():
        meant = get_close_matches(name, Settings.model_fields, 1)
        raise ConfigInvalid(
            f"{path.name}: no setting is named {name!r}." + (f" Did you mean {meant[0]!r}?" if meant else "")
        )
    return read


def origin(name: str, given: dict[str, object], file: dict[str, Any], config: Path | None) -> str:
    if name in given:
        return "given as a flag"
    return f"in {config.name}" if name in file and config else f"{PREFIX}{name.upper()} in the environment"


def limits(name: str) -> str:
    """ "; from 1 to 65,535" for a setting with a range, "" for one without."""
    bounds = Settings.model_fields[name].metadata if name in Settings.model_fields else []
    low, high = ({"from": "ge", "above": "gt"}, {"to": "le", "below": "lt"})
    parts = [
        f"{word} {getattr(bound, kind):,.10g}"
        for side in (low, high)
        for word, kind in side.items()
        for bound in bounds
        if getattr(bound, kind, None) is not None
    ]
    return "; " + " ".join(parts) if parts else ""


def changed(settings: Settings) -> dict[str, Any]:
    """The settings that differ from their default, without secrets."""
    return {name: shown(value) for name, value in settings if not is_default(name, value)}


def everything(settings: Settings) -> dict[str, Any]:
    return {name: shown(value) for name, value in settings}


def is_default(name: str, value: Any) -> bool:
    default = Settings.model_fields[name].default
    if isinstance(default, str | Path):
        return str(value) in (str(default), str(Path(default).absolute()))
    return bool(value == default)


def shown(value: Any) -> Any:
    """A value without secrets: a URL may contain a user name and a password."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str) and "://" in value:
        parts = urlsplit(value)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))
    return value
