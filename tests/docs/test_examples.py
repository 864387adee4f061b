"""The programs of examples/ run as they stand there, from the repository's root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.understand import Understander
from tests.support.services import tiny_server
from tests.support.tiny import tiny_folder

ROOT = Path(__file__).parents[2]
FEED = "assets/demo/products.csv"


def run(*command: str | Path) -> list[str]:
    """The lines that a program prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()


def example(name: str, *arguments: str | Path) -> list[str]:
    return run(sys.executable, ROOT / "examples" / name, *arguments)


def test_every_example_is_listed_and_run_here() -> None:
    programs = {path.name for path in (ROOT / "examples").iterdir() if path.suffix in (".py", ".mjs")}
    listed = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert {
        name for name in programs if f"]({name})" in listed and f'"{name}"' in Path(__file__).read_text()
    } == programs


@pytest.mark.slow
def test_a_shop_is_indexed_and_searched(tmp_path: Path) -> None:
    first = example("index_a_shop.py", FEED, tmp_path / "index", "red sneakers")
    assert first[0] == "{'added': 48}"
    assert any("shoes" in line.lower() or "HOT SALE" in line for line in first[1:])
    again = example("index_a_shop.py", FEED, tmp_path / "index", "red sneakers")
    assert again == ["{'unchanged': 48}", *first[1:]]


@pytest.mark.slow
def test_an_encoder_of_ones_own_reads_a_product(tmp_path: Path) -> None:
    assert example("custom_encoder.py", tmp_path / "model") == ["('image', 'text') abstain (256,)"]


@pytest.mark.slow
def test_a_model_is_trained_on_ones_own_categories(tmp_path: Path) -> None:
    lines = example("train_on_your_data.py", FEED, tmp_path / "out", tiny_folder(tmp_path / "start"))
    assert len(lines) == 16
    assert Understander.load(tmp_path / "out" / "model").taxonomy.version == "my-shop-1"


@pytest.mark.slow
def test_javascript_asks_the_service(tmp_path: Path) -> None:
    if not (node := shutil.which("node")):
        pytest.skip("node is not installed")
    understander = Understander.load(tiny_folder(tmp_path / "model"))
    with tiny_server(understander, tmp_path / "index") as address:
        first, found = run(node, ROOT / "examples" / "client.mjs", address)
    assert first.split()[-1] in ("auto", "review")
    assert found.startswith("runner-5 Runner 5, red ")
