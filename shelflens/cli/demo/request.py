"""A request to try, as a user of the demo types it and as the demo asks it."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

CATALOGUE = Path(__file__).parents[3] / "assets" / "demo"


@dataclass(frozen=True)
class Question:
    """One request to try: as a form with an image, as JSON, or only a path. tell: what is shown of the answer."""

    asks: str
    path: str
    tell: Callable[[Any], str]
    form: dict[str, str] = field(default_factory=dict)
    image: str = ""
    body: dict[str, Any] = field(default_factory=dict)

    def curl(self, base: str) -> str:
        if self.body:
            parts = ["-H", "Content-Type: application/json", "-d", json.dumps(self.body, ensure_ascii=False)]
        elif self.image:
            shown = _shown(CATALOGUE / self.image)
            parts = ["-F", f"image=@{shown}", *(x for n, v in self.form.items() for x in ("-F", f"{n}={v}"))]
        else:
            parts = []
        return shlex.join(["curl", "-s", *parts, base + self.path])

    def ask(self, client: httpx.Client) -> Any:
        if self.body:
            response = client.post(self.path, json=self.body)
        elif self.image:
            files = {"image": (Path(self.image).name, (CATALOGUE / self.image).read_bytes())}
            response = client.post(self.path, data=self.form, files=files)
        else:
            response = client.get(self.path)
        return response.raise_for_status().json()


def _shown(path: Path) -> str:
    """The path as seen from the working directory, if it lies below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
