"""What docs/ has from the code is what the code says now: the picture of the architecture and the reference."""

from pathlib import Path

import pytest

from scripts.generate.__main__ import DOCS, generated
from scripts.generate.diagram import ROOMS
from scripts.generate.layers import read_packages, reduced

FILES = [
    "architecture.svg",
    *(f"reference/{name}.md" for name in ("commands", "errors", "feed-columns", "python", "routes", "settings")),
]


@pytest.fixture(scope="module")
def current() -> dict[Path, str]:
    return generated()


def test_every_generated_file_is_tested(current: dict[Path, str]) -> None:
    assert sorted(path.relative_to(DOCS).as_posix() for path in current) == FILES
    assert {path.name for path in (DOCS / "reference").iterdir()} == {Path(name).name for name in FILES[1:]}


@pytest.mark.parametrize("name", FILES)
def test_a_generated_file_is_what_the_code_says(name: str, current: dict[Path, str]) -> None:
    committed = (DOCS / name).read_text(encoding="utf-8")
    assert committed == current[DOCS / name], f"docs/{name} is not current: run scripts/docs --generate"


def test_every_room_is_described() -> None:
    rooms = {package.name: {room for layer in package.layers for room in layer} for package in read_packages()}
    missing = {name: rooms[name] - set(texts) for name, texts in ROOMS.items()}
    assert not any(missing.values()), f"add them to ROOMS in scripts/generate/diagram.py: {missing}"
    assert {name: set(texts) - rooms[name] for name, texts in ROOMS.items()} == {name: set() for name in ROOMS}


def test_an_import_that_follows_from_others_is_left_out() -> None:
    assert reduced([("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")]) == [("a", "b"), ("a", "d"), ("b", "c")]
