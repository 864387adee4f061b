"""Hatchling's build hook: a wheel takes models and tagger with it; an editable install finds them in assets/."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TAKEN = ("model", "nano", "attributes")


class ModelsInWheels(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"] |= {f"assets/{name}": f"catalog/assets/{name}" for name in TAKEN}
