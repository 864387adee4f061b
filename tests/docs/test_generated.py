"""What docs/ and clients/ have from the code is what the code says now: the picture of the architecture, the reference,
and the JavaScript client.
"""

from pathlib import Path

import pytest

from scripts.generate.__main__ import DOCS, ROOT, generated
from scripts.generate.diagram import ROOMS
from scripts.generate.layers import read_packages, reduced

REFERENCE = ("commands", "errors", "feed-columns", "python", "routes", "settings")
FILES = [
    *(f"clients/javascript/{name}" for name in ("package.json", "src/operations.d.ts", "src/operations.js")),
    "docs/architecture.svg",
    *(f"docs/reference/{name}.md" for name in REFERENCE),
]


@pytest.fixture(scope="module")
def current() -> dict[Path, str]:
    return generated()


def test_every_generated_file_is_tested(current: dict[Path, str]) -> None:
    assert sorted(path.relative_to(ROOT).as_posix() for path in current) == FILES
    assert {path.stem for path in (DOCS / "reference").iterdir()} == set(REFERENCE)


@pytest.mark.parametrize("name", FILES)
def test_a_generated_file_is_what_the_code_says(name: str, current: dict[Path, str]) -> None:
    committed = (ROOT / name).read_text(encoding="utf-8")
    assert committed == current[ROOT / name], f"{name} is not current: run scripts/docs --generate"


def test_every_room_is_described() -> None:
    rooms = {package.name: {room for layer in package.layers for room in layer} for package in read_packages()}
    missing = {name: rooms[name] - set(texts) for name, texts in ROOMS.items()}
    assert not any(missing.values()), f"add them to ROOMS in scripts/generate/diagram.py: {missing}"
    assert {name: set(texts) - rooms[name] for name, texts in ROOMS.items()} == {name: set() for name in ROOMS}


def test_an_import_that_follows_from_others_is_left_out() -> None:
    assert reduced([("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")]) == [("a", "b"), ("a", "d"), ("b", "c")]
